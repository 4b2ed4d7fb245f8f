/** @file `prefine train` in a separate process, in a furnished folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { builtPackage } from "./builtPackage.ts";

const prefine = await builtPackage();

/** One thread: the same bits in every process. */
export function startTraining(place: string, ...flags: string[]): ChildProcess {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, NO_COLOR: "1", PREFINE_NUM_THREADS: "1" };
  const words = [join(prefine, "bin/prefine.js"), "train", "--config", "run.yaml", ...flags];
  return spawn(process.execPath, words, { cwd: place, env, stdio: ["ignore", "ignore", "pipe"] });
}

export interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

export async function ended(child: ChildProcess): Promise<End> {
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal, stderr })));
}
