/** @file Ctrl-C: the first asks the work to stop (and save), the second exits immediately. */
import { PrefineError } from "../errors.ts";

const INTERRUPTED_EXIT_CODE = 130; // 128 + SIGINT, the shell convention

/**
 * Runs `work` with a signal that aborts on SIGINT or SIGTERM.
 * @param onStop called on the first of them.
 * @throws whatever `work` throws: PrefineError `interrupted` if the signal stopped it. Finished work is kept.
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
