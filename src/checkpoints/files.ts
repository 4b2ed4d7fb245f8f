/** @file Files that are whole or absent: written beside, synced, renamed. Errors of the disk become PrefineErrors. */
import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PrefineError } from "../errors.ts";

/** A text, or bytes in pieces (so that a model larger than one typed array can be written). */
export type Content = string | readonly Uint8Array[];

/** Names of unfinished files and folders; `isPartial` tells them from finished ones after a crash. */
const PARTIAL = /^\..+\.partial-[0-9a-f]{8}$/;

/** Whether this is the name of a file or folder that was never finished. */
export function isPartial(name: string): boolean {
  return PARTIAL.test(name);
}

function partialName(path: string): string {
  return join(dirname(path), `.${basename(path)}.partial-${randomBytes(4).toString("hex")}`);
}

/**
 * Replaces `path` with the new content, or leaves it as it was. Creates the folder.
 * @throws PrefineError("io") when the disk is full, read-only or not ours.
 */
export async function writeFileAtomically(path: string, content: Content): Promise<void> {
  const partial = partialName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeSynced(partial, content);
    await rename(partial, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    throw ioError(cause, path);
  }
}

/**
 * Puts a folder with these files at `path`; a folder that is there already is replaced. The folder appears under its
 * name only when every file in it is on the disk.
 * @param fill the names of the files and what is in them, asked for one after the other.
 * @throws PrefineError("io") when the disk is full, read-only or not ours; `path` is then as it was.
 */
export async function writeFolderAtomically(path: string, files: Iterable<readonly [string, Content]>): Promise<void> {
  const partial = partialName(path);
  try {
    await mkdir(partial, { recursive: true });
    for (const [name, content] of files) await writeSynced(join(partial, name), content);
    await syncFolder(partial);
    await replaceFolder(partial, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(partial, { recursive: true, force: true }).catch(() => {});
    throw ioError(cause, path);
  }
}

/** rename() replaces files but not folders: the old one steps aside first. */
async function replaceFolder(partial: string, path: string): Promise<void> {
  const old = partialName(path);
  const replaced = await rename(path, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
  try {
    await rename(partial, path);
  } catch (error) {
    if (replaced) await rename(old, path);
    throw error;
  }
  if (replaced) await rm(old, { recursive: true, force: true });
}

async function writeSynced(path: string, content: Content): Promise<void> {
  const file = await open(path, "wx", 0o644);
  try {
    if (typeof content === "string") await file.writeFile(content, "utf8");
    else for (const piece of content) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename last; Windows can't open folders and needs none of it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  if (!folder) return;
  try {
    await folder.sync().catch(() => {});
  } finally {
    await folder.close();
  }
}

const REASONS: Record<string, [found: string, hint: string]> = {
  ENOSPC: ["the disk is full", "Free some space, or write elsewhere (output_dir)."],
  EDQUOT: ["the disk quota is used up", "Free some space, or write elsewhere (output_dir)."],
  EROFS: ["the file system is read-only", "Choose another output_dir."],
  EACCES: ["no permission", "Check the owner of the folder, or choose another output_dir."],
  EPERM: ["no permission", "Check the owner of the folder, or choose another output_dir."],
  ENOTDIR: ["a part of the path is a file, not a folder", "Choose another output_dir."],
  EEXIST: ["a file of that name is in the way", "Choose another output_dir."],
};

/** An error of the operating system as an error for the reader; others pass through. */
export function ioError(cause: unknown, path: string, action = "write"): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (cause instanceof PrefineError || typeof code !== "string" || !code.startsWith("E")) return cause;
  const [found, hint] = REASONS[code] ?? [(cause as Error).message, undefined];
  return new PrefineError("io", `${path}: cannot ${action}: ${found} (${code})`, hint, { cause });
}
