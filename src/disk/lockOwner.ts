/**
 * @file The owner of a lock: whether it lives, and its description. A process of this computer is looked up; any other
 * is judged by the times of its lock.
 */
import { rmdirSync, rmSync } from "node:fs";
import { type Candidate, type FoundLock, isLockOf, UNKNOWN } from "./lockFile.ts";
import type { Nearby } from "./nearbyLocks.ts";
import { ownIdentity, type ProcessIdentity, processStart } from "./processIdentity.ts";
import type { LockOwner } from "./storage.ts";

/** Milliseconds between two heartbeats. */
const BEAT = 30_000;
/** An owner on another computer is dead after this silence (ms). Long, because clocks may differ. */
const SILENCE = 300_000;
/** For an owner on this computer whose process can't be inspected: two heartbeats (ms), plus a possible delay. */
const SHORT_SILENCE = 75_000;
/** Replaced by tests: this process, the others and the clock. */
export interface Surroundings {
  self: ProcessIdentity;
  startOf: typeof processStart;
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  beat: number;
  shortSilence: number;
  /** When a lock was first seen with the time that it has (ms), by its id and that time. */
  seen: Map<string, number>;
}

export function surroundings(given: Partial<Surroundings>): Surroundings {
  const self = given.self ?? ownIdentity();
  const times = { beat: BEAT, shortSilence: SHORT_SILENCE, now: Date.now, sleep, seen: new Map() };
  return { startOf: processStart, ...times, ...given, self };
}

export type Verdict = "alive" | "dead" | "unsure";

/**
 * A time in the future (a clock that is ahead, a file restored from elsewhere) proves nothing: silence then counts from
 * when this process first saw that time, and a changed time is a heartbeat.
 */
export function judge(found: FoundLock, around: Surroundings): Verdict {
  const { candidate: owner, renewed } = found;
  const { self, startOf } = around;
  if (held.has(owner.id)) return "alive";
  if (isHere(owner, around) && owner.numbering === self.numbering) {
    const started = startOf(owner.pid);
    if (started === "gone") return "dead";
    if (started !== null && owner.started !== null) return started === owner.started ? "alive" : "dead";
  }
  if (patience(found, around) <= 0) return "dead";
  return isHere(owner, around) || renewed > firstSeen(found, around) ? "unsure" : "alive";
}

const isHere = ({ host, boot }: Candidate, { self }: Surroundings) => host === self.host && boot === self.boot;

function firstSeen({ candidate, renewed }: FoundLock, { now, seen }: Surroundings): number {
  const key = `${candidate.id} ${renewed}`;
  const first = seen.get(key) ?? now();
  seen.set(key, first);
  return first;
}

/** Milliseconds until an owner without a heartbeat is considered dead. */
export function patience(found: FoundLock, around: Surroundings): number {
  const { now, shortSilence } = around;
  const first = firstSeen(found, around);
  const isAhead = found.renewed > first;
  // twice as long for another computer: network disks show a new time up to a minute late
  const silence = isHere(found.candidate, around) ? shortSilence : isAhead ? 2 * shortSilence : SILENCE;
  return Math.min(found.renewed, first) + silence - now();
}

/** The locks of this process, by id, to delete them if it exits suddenly (a second ctrl-C, an uncaught error). */
export const held = new Map<string, { path: string; made: string[] }>();
let isListening = false;

export function remember({ id }: Candidate, lock: { path: string; made: string[] }): void {
  held.set(id, lock);
  if (isListening) return;
  isListening = true;
  process.once("exit", () => {
    for (const [id, { path, made }] of held) {
      tryTo(() => isLockOf(path, id) && rmSync(path, { force: true }));
      for (const folder of made.toReversed()) tryTo(() => rmdirSync(folder)); // not empty: the run uses it
    }
  });
}

export function describe({ candidate, renewed }: FoundLock, { folder, path }: Nearby, around: Surroundings): LockOwner {
  const { self, now } = around;
  const { id, host, pid, since, numbering, started } = candidate;
  const isNear = isHere(candidate, around);
  const isSelf = isNear && numbering === self.numbering && pid === self.pid && started === self.started;
  const where = isSelf ? "this process" : isNear ? "this computer" : "elsewhere";
  const silence = now() - renewed;
  return { id, where: candidate === UNKNOWN ? "unknown" : where, host, pid, since, silence, folder, file: path };
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

export function tryTo(action: () => unknown): void {
  try {
    action();
  } catch {
    // the disk refuses: the next save tells
  }
}
