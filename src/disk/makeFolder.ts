/** @file A folder, with the folders above it that are missing: `mkdir -p`, for everything that writes files. */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes `path` a folder. Node's own way (`recursive: true`) calls a read-only disk "no such file", and never returns
 * where the system refuses new folders with ENOENT (/proc). Synchronous: a few system calls, once per folder.
 * @returns the folders that were made, the outermost first.
 * @throws the error of the operating system: EROFS, EACCES, ENOTDIR where a file is in the way, ...
 */
export function makeFolder(path: string): string[] {
  const missing: string[] = [];
  for (let at = resolve(path); !isFolder(at); at = dirname(at)) {
    missing.unshift(at);
    if (dirname(at) === at) break; // a drive that is not there
  }
  return missing.filter(makeOne);
}

/** @returns false where somebody else was faster. */
function makeOne(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && isFolder(path)) return false;
    throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    if (statSync(path).isDirectory()) return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return false; // ENOTDIR: a file further up, found on the way there
    throw error;
  }
  const message = `ENOTDIR: not a directory, mkdir '${path}'`;
  throw Object.assign(new Error(message), { code: "ENOTDIR", syscall: "mkdir", path });
}
