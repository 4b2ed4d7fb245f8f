/** @file Creates a folder with its missing parents: `mkdir -p`, for everything that writes files. */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Creates the folder `path`. Node's own `recursive: true` reports a read-only disk as "no such file", and never returns
 * if the system rejects new folders with ENOENT (/proc). Synchronous: a few system calls, once per folder.
 * @returns the created folders, outermost first.
 * @throws the error of the operating system: EROFS, EACCES, ENOTDIR if a file is in the way, ...
 */
export function makeFolder(path: string): string[] {
  const missing: string[] = [];
  for (let at = resolve(path); !isFolder(at); at = dirname(at)) {
    missing.unshift(at);
    if (dirname(at) === at) break; // a missing drive
  }
  return missing.filter(makeOne);
}

/** @returns false if another process was faster. */
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
    if (code === "ENOENT" || code === "ENOTDIR") return false; // ENOTDIR: reported later, for the parent that is a file
    throw error;
  }
  const message = `ENOTDIR: not a directory, mkdir '${path}'`;
  throw Object.assign(new Error(message), { code: "ENOTDIR", syscall: "mkdir", path });
}
