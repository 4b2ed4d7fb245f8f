/** @file A logger that records the seconds of each optimizer step and prints only warnings. */
import type { Logger } from "../src/index.ts";

/** `steps` grows while a trainer runs with `logging_steps: 1`; the first time starts with the process. */
export function stepLogger(): { logger: Logger; steps: number[] } {
  const steps: number[] = [];
  let last = 0;
  const nothing = () => {};
  const logger: Logger = {
    info: nothing,
    start: nothing,
    step: nothing,
    status: nothing,
    end: nothing,
    close: nothing,
    warn: (line) => process.stderr.write(`${line}\n`),
    metrics(entry) {
      const now = performance.now();
      if (entry.loss !== undefined) steps.push((now - last) / 1000); // logged after each step
      last = now;
    },
  };
  return { logger, steps };
}
