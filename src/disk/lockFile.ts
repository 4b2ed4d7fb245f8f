/** @file The file that records a folder's owner: one line of JSON, created by one process, renewed by its time. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isObject } from "../formats/parseJson.ts";
import type { ProcessIdentity } from "./processIdentity.ts";

/** Hidden, and different from all names of a run's files. */
export const LOCK = ".prefine.lock";

/** The owner, or a process that wants to be. */
export interface Candidate extends ProcessIdentity {
  /** ISO 8601. */
  since: string;
  /** Eight hexadecimal digits, unique per lock. */
  id: string;
}

export interface FoundLock {
  candidate: Candidate;
  /** When it was created or last renewed; ms. */
  renewed: number;
}

/** @returns false if the file exists already: of several processes, one creates it. */
export function createLock(path: string, candidate: Candidate): boolean {
  let file: number;
  try {
    file = openSync(path, "wx", 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    writeSync(file, `${JSON.stringify(candidate)}\n`);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

/** Attempts, 20 ms apart, to read a file that is just being written. */
const READS = 10;

/** Undefined: there is none. A file that is no lock of prefine's gets an unknown owner. */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  for (let read = 1; ; read++) {
    const times = await stat(path).catch(() => undefined);
    if (!times) return undefined;
    const candidate = parseCandidate(await readFile(path, "utf8").catch(() => ""));
    if (candidate || read === READS) return { candidate: candidate ?? NOBODY, renewed: times.mtimeMs };
    await sleep(20);
  }
}

const NOBODY: Candidate = {
  host: "an unknown computer",
  pid: 0,
  started: null,
  boot: null,
  numbering: null,
  since: "an unknown time",
  id: "00000000",
};

function parseCandidate(text: string): Candidate | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || !/^[0-9a-f]{8}$/.test(String(value.id))) return undefined;
    const isKnown = typeof value.host === "string" && typeof value.since === "string" && Number.isInteger(value.pid);
    return isKnown ? (value as unknown as Candidate) : undefined;
  } catch {
    return undefined;
  }
}
