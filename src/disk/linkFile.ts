/** @file A second name for a file that is there: a link where that is possible, else a copy. */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, rename, rm, symlink } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { makeFolder } from "./makeFolder.ts";

/**
 * Gives `file` the name `name`, too, in place of what has it now.
 * @param symbolic whether to try a relative symbolic link, which a folder keeps when it is moved.
 */
export async function linkFile(file: string, name: string, { symbolic }: { symbolic: boolean }): Promise<void> {
  makeFolder(dirname(name));
  const beside = `${name}.${randomBytes(4).toString("hex")}.incomplete`;
  try {
    await makeEntry(file, beside, symbolic);
    await rename(beside, name);
  } finally {
    await rm(beside, { force: true });
  }
}

async function makeEntry(file: string, beside: string, symbolic: boolean): Promise<void> {
  if (symbolic && (await succeeds(symlink(relative(dirname(beside), file), beside)))) return;
  if (await succeeds(link(file, beside))) return; // costs no space; Windows without the right to make symbolic links
  await copyFile(file, beside, constants.COPYFILE_FICLONE);
}

function succeeds(action: Promise<void>): Promise<boolean> {
  return action.then(
    () => true,
    () => false,
  );
}
