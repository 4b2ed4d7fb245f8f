/** @file A second name for an existing file: a link if possible, else a copy. */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, rename, rm, symlink } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { makeFolder } from "./makeFolder.ts";

/**
 * Gives `file` the additional name `name`, replacing any file there.
 * @param symbolic whether to try a relative symbolic link, which survives moving the folder.
 */
export async function linkFile(file: string, name: string, { symbolic }: { symbolic: boolean }): Promise<void> {
  makeFolder(dirname(name));
  const temporary = `${name}.${randomBytes(4).toString("hex")}.incomplete`;
  try {
    await makeEntry(file, temporary, symbolic);
    await rename(temporary, name);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function makeEntry(file: string, temporary: string, symbolic: boolean): Promise<void> {
  if (symbolic && (await succeeds(symlink(relative(dirname(temporary), file), temporary)))) return;
  if (await succeeds(link(file, temporary))) return; // takes no space; Windows may not allow symbolic ones
  await copyFile(file, temporary, constants.COPYFILE_FICLONE);
}

function succeeds(action: Promise<void>): Promise<boolean> {
  return action.then(
    () => true,
    () => false,
  );
}
