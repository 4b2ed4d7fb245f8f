/** @file Ctrl-C, SIGTERM, SIGHUP (in a job SIGUSR2): the first asks the work to stop and save, the second ends it. */
import { constants } from "node:os";
import { recognizeLauncher } from "../cluster/launcher.ts";
import { awaitThreads } from "../device/openDevice.ts";
import { PrefineError } from "../errors.ts";
import { ignoresHangup } from "./hangup.ts";

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const;
type Ending = (typeof ENDING)[number];

/** Exit code after the first signal, whichever it was: 128 + SIGINT. */
const INTERRUPTED_EXIT_CODE = 130;
/**
 * The same signal within this time (ms) is the same event: npx passes Ctrl-C on to a process that the terminal has
 * sent it already, and a terminal that closes sends SIGHUP once itself and once through the shell.
 */
const DOUBLED = 150;
/** Longest wait (ms), after the first signal, for work that has nothing to save. */
const PATIENCE = 1000;
/** Longest wait (ms) for a graph that a compute thread is running: an exit waits for it however long it takes. */
const GRAPH_PATIENCE = 200;

export interface Interrupting {
  /** Whether the work has results to save, which are worth any wait. Default: it never has. */
  hasResults?: () => boolean;
  /** What is printed when the process ends without waiting for the work. */
  message?: string;
}

/**
 * Runs `work` with a signal that aborts on SIGINT, SIGTERM and SIGHUP; SIGHUP only unless nohup ignores it.
 * @throws whatever `work` throws: PrefineError `interrupted` if the signal stopped it. Finished work is kept.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { hasResults = () => false, message = "stopped" }: Interrupting = {},
): Promise<T> {
  const controller = new AbortController();
  let first: { name: Ending; at: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stopFor = (name: Ending) => (_name?: string, number?: number) => {
    // code that emits the event itself passes no number, and means each
    if (number !== undefined && first?.name === name && performance.now() - first.at < DOUBLED) return;
    if (first) return endNow(name);
    first = { name, at: performance.now() };
    controller.abort(new PrefineError("interrupted", message));
    timer = setTimeout(() => {
      if (hasResults()) return;
      process.stderr.write(`\n${message}\n`);
      endNow(name, INTERRUPTED_EXIT_CODE);
    }, PATIENCE).unref();
  };
  const listeners = ENDING.filter(isEnding).map((name) => [name, stopFor(name)] as const);
  for (const [name, stop] of listeners) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    for (const [name, stop] of listeners) process.off(name, stop);
  }
}

/** nohup ignores SIGHUP; SIGUSR2 is what mpirun and srun pass on to the processes that they have started. */
function isEnding(name: Ending): boolean {
  if (name === "SIGUSR2") return recognizeLauncher(process.env) !== undefined;
  return name !== "SIGHUP" || !ignoresHangup();
}

/**
 * Ends the process. Node's exit first waits for its threads, and native code can't be stopped: a graph of a large model
 * runs for a minute. In that case the signal itself ends the process, which shells report as the same exit code.
 */
function endNow(name: Ending, code = 128 + constants.signals[name]): void {
  if (awaitThreads(GRAPH_PATIENCE)) process.exit(code);
  process.emit("exit", code); // its listeners release the lock of output_dir
  for (const each of ENDING) process.removeAllListeners(each);
  process.kill(process.pid, name);
  process.exit(code); // still here: process 1 of a container, which no signal of its own ends
}
