/** @file Who is told about a run: the terminal, and TensorBoard's event files where report_to asks for them. */
import { type EventLog, eventFolder, openEventLog } from "../checkpoints/eventLog.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import type { Logger } from "../terminal/logger.ts";
import type { Platform } from "./platform.ts";
import type { RunObserver } from "./run.ts";
import { publicArguments } from "./trainingArguments.ts";

export interface TrainingObserver extends RunObserver {
  /** A training starts: the progress bar appears, the event file is opened. */
  start(run: { totalSteps: number; startStep: number; epochs: number }): void;
  /** It is over, well or not. */
  close(): void;
}

export function createObserver(logger: Logger, args: DPOConfig, { storage, env }: Platform): TrainingObserver {
  let events: EventLog | undefined;
  return {
    info: (line) => logger.info(line),
    warn: (line) => logger.warn(line),
    step: (report) => logger.step(report),
    status: (text) => logger.status(text),
    metrics(entry) {
      logger.metrics(entry);
      events?.scalars(entry, entry.step);
    },
    start(run) {
      logger.start(run);
      if (!args.report_to.includes("tensorboard")) return;
      events = openEventLog(eventFolder(storage, args, { env }), storage);
      events.text("args", JSON.stringify(publicArguments(args), null, 2));
    },
    close() {
      events?.close();
      events = undefined;
      logger.close();
    },
  };
}
