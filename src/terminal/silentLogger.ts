/** @file A logger that shows nothing: of all ranks of a job but the first. */
import type { Logger } from "./logging.ts";

export const silentLogger: Logger = {
  info() {},
  warn() {},
  start() {},
  step() {},
  status() {},
  metrics() {},
  end() {},
  close() {},
};
