/** @file One run owns its output_dir: taken before its first write, let go at its end, whatever end that is. */
import type { FolderLock, LockOwner, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";

interface Taking {
  tell: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Takes a folder for a run; a line tells of an owner that is gone.
 * @throws PrefineError("config") when another run owns it.
 */
export async function takeFolder(folder: RunFolder, { tell, signal }: Taking): Promise<FolderLock> {
  const onWait = (owner: LockOwner, seconds: number) =>
    tell(`${folder.path}: waiting up to ${seconds} s for a sign of life of ${nameOf(owner)}, which may own it`);
  const taken = await folder.lock({ onWait, signal }).catch((error) => {
    if (!signal?.aborted) throw error;
    throw new PrefineError("interrupted", `stopped while waiting for ${folder.path}`, undefined, { cause: error });
  });
  if ("owner" in taken) throw inUse(folder, taken.owner);
  const before = taken.tookOver;
  if (before) tell(`${folder.path}: taken over from ${nameOf(before)}, which is gone and had not let go of it`);
  return taken;
}

/** Before hours of work, without taking it. @throws PrefineError("config") when a run is known to own the folder. */
export async function refuseOwned(folder: RunFolder): Promise<void> {
  const owner = await folder.owner();
  if (owner) throw inUse(folder, owner);
}

/**
 * Before each save: a process that was asleep for long may have been taken for gone.
 * @throws PrefineError("io") when the folder is another run's now; it is left to that one.
 */
export async function checkOwned(folder: RunFolder, lock: FolderLock | undefined): Promise<void> {
  const owner = await lock?.lostTo();
  if (!owner) return;
  const message = `${folder.path}: taken over by ${nameOf(owner)} while this run was asleep; nothing more is written`;
  throw new PrefineError("io", message, "That run goes on in its place; start this one again in another output_dir.");
}

function inUse(folder: RunFolder, owner: LockOwner): PrefineError {
  const silence = Math.round(owner.silence / 1000);
  const found = `${nameOf(owner)}, since ${owner.since} (last sign of life ${silence} s ago)`;
  const wait = owner.where === "this process" ? "Wait for its end" : "Wait for its end or stop it";
  const gone =
    owner.where === "elsewhere"
      ? "An owner that is silent for 5 minutes is taken for gone."
      : `If you know that it is gone: delete ${owner.file}.`;
  return new PrefineError(
    "config",
    `output_dir ${folder.path}: expected no other training there, found that of ${found}`,
    `${wait}, or choose another output_dir. ${gone}`,
  );
}

function nameOf({ where, host, pid }: LockOwner): string {
  return where === "this process" ? `this process (${pid})` : `process ${pid} on ${host}`;
}
