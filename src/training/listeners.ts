/**
 * @file Who follows a run: a list of listeners, of which the terminal and TensorBoard's log are two. A run tells its
 * observer, and that tells all of them, one after the other, always in the order of the list.
 */
import { type EventLog, eventFolder, openEventLog } from "../checkpoints/eventLog.ts";
import { type DPOConfig, publicArguments } from "../config/DPOConfig.ts";
import { PrefineError } from "../errors.ts";
import type { Logger } from "../terminal/logging.ts";
import type { Platform } from "./platform.ts";
import type { RunListener, RunObserver } from "./run.ts";

/** The terminal first, so that what another listener is about to fail at can be seen. */
export function listenersOf(logger: Logger, args: DPOConfig, platform: Platform): RunListener[] {
  return args.report_to.includes("tensorboard") ? [logger, tensorboard(args, platform)] : [logger];
}

/** TensorBoard's event files: one for every training. */
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
 * Tells all listeners; the last one is closed first, so that the terminal is there to the end.
 *
 * When one fails: at the start the run fails, too, for nothing is lost yet. Later a PrefineError (a full disk, a
 * tracker that is gone) costs that listener only: it is left out of the rest of the run, and the others get a warning.
 * Any other error is a fault in the listener's code and stops the run, as an error in a callback does.
 */
export function observerOf(listeners: readonly RunListener[]): RunObserver {
  const lost = new Set<RunListener>();
  const tell = (listener: RunListener, action: (listener: RunListener) => void) => {
    if (lost.has(listener)) return;
    try {
      action(listener);
    } catch (error) {
      if (!(error instanceof PrefineError)) throw error;
      lost.add(listener);
      observer.warn(`${listener.name ?? "a listener"} is left out of the rest of the run: ${error.message}`);
    }
  };
  const tellAll = (action: (listener: RunListener) => void) => {
    for (const listener of listeners) tell(listener, action);
  };
  const observer: RunObserver = {
    info: (line) => tellAll((listener) => listener.info?.(line)),
    warn: (line) => tellAll((listener) => listener.warn?.(line)),
    start(run) {
      lost.clear();
      for (const listener of listeners) listener.start?.(run);
    },
    step: (report) => tellAll((listener) => listener.step?.(report)),
    status: (text) => tellAll((listener) => listener.status?.(text)),
    metrics: (entry) => tellAll((listener) => listener.metrics?.(entry)),
    end: () => tellAll((listener) => listener.end?.()),
    close: () => closeAll(listeners.map((listener) => () => tell(listener, () => listener.close?.()))),
  };
  return observer;
}

/** From the last to the first, each whether or not others fail. */
function closeAll(closings: readonly (() => void)[]): void {
  const [first, ...rest] = closings;
  if (!first) return;
  try {
    closeAll(rest);
  } finally {
    first();
  }
}
