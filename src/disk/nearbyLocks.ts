/**
 * @file Locks that a writer of a folder has to respect besides its own: of the folders above it, whose runs delete and
 * replace checkpoints, and of those inside it, which the writer may delete or replace.
 */
import { realpathSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { LOCK } from "./lockFile.ts";

/** Folders that are searched, the nearest first: a run's has a handful, a home folder no end. */
const MOST_FOLDERS = 10_000;

export interface Nearby {
  /** An absolute path. */
  folder: string;
  /** Its lock. */
  path: string;
}

/** Locked folders above this one, by its name and through symbolic links. It need not exist. */
export function lockedAbove(folder: string): Nearby[] {
  const own = [realPath(resolve(folder)), resolve(folder)];
  const above = new Set<string>();
  for (let at of own) {
    for (; dirname(at) !== at; at = dirname(at)) above.add(dirname(at));
  }
  return [...above].map(nearby).filter(({ path }) => isFile(path));
}

/** Locked folders inside this one, however deep. */
export async function lockedInside(folder: string): Promise<Nearby[]> {
  const found: Nearby[] = [];
  const folders = [resolve(folder)];
  for (let i = 0; i < folders.length; i++) {
    for (const entry of await readdir(folders[i], { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory() && folders.length < MOST_FOLDERS) folders.push(join(folders[i], entry.name));
      if (entry.isFile() && entry.name === LOCK && i > 0) found.push(nearby(folders[i]));
    }
  }
  return found;
}

const nearby = (folder: string): Nearby => ({ folder, path: join(folder, LOCK) });

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Of a path that need not exist: the real one of what is there of it. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), path.slice(above.length));
  }
}
