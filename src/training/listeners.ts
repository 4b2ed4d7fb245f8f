/**
 * @file The listeners of a run, such as the terminal and TensorBoard's log. A run reports to its observer, which
 * notifies all listeners one after the other, always in the order of the list.
 */
import { type EventLog, eventFolder, openEventLog } from "../checkpoints/eventLog.ts";
import { type DPOConfig, publicArguments } from "../config/DPOConfig.ts";
import { PrefineError } from "../errors.ts";
import type { Logger } from "../terminal/logging.ts";
import type { Platform } from "./platform.ts";
import type { RunListener, RunObserver } from "./run.ts";

/** The terminal first, so that the user sees an event before another listener fails on it. */
export function listenersOf(logger: Logger, args: DPOConfig, platform: Platform): RunListener[] {
  return args.report_to.includes("tensorboard") ? [logger, tensorboard(args, platform)] : [logger];
}

/** TensorBoard's event files, one per training. */
function tensorboard(args: DPOConfig, { storage, env }: Platform): RunListener {
  let events: EventLog | undefined;
  return {
    name: "tensorboard",
    start() {
      events = openEventLog(eventFolder(storage, args, { env }), storage);
      events.text("args", JSON.stringify(publicArguments(args), null, 2));
    },
    metrics: (entry) => events?.scalars(entry, entry.step),
    close() {
      events?.close();
      events = undefined;
    },
  };
}

/**
 * Notifies all listeners; closes them from the last to the first, so that the terminal stays open longest.
 *
 * A listener that fails at the start fails the run, as nothing is lost yet. A later PrefineError (a full disk, an
 * unreachable tracker) only removes that listener for the rest of the run, and the others get a warning. Any other
 * error is a bug in the listener and stops the run, like an error in a callback.
 */
export function observerOf(listeners: readonly RunListener[]): RunObserver {
  const removed = new Set<RunListener>();
  const notify = (listener: RunListener, action: (listener: RunListener) => void) => {
    if (removed.has(listener)) return;
    try {
      action(listener);
    } catch (error) {
      if (!(error instanceof PrefineError)) throw error;
      removed.add(listener);
      observer.warn(`${listener.name ?? "a listener"} is off for the rest of the run: ${error.message}`);
    }
  };
  const notifyAll = (action: (listener: RunListener) => void) => {
    for (const listener of listeners) notify(listener, action);
  };
  const observer: RunObserver = {
    info: (line) => notifyAll((listener) => listener.info?.(line)),
    warn: (line) => notifyAll((listener) => listener.warn?.(line)),
    start(run) {
      removed.clear();
      for (const listener of listeners) listener.start?.(run);
    },
    step: (report) => notifyAll((listener) => listener.step?.(report)),
    status: (text) => notifyAll((listener) => listener.status?.(text)),
    metrics: (entry) => notifyAll((listener) => listener.metrics?.(entry)),
    end: () => notifyAll((listener) => listener.end?.()),
    close: () => closeAll(listeners.map((listener) => () => notify(listener, () => listener.close?.()))),
  };
  return observer;
}

/** Calls all from the last to the first, even if some throw. */
function closeAll(closings: readonly (() => void)[]): void {
  const [first, ...rest] = closings;
  if (!first) return;
  try {
    closeAll(rest);
  } finally {
    first();
  }
}
