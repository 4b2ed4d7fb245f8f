/** @file Node's storage: folders on disk. */
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { folderSetting, home } from "./folderSetting.ts";
import { newHash } from "./hashFile.ts";
import { NodeFolder } from "./nodeFolder.ts";
import { readPieces } from "./readFiles.ts";
import type { RunFolder, Storage } from "./storage.ts";

export const nodeStorage: Storage = {
  folder: folderAt,
  cacheFolder: (name) => folderAt(join(cachePath(), name)),
  wholePath: (path) => resolve(path),
  readRange: ({ file, start, end }) => readPieces(file, start, end),
  sha256: newHash,
  writer: { host: hostname(), pid: process.pid },
};

export function folderAt(path: string): RunFolder {
  return new NodeFolder(path);
}

/** $PREFINE_CACHE, else `prefine` in the user's cache folder. */
export function cachePath(env: Record<string, string | undefined> = process.env): string {
  return folderSetting(env.PREFINE_CACHE, env) ?? join(env.XDG_CACHE_HOME || join(home(env), ".cache"), "prefine");
}
