/** @file Files and folders that are whole or absent: written under a temporary name, synced, renamed. */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { cp, mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Content, Pieces } from "../formats/content.ts";
import { ioError } from "./ioError.ts";
import { makeFolder } from "./makeFolder.ts";

/** Names of unfinished files and folders; after a crash, `isPartial` tells them from finished ones. */
const PARTIAL = /^\..+\.partial-[0-9a-f]{8}$/;

/** Whether this is the name of an unfinished file or folder. */
export function isPartial(name: string): boolean {
  return PARTIAL.test(name);
}

function partialName(path: string): string {
  return join(dirname(path), `.${basename(path)}.partial-${randomBytes(4).toString("hex")}`);
}

/**
 * Replaces `path` with the new content, or leaves the old one in place. Creates the folder.
 * @throws PrefineError("io") if the disk is full, read-only or not ours.
 */
export async function writeFileAtomically(path: string, content: Content | Pieces): Promise<void> {
  try {
    await writeWhole(path, content);
  } catch (cause) {
    throw ioError(cause, path);
  }
}

/** Like writeFileAtomically, for callers with their own advice. @throws the error of the operating system. */
export async function writeWhole(path: string, content: Content | Pieces): Promise<void> {
  const partial = partialName(path);
  try {
    makeFolder(dirname(path));
    await writeSynced(partial, content);
    await rename(partial, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    throw cause;
  }
}

/**
 * Creates or replaces a folder with these files at `path`. The folder appears under its name only when every file in it
 * is on disk.
 * @param files their names and their content, requested one at a time.
 * @param options.check inspects the files before the folder gets its name; if it throws, `path` does not change.
 * @param options.keeps names in a folder that is replaced -> those that are copied to the new one.
 * @throws PrefineError("io") if the disk is full, read-only or not ours; `path` then does not change.
 */
export async function writeFolderAtomically(
  path: string,
  files: Iterable<readonly [string, Content | Pieces]>,
  { check, keeps }: WritingOptions = {},
): Promise<void> {
  const partial = partialName(path);
  try {
    makeFolder(dirname(path));
    await mkdir(partial);
    for (const [name, content] of files) {
      const file = join(partial, name);
      await mkdir(dirname(file), { recursive: true });
      await writeSynced(file, content);
    }
    if (keeps) await copyKept(path, partial, keeps);
    await syncFolder(partial);
    await check?.(partial);
    await replaceFolder(partial, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(partial, { recursive: true, force: true }).catch(() => {});
    throw ioError(cause, path);
  }
}

interface WritingOptions {
  check?: ((folder: string) => Promise<void>) | undefined;
  keeps?: ((names: readonly string[]) => readonly string[]) | undefined;
}

/** Copies before the old folder goes, so that a crash leaves one of the two whole. */
async function copyKept(from: string, to: string, keeps: (names: readonly string[]) => readonly string[]) {
  const names = await readdir(from).catch(() => []); // nothing is replaced
  for (const name of keeps(names)) {
    const options = { recursive: true, preserveTimestamps: true, mode: constants.COPYFILE_FICLONE };
    await cp(join(from, name), join(to, name), options);
  }
}

/**
 * Deletes a folder. Renames it first, so a half-deleted one is never taken for whole.
 * @throws PrefineError("io") if that is not permitted.
 */
export async function removeFolder(path: string): Promise<void> {
  const old = partialName(path);
  try {
    await rename(path, old);
    await rm(old, { recursive: true, force: true });
  } catch (cause) {
    throw ioError(cause, path, "delete");
  }
}

/**
 * Tests whether files can be written into `dir`, before hours of work depend on it. Changes nothing.
 * @throws PrefineError("io") if the disk is full, read-only or not ours, or a file is in the way.
 */
export async function checkWritable(dir: string): Promise<void> {
  const probe = partialName(join(dir, "probe"));
  let made: string[] = [];
  try {
    made = makeFolder(dir);
    await writeSynced(probe, "prefine");
  } catch (cause) {
    throw ioError(cause, dir);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
    for (const folder of made.reverse()) await rmdir(folder).catch(() => {}); // not empty: another process uses it
  }
}

/** rename() replaces files but not folders: the old folder is renamed first. */
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

async function writeSynced(path: string, content: Content | Pieces): Promise<void> {
  const file = await open(path, "wx", 0o644);
  try {
    if (typeof content === "string") await file.writeFile(content, "utf8");
    else for await (const piece of "pieces" in content ? content.pieces() : content) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename durable; Windows can't open folders and does not need it. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  if (!folder) return;
  try {
    await folder.sync().catch(() => {});
  } finally {
    await folder.close();
  }
}
