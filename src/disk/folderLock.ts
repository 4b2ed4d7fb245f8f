/**
 * @file Exclusive ownership of a folder by one process, recorded in a hidden file. The owner renews the file's time
 * while it lives, so that others, even on other computers, can tell a dead owner's lock from a living one's.
 *
 * Not a lock of the operating system: Node offers none, and network disks lose them.
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

/** Milliseconds between two heartbeats. */
const BEAT = 30_000;
/** An owner on another computer is dead after this silence (ms). Long, because clocks may differ. */
const SILENCE = 300_000;
/** For an owner on this computer whose process can't be inspected: two heartbeats (ms), plus a possible delay. */
const SHORT_SILENCE = 75_000;
/** Rounds of a race, some milliseconds each, until the current lock holder counts as the owner. */
const ROUNDS = 100;

/** Replaced by tests: this process, the others and the clock. */
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
 * Makes this process the owner of a folder, which is created if absent.
 * @throws PrefineError("io") if the disk is full, read-only or not ours.
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

/** The owner of a folder, if it is known to be alive. */
export async function ownerOf(folder: string, given: Partial<Surroundings> = {}): Promise<LockOwner | undefined> {
  const around = surroundings(given);
  const path = join(folder, LOCK);
  const existing = await readLock(path);
  return existing && judge(existing, around) === "alive" ? describe(existing, path, around) : undefined;
}

interface Place {
  folder: string;
  path: string;
  candidate: Candidate;
}

/** @returns the dead owner whose lock was taken over, if any; or the living owner. */
async function take(
  { folder, path, candidate }: Place,
  options: LockOptions,
  around: Surroundings,
): Promise<{ tookOver: LockOwner | undefined } | { owner: LockOwner }> {
  for (let round = 0; ; round++) {
    if (onDisk(folder, () => createLock(path, candidate))) return { tookOver: undefined };
    const existing = await readLock(path);
    const isLast = round >= ROUNDS;
    if (existing) {
      const owner = describe(existing, path, around);
      const verdict = isLast ? "alive" : await verdictOn(existing, { path, owner, options, around });
      if (verdict === "alive") return { owner };
      if (verdict === "dead" && (await succeed({ folder, path, candidate }, existing, around)))
        return { tookOver: owner };
    } else if (isLast) throw inTheWay(folder);
    await around.sleep(round === 0 ? 0 : 20);
  }
}

/** The lock file exists and can't be read: a link to nowhere. */
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

/** For an owner that can't be inspected: waits for its next heartbeat. @returns "unsure" if the lock has changed. */
async function verdictOn(existing: FoundLock, { path, owner, options, around }: Judging): Promise<Verdict> {
  let verdict = judge(existing, around);
  if (verdict !== "unsure") return verdict;
  options.onWait?.(owner, Math.ceil((around.shortSilence - owner.silence) / 1000));
  while (verdict === "unsure") {
    await around.sleep(Math.min(500, around.beat), options.signal);
    const now = await readLock(path);
    if (now?.candidate.id !== existing.candidate.id) return "unsure";
    if (now.renewed !== existing.renewed) return "alive";
    verdict = judge(now, around);
  }
  return verdict;
}

/**
 * Takes a dead owner's place. If several try, one succeeds: the heir's file has a unique name per dead owner, so only
 * one can create it, and while it exists no other process replaces that owner's lock.
 */
async function succeed(
  { folder, path, candidate }: Place,
  existing: FoundLock,
  around: Surroundings,
): Promise<boolean> {
  const heir = `${path}.partial-${existing.candidate.id}`; // swept with other partial files after a crash
  if (!onDisk(folder, () => createLock(heir, candidate))) {
    const other = await readLock(heir);
    if (other && judge(other, around) === "dead") await rm(heir, { force: true });
    return false;
  }
  const isUnchanged = (await readLock(path))?.candidate.id === existing.candidate.id;
  if (isUnchanged)
    await rename(heir, path).catch(() => {}); // gone if this process was itself just taken for dead
  else await rm(heir, { force: true });
  return (await readLock(path))?.candidate.id === candidate.id;
}

/** The locks of this process, by id, to delete them if it exits suddenly (a second ctrl-C). */
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
  /** Folders created for the lock. */
  made: string[];
}

/** A taken lock: sends heartbeats until it is released. */
function hold(path: string, candidate: Candidate, { tookOver, around, made }: Holding): FolderLock {
  remember(candidate, path);
  const lostTo = async () => {
    const existing = await readLock(path);
    if (existing && existing.candidate.id !== candidate.id) {
      held.delete(candidate.id);
      return describe(existing, path, around);
    }
    if (!existing) tryTo(() => createLock(path, candidate)); // deleted by a user: this process is alive
    return undefined;
  };
  const renew = async () => {
    if ((await lostTo()) !== undefined) return clearInterval(timer);
    const now = around.now() / 1000;
    await utimes(path, now, now).catch(() => {}); // the folder is gone, which the next save reports
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
      for (const folder of made.toReversed()) await rmdir(folder).catch(() => {}); // not empty: the run uses it
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
    // the next save reports disk errors
  }
}

function onDisk<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw ioError(cause, folder);
  }
}
