/** @file The process of a job that speaks for all: ranks meet the same errors, and users read one message. */
import { setTimeout as pause } from "node:timers/promises";
import { PrefineError } from "../errors.ts";
import { forgetLauncher, type Launched, recognizeLauncher } from "./launcher.ts";

/**
 * Milliseconds in which a launcher ends the other processes after one has failed. A rank that is still there then met
 * an error of its own.
 */
const PATIENCE = 3000;

function launchedAs(env: NodeJS.ProcessEnv): Launched | undefined {
  try {
    return recognizeLauncher(env);
  } catch (error) {
    if (error instanceof PrefineError) return undefined; // joining the job reports it
    throw error;
  }
}

/** Whether this process prints, writes and draws for its job; one that was started alone does. */
export function isFirstRank(env: NodeJS.ProcessEnv = process.env): boolean {
  return (launchedAs(env)?.rank ?? 0) === 0;
}

/**
 * For work of one process: rank 0 does it, as if it had been started alone, and the others end.
 * @returns what has started this process with others; undefined: nothing.
 */
export function workAlone(env: NodeJS.ProcessEnv = process.env): Launched | undefined {
  const launched = launchedAs(env);
  if (launched) forgetLauncher(env);
  return launched;
}

/**
 * Whether this process is to report an error: rank 0 does at once; the first one of another machine after a while, as
 * that machine may be the only one where something is missing. Once the ranks are connected, each has a say after that.
 * @returns how the message begins: "" for rank 0; undefined: it reports nothing.
 */
export async function turnToReport(
  { isConnected }: { isConnected: boolean },
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const launched = launchedAs(env);
  if (launched === undefined || launched.rank === 0) return "";
  await pause(PATIENCE);
  return isConnected || launched.localRank === 0 ? `rank ${launched.rank}: ` : undefined;
}
