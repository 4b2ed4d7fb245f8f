/** @file One run owns its output_dir: claimed before its first write, released when it ends or fails. */
import type { FolderLock, LockOwner, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";

interface Taking {
  log: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Claims a folder for a run; logs a line if it replaces a dead owner.
 * @throws PrefineError("config") if another run owns it.
 */
export async function takeFolder(folder: RunFolder, { log, signal }: Taking): Promise<FolderLock> {
  const onWait = (owner: LockOwner, seconds: number) =>
    log(`${folder.path}: waiting up to ${seconds} s for a heartbeat of ${nameOf(owner)}, which may own it`);
  const taken = await folder.lock({ onWait, signal }).catch((error) => {
    if (!signal?.aborted) throw error;
    throw new PrefineError("interrupted", `stopped while waiting for ${folder.path}`, undefined, { cause: error });
  });
  if ("owner" in taken) throw inUse(folder, taken.owner);
  const before = taken.tookOver;
  if (before) log(`${folder.path}: taken over from ${nameOf(before)}, which died without releasing it`);
  return taken;
}

/** Early check without claiming the folder. @throws PrefineError("config") if a run is known to own it. */
export async function refuseOwned(folder: RunFolder): Promise<void> {
  const owner = await folder.owner();
  if (owner) throw inUse(folder, owner);
}

/**
 * Before each save: a process that was suspended for long may have been considered dead.
 * @throws PrefineError("io") if another run has claimed the folder; nothing is written then.
 */
export async function checkOwned(folder: RunFolder, lock: FolderLock | undefined): Promise<void> {
  const owner = await lock?.lostTo();
  if (!owner) return;
  const message = `${folder.path}: taken over by ${nameOf(owner)} while this run was suspended; stopped writing`;
  throw new PrefineError("io", message, "That run continues there; restart this one in another output_dir.");
}

function inUse(folder: RunFolder, owner: LockOwner): PrefineError {
  const silence = Math.round(owner.silence / 1000);
  const holder = `${nameOf(owner)}, since ${owner.since} (last heartbeat ${silence} s ago)`;
  const wait = owner.where === "this process" ? "Wait for its end" : "Wait for its end or stop it";
  const gone =
    owner.where === "elsewhere"
      ? "An owner without a heartbeat for 5 minutes is considered dead."
      : `If you know that it is dead: delete ${owner.file}.`;
  return new PrefineError(
    "config",
    `output_dir ${folder.path}: expected no other training there, found one by ${holder}`,
    `${wait}, or choose another output_dir. ${gone}`,
  );
}

function nameOf({ where, host, pid }: LockOwner): string {
  return where === "this process" ? `this process (${pid})` : `process ${pid} on ${host}`;
}
