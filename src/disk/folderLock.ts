/**
 * @file Exclusive ownership of a folder by one process, recorded in a hidden file. The owner renews the file's time
 * while it lives, so that others, even on other computers, can tell a dead owner's lock from a living one's.
 *
 * Not a lock of the operating system: Node offers none, and network disks lose them.
 */
import { randomBytes } from "node:crypto";
import { rename, rm, rmdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { clearInterval, setInterval } from "node:timers"; // those of Deno's web API have no unref
import { ioError } from "./ioError.ts";
import { type Candidate, createLock, type FoundLock, LOCK, readLock } from "./lockFile.ts";
import {
  describe,
  held,
  judge,
  patience,
  remember,
  type Surroundings,
  surroundings,
  tryTo,
  type Verdict,
} from "./lockOwner.ts";
import { makeFolder } from "./makeFolder.ts";
import { lockedAbove, lockedInside, type Nearby } from "./nearbyLocks.ts";
import type { FolderLock, LockOptions, LockOwner } from "./storage.ts";

/** Rounds of a race, some milliseconds each, until the current lock holder counts as the owner. */
const ROUNDS = 100;

/**
 * Makes this process the owner of a folder, which is created if absent. Folders above and inside it must not have a
 * living owner either: a run deletes and replaces checkpoints with everything in them.
 * @throws PrefineError("io") if the disk is full, read-only or not ours.
 */
export async function lockFolder(
  folder: string,
  options: LockOptions = {},
  given: Partial<Surroundings> = {},
): Promise<FolderLock | { owner: LockOwner }> {
  const around = surroundings(given);
  const before = await ownerNear(folder, options, around);
  if (before) return { owner: before };
  const made = onDisk(folder, () => makeFolder(folder));
  const path = join(folder, LOCK);
  const candidate = { ...around.self, since: new Date(around.now()).toISOString(), id: randomBytes(4).toString("hex") };
  const taken = await take({ folder, path, candidate }, options, around);
  if ("owner" in taken) return taken;
  const lock = hold({ folder, path }, candidate, { ...taken, around, made });
  try {
    const meanwhile = await ownerNear(folder, options, around); // of two that start at once, one sees the other
    if (!meanwhile) return lock;
    await lock.release();
    return { owner: meanwhile };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The owner of a folder, or of one near it, if it is known to be alive. */
export async function ownerOf(
  folder: string,
  { inside = false }: { inside?: boolean } = {},
  given: Partial<Surroundings> = {},
): Promise<LockOwner | undefined> {
  const around = surroundings(given);
  const own = { folder, path: join(folder, LOCK) };
  for (const place of [own, ...lockedAbove(folder), ...(inside ? await lockedInside(folder) : [])]) {
    const found = await readLock(place.path);
    if (found && judge(found, around) === "alive") return describe(found, place, around);
  }
  return undefined;
}

/** The living owner of a folder above or inside this one. */
async function ownerNear(folder: string, options: LockOptions, around: Surroundings): Promise<LockOwner | undefined> {
  for (const place of [...lockedAbove(folder), ...(await lockedInside(folder))]) {
    for (let verdict: Verdict = "unsure"; verdict === "unsure"; ) {
      const found = await readLock(place.path);
      if (!found) break;
      verdict = await verdictOn(found, { path: place.path, owner: describe(found, place, around), options, around });
      if (verdict === "alive") return describe(found, place, around);
    }
  }
  return undefined;
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
    const found = await readLock(path);
    const isLast = round >= ROUNDS;
    if (found) {
      const owner = describe(found, { folder, path }, around);
      const verdict = isLast ? "alive" : await verdictOn(found, { path, owner, options, around });
      if (verdict === "alive") return { owner };
      if (verdict === "dead" && (await succeed({ folder, path, candidate }, found, around))) return { tookOver: owner };
    } else if (isLast) throw ioError(Object.assign(new Error(`EEXIST: ${path}`), { code: "EEXIST" }), path);
    await around.sleep(round === 0 ? 0 : 20);
  }
}

interface Judging {
  path: string;
  owner: LockOwner;
  options: LockOptions;
  around: Surroundings;
}

/** For an owner that can't be inspected: waits for its next heartbeat. @returns "unsure" if the lock has changed. */
async function verdictOn(found: FoundLock, { path, owner, options, around }: Judging): Promise<Verdict> {
  let verdict = judge(found, around);
  if (verdict !== "unsure") return verdict;
  options.onWait?.(owner, Math.ceil(patience(found, around) / 1000));
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
 * Takes a dead owner's place. If several try, one succeeds: the heir's file has a unique name per dead owner, so only
 * one can create it, and while it exists no other process replaces that owner's lock.
 */
async function succeed({ folder, path, candidate }: Place, found: FoundLock, around: Surroundings): Promise<boolean> {
  const heir = `${path}.partial-${found.candidate.id}`; // swept with other partial files after a crash
  if (!onDisk(folder, () => createLock(heir, candidate))) {
    const other = await readLock(heir);
    if (other && judge(other, around) === "dead") await rm(heir, { force: true });
    return false;
  }
  const isUnchanged = (await readLock(path))?.candidate.id === found.candidate.id;
  if (isUnchanged) {
    await rename(heir, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") await rm(heir, { force: true }); // gone if this process was just taken for dead
    });
  } else await rm(heir, { force: true });
  return (await readLock(path))?.candidate.id === candidate.id;
}

interface Holding {
  tookOver: LockOwner | undefined;
  around: Surroundings;
  /** Folders created for the lock. */
  made: string[];
}

/** A taken lock: sends heartbeats until it is released. */
function hold(place: Nearby, candidate: Candidate, { tookOver, around, made }: Holding): FolderLock {
  const { path } = place;
  remember(candidate, { path, made });
  const lostTo = async () => {
    const found = await readLock(path);
    if (found && found.candidate.id !== candidate.id) {
      held.delete(candidate.id);
      return describe(found, place, around);
    }
    if (!found) tryTo(() => createLock(path, candidate)); // deleted by a user: this process is alive
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
    id: candidate.id,
    tookOver,
    lostTo,
    async release() {
      clearInterval(timer);
      if ((await readLock(path))?.candidate.id === candidate.id) await rm(path, { force: true }).catch(() => {});
      for (const folder of made.toReversed()) await rmdir(folder).catch(() => {}); // not empty: the run uses it
      held.delete(candidate.id); // only now: the process may exit during the deletion
    },
  };
}

function onDisk<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw ioError(cause, folder);
  }
}
