/**
 * @file One process owns a folder: a hidden file in it says which. Its owner renews the file's time while it lives, so
 * that others, on other computers too, can tell a dead owner's lock from a living one's.
 *
 * No lock of the operating system: Node has none to offer, and network disks forget theirs.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { rename, rm, rmdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { clearInterval, setInterval } from "node:timers"; // those of Deno's web API have no unref
import { ioError } from "./ioError.ts";
import { type Candidate, createLock, type FoundLock, LOCK, readLock } from "./lockFile.ts";
import { makeFolder } from "./makeFolder.ts";
import { ownIdentity, type ProcessIdentity, processStart } from "./processIdentity.ts";
import type { FolderLock, LockOptions, LockOwner } from "./storage.ts";

/** Milliseconds between two signs of life. */
const BEAT = 30_000;
/** Of an owner on another computer: silent for so long (ms), it is dead. Long, for the clocks may differ. */
const SILENCE = 300_000;
/** Of an owner on this computer whose process can't be looked at: two beats (ms), and the time that one may be late. */
const SHORT_SILENCE = 75_000;
/** Rounds of a race, of some milliseconds each, until whoever is ahead is taken for the owner. */
const ROUNDS = 100;

/** What tests put in the place of this process, of the others and of the clock. */
export interface Surroundings {
  self: ProcessIdentity;
  startOf: typeof processStart;
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  beat: number;
  shortSilence: number;
}

function surroundings(given: Partial<Surroundings>): Surroundings {
  const self = given.self ?? ownIdentity();
  const times = { beat: BEAT, shortSilence: SHORT_SILENCE, now: Date.now, sleep };
  return { startOf: processStart, ...times, ...given, self };
}

/**
 * Makes this process the owner of a folder, which is made if need be.
 * @throws PrefineError("io") when the disk is full, read-only or not ours.
 */
export async function lockFolder(
  folder: string,
  options: LockOptions = {},
  given: Partial<Surroundings> = {},
): Promise<FolderLock | { owner: LockOwner }> {
  const around = surroundings(given);
  const made = onDisk(folder, () => makeFolder(folder));
  const path = join(folder, LOCK);
  const candidate = { ...around.self, since: new Date(around.now()).toISOString(), id: randomBytes(4).toString("hex") };
  const taken = await take({ folder, path, candidate }, options, around);
  if ("owner" in taken) return taken;
  return hold(path, candidate, { ...taken, around, made });
}

/** Who is known to own a folder: an owner that is dead, or may be, is none. */
export async function ownerOf(folder: string, given: Partial<Surroundings> = {}): Promise<LockOwner | undefined> {
  const around = surroundings(given);
  const path = join(folder, LOCK);
  const found = await readLock(path);
  return found && judge(found, around) === "alive" ? describe(found, path, around) : undefined;
}

interface Place {
  folder: string;
  path: string;
  candidate: Candidate;
}

/** @returns the dead owner whose lock it was, if any; or the living one. */
async function take(
  { folder, path, candidate }: Place,
  options: LockOptions,
  around: Surroundings,
): Promise<{ tookOver: LockOwner | undefined } | { owner: LockOwner }> {
  for (let round = 0; ; round++) {
    if (onDisk(folder, () => createLock(path, candidate))) return { tookOver: undefined };
    const found = await readLock(path);
    const isLast = round >= ROUNDS;
    if (found) {
      const owner = describe(found, path, around);
      const verdict = isLast ? "alive" : await verdictOn(found, { path, owner, options, around });
      if (verdict === "alive") return { owner };
      if (verdict === "dead" && (await succeed({ folder, path, candidate }, found, around))) return { tookOver: owner };
    } else if (isLast) throw inTheWay(folder);
    await around.sleep(round === 0 ? 0 : 20);
  }
}

/** Something that is created by nobody and can't be read: a link to nowhere. */
function inTheWay(folder: string): unknown {
  return ioError(Object.assign(new Error(`EEXIST: ${LOCK}`), { code: "EEXIST" }), folder);
}

type Verdict = "alive" | "dead" | "unsure";

function judge({ candidate: owner, renewed }: FoundLock, { self, startOf, now, shortSilence }: Surroundings): Verdict {
  if (held.has(owner.id)) return "alive";
  const silence = now() - renewed;
  if (owner.host !== self.host || owner.boot !== self.boot) return silence < SILENCE ? "alive" : "dead";
  if (owner.numbering === self.numbering) {
    const started = startOf(owner.pid);
    if (started === "gone") return "dead";
    if (started !== null && owner.started !== null) return started === owner.started ? "alive" : "dead";
  }
  return silence < shortSilence ? "unsure" : "dead";
}

interface Judging {
  path: string;
  owner: LockOwner;
  options: LockOptions;
  around: Surroundings;
}

/** For an owner that can't be checked: waits for its next sign of life. @returns "unsure" if the lock has changed. */
async function verdictOn(found: FoundLock, { path, owner, options, around }: Judging): Promise<Verdict> {
  let verdict = judge(found, around);
  if (verdict !== "unsure") return verdict;
  options.onWait?.(owner, Math.ceil((around.shortSilence - owner.silence) / 1000));
  while (verdict === "unsure") {
    await around.sleep(Math.min(500, around.beat), options.signal);
    const now = await readLock(path);
    if (now?.candidate.id !== found.candidate.id) return "unsure";
    if (now.renewed !== found.renewed) return "alive";
    verdict = judge(now, around);
  }
  return verdict;
}

/**
 * Takes a dead owner's place. Of several that want to, one succeeds: the heir's file has a name that only one can make
 * for each owner, and while it is there nobody else replaces that owner's lock.
 */
async function succeed({ folder, path, candidate }: Place, found: FoundLock, around: Surroundings): Promise<boolean> {
  const heir = `${path}.partial-${found.candidate.id}`; // swept with other partial files after a crash
  if (!onDisk(folder, () => createLock(heir, candidate))) {
    const other = await readLock(heir);
    if (other && judge(other, around) === "dead") await rm(heir, { force: true });
    return false;
  }
  const isUnchanged = (await readLock(path))?.candidate.id === found.candidate.id;
  if (isUnchanged)
    await rename(heir, path).catch(() => {}); // gone where this process was taken for dead just now
  else await rm(heir, { force: true });
  return (await readLock(path))?.candidate.id === candidate.id;
}

/** The locks of this process, by their ids: where they are deleted at its sudden end (a second ctrl-C). */
const held = new Map<string, string>();
let isListening = false;

function remember({ id }: Candidate, path: string): void {
  held.set(id, path);
  if (isListening) return;
  isListening = true;
  process.once("exit", () => {
    for (const each of held.values()) rmSync(each, { force: true });
  });
}

interface Holding {
  tookOver: LockOwner | undefined;
  around: Surroundings;
  /** Folders that were made for the lock. */
  made: string[];
}

/** A lock that is taken: gives signs of life until it is released. */
function hold(path: string, candidate: Candidate, { tookOver, around, made }: Holding): FolderLock {
  remember(candidate, path);
  const lostTo = async () => {
    const found = await readLock(path);
    if (found && found.candidate.id !== candidate.id) {
      held.delete(candidate.id);
      return describe(found, path, around);
    }
    if (!found) tryTo(() => createLock(path, candidate)); // deleted by hand: this process is alive
    return undefined;
  };
  const renew = async () => {
    if ((await lostTo()) !== undefined) return clearInterval(timer);
    const now = around.now() / 1000;
    await utimes(path, now, now).catch(() => {}); // the folder is gone, which the next save tells
  };
  const timer = setInterval(renew, around.beat);
  timer.unref();
  return {
    tookOver,
    lostTo,
    async release() {
      clearInterval(timer);
      held.delete(candidate.id);
      if ((await readLock(path))?.candidate.id === candidate.id) await rm(path, { force: true }).catch(() => {});
      for (const folder of made.toReversed()) await rmdir(folder).catch(() => {}); // not empty: it is the run's now
    },
  };
}

function describe({ candidate, renewed }: FoundLock, file: string, { self, now }: Surroundings): LockOwner {
  const { host, pid, since, boot, numbering, started } = candidate;
  const isHere = host === self.host && boot === self.boot;
  const isSelf = isHere && numbering === self.numbering && pid === self.pid && started === self.started;
  const where = isSelf ? "this process" : isHere ? "this computer" : "elsewhere";
  return { where, host, pid, since, silence: Math.max(0, now() - renewed), file };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function tryTo(action: () => unknown): void {
  try {
    action();
  } catch {
    // the disk refuses: the next save tells
  }
}

function onDisk<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw ioError(cause, folder);
  }
}
