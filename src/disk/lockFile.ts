/** @file The file that records a folder's owner: one line of JSON, created by one process, renewed by its time. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { lstat, readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { PrefineError } from "../errors.ts";
import { isObject, parseJson } from "../formats/parseJson.ts";
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
/** Bytes; a lock has 200. */
const LONGEST = 65_536;

/**
 * Undefined: there is none. A file that is no lock of prefine's gets the owner UNKNOWN.
 * @throws PrefineError("io") for a folder of that name, or a link to nowhere: neither can be taken over.
 */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  for (let read = 1; ; read++) {
    const entry = await stat(path).catch(() => undefined);
    if (!entry && !(await lstat(path).catch(() => undefined))?.isSymbolicLink()) return undefined;
    if (!entry?.isFile()) throw notAFile(path, entry ? "a folder or device" : "a symbolic link to nowhere");
    const isShort = entry.size <= LONGEST;
    const candidate = parseCandidate(isShort ? await readFile(path, "utf8").catch(() => "") : "");
    if (candidate || read === READS) return { candidate: candidate ?? UNKNOWN, renewed: entry.mtimeMs };
    await sleep(20);
  }
}

function notAFile(path: string, found: string): PrefineError {
  const message = `${path}: expected a file that names the folder's owner, found ${found}`;
  return new PrefineError("io", message, "prefine did not create it: delete or rename it.");
}

/** Whether the lock has this id. Synchronous, for the exit of the process. */
export function isLockOf(path: string, id: string): boolean {
  return parseCandidate(readFileSync(path, "utf8"))?.id === id;
}

export const UNKNOWN: Candidate = {
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
    const value = parseJson(text);
    if (!isObject(value) || !/^[0-9a-f]{8}$/.test(String(value.id))) return undefined;
    const isKnown = typeof value.host === "string" && typeof value.since === "string" && Number.isInteger(value.pid);
    return isKnown ? (value as unknown as Candidate) : undefined;
  } catch {
    return undefined;
  }
}
