/** @file One run owns its output_dir: claimed before its first write, released when it ends or fails. */
import type { FolderLock, LockOwner, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";

interface Taking {
  /** Receives lines about waits and takeovers: warnings, since a wait of a minute looks like a hang. */
  warn: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Claims a folder for a run; warns if it replaces a dead owner.
 * @throws PrefineError("config") if another run owns it, a folder above it, or one inside it.
 */
export async function takeFolder(folder: RunFolder, { warn, signal }: Taking): Promise<FolderLock> {
  const onWait = (owner: LockOwner, seconds: number) =>
    warn(
      `${folder.path}: waiting up to ${seconds} s for a heartbeat of ${nameOf(owner)}, which may own ` +
        `${placeOf(folder, owner)}; ${ifDead(owner)}`,
    );
  const taken = await folder.lock({ onWait, signal }).catch((error) => {
    if (!signal?.aborted) throw error;
    throw new PrefineError("interrupted", `stopped while waiting for ${folder.path}`, undefined, { cause: error });
  });
  if ("owner" in taken) throw inUse(folder, taken.owner);
  const before = taken.tookOver;
  if (before) warn(`${folder.path}: taken over from ${nameOf(before)}, which died without releasing it`);
  return taken;
}

interface Refusing {
  /** The lock of the run that writes, which is no reason to refuse. */
  own?: FolderLock | undefined;
  /** Also refuse if a run owns a folder inside this one; for callers that delete or replace it. */
  inside?: boolean;
}

/**
 * Early check, or before writing without claiming the folder.
 * @throws PrefineError("config") if a run is known to own the folder, or one above it.
 */
export async function refuseOwned(folder: RunFolder, { own, inside = false }: Refusing = {}): Promise<void> {
  const owner = await folder.owner({ inside });
  if (owner && owner.id !== own?.id) throw inUse(folder, owner);
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
  const seconds = Math.round(owner.silence / 1000);
  const life = seconds < 0 ? "its clock is ahead of this computer's" : `last heartbeat ${seconds} s ago`;
  const since = owner.where === "unknown" ? "" : `, since ${owner.since} (${life})`;
  const isOwn = owner.folder === folder.path;
  const expected = isOwn ? "no other training there" : "no training in a folder above or inside it";
  const found = `one by ${nameOf(owner)}${isOwn ? "" : ` in ${owner.folder}`}${since}`;
  const wait = owner.where === "this process" ? "Wait for its end" : "Wait for its end or stop it";
  const silence =
    owner.where === "elsewhere" || owner.where === "unknown"
      ? " An owner without a heartbeat for 5 minutes is considered dead."
      : "";
  return new PrefineError(
    "config",
    `output_dir ${folder.path}: expected ${expected}, found ${found}`,
    `${wait}, or choose another output_dir.${silence} ${capitalized(ifDead(owner))}.`,
  );
}

function nameOf({ where, host, pid }: LockOwner): string {
  if (where === "unknown") return "an unknown owner";
  return where === "this process" ? `this process (${pid})` : `process ${pid} on ${host}`;
}

const placeOf = (folder: RunFolder, owner: LockOwner) => (owner.folder === folder.path ? "it" : owner.folder);

const ifDead = ({ file }: LockOwner) => `if you know that it is dead: delete ${file}`;

const capitalized = (text: string) => text[0].toUpperCase() + text.slice(1);
