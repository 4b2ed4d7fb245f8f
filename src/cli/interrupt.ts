/** @file Ctrl-C: the first one asks the work to stop (and save), the second one ends the process at once. */
import { PrefineError } from "../errors.ts";

const INTERRUPTED_EXIT_CODE = 130; // 128 + SIGINT, as shells have it

/**
 * Runs `work` with a signal that aborts on SIGINT or SIGTERM.
 * @param onStop called at the first of them.
 * @throws what `work` throws: PrefineError `interrupted` when the signal stopped it; work done by then is done.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, onStop?: () => void): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED_EXIT_CODE);
    controller.abort(new PrefineError("interrupted", "stopped"));
    onStop?.();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
