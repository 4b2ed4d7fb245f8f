/** @file A separate process that locks and unlocks a folder on command. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Surroundings } from "../../src/disk/lockOwner.ts";
import { builtPackage } from "./builtPackage.ts";

const source = pathToFileURL(join(await builtPackage(), "dist/disk/folderLock.js")).href;

/** Answers each line of its input: locks a folder at the time given in the line, unlocks it at the next, and so on. */
const PROGRAM = `
import { createInterface } from "node:readline";
import { lockFolder } from ${JSON.stringify(source)};
const say = (value) => console.log(JSON.stringify(value));
say("ready");
let taken;
for await (const line of createInterface({ input: process.stdin })) {
  if (taken === undefined) {
    const { folder, moment, given } = JSON.parse(line);
    while (Date.now() < moment);
    taken = await lockFolder(folder, {}, given);
    say("owner" in taken ? { owner: taken.owner } : { tookOver: taken.tookOver ?? null });
  } else {
    if (!("owner" in taken)) await taken.release();
    taken = undefined;
    say("released");
  }
}
`;

export interface LockingProcess {
  readonly child: ChildProcess;
  lock(folder: string, when?: LockingTimes): Promise<LockingOutcome>;
  release(): Promise<void>;
  /** Sends SIGKILL to it and to the command that started it. */
  kill(): Promise<void>;
}

export interface LockingTimes {
  /** Time as from Date.now(), in milliseconds. Default: now. */
  moment?: number;
  given?: Partial<Pick<Surroundings, "beat" | "shortSilence">>;
}

export interface LockingOutcome {
  owner?: { pid: number; where: string };
  tookOver?: { pid: number } | null;
}

/** @param wrapper a command that starts the process, such as `unshare --pid ...`. */
export async function lockingProcess(wrapper: readonly string[] = []): Promise<LockingProcess> {
  const program = join(mkdtempSync(join(tmpdir(), "prefine-lock-")), "lock.mjs");
  writeFileSync(program, PROGRAM);
  const words = [...wrapper, process.execPath, program];
  const child = spawn(words[0], words.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await lines.next()).value);
  const ask = (text: string) => {
    child.stdin!.write(`${text}\n`);
    return answer();
  };
  if ((await answer()) !== "ready") throw new Error("the process did not start");
  return {
    child,
    lock: (folder, { moment = 0, given = {} } = {}) => ask(JSON.stringify({ folder, moment, given })),
    release: () => ask(""),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
