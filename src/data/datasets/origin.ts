/** @file The source of a dataset's files: a folder, or a repository on the hub. */
import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { nearbyHint } from "../../disk/nearbyNames.ts";
import { wholeText } from "../../disk/readFiles.ts";
import { PrefineError } from "../../errors.ts";
import type { ByteSource } from "../../formats/byteSource.ts";
import { type HubProgress, listRepo, openRemote, resolveRepo } from "../hub/resolveRepo.ts";
import type { HubOptions } from "../hub/settings.ts";
import { CARD_FILES, type CardFile } from "./card.ts";
import { fixedFolder, isPattern } from "./glob.ts";
import { checkUnmatched, matchData } from "./splitFiles.ts";

export interface Origin {
  /** The dataset's name, for messages. */
  where: string;
  /** Paths of all files, relative, with forward slashes, sorted. */
  paths: string[];
  /** Makes these files available locally; returns absolute paths in the same order. */
  fetch(paths: string[]): Promise<string[]>;
  /** Opens a file without making it available locally; undefined, or absent: it must be. */
  openRemote?(path: string): Promise<ByteSource | undefined>;
}

export interface OriginOptions extends HubOptions {
  /**
   * Branch, tag or commit of a hub repository.
   *
   * Default: `"main"`. Same as datasets.
   */
  revision?: string | undefined;
  /**
   * Receives the progress of a download.
   *
   * Default: nothing is shown. Prefine's own.
   */
  onProgress?: ((progress: HubProgress) => void) | undefined;
}

/** A folder on disk. */
export async function folderOrigin(folder: string): Promise<Origin> {
  const absolute = (paths: string[]) => paths.map((path) => join(folder, path));
  return { where: folder, paths: await listFiles(folder), fetch: async (paths) => absolute(paths) };
}

/** A dataset repository; downloads only the requested files. */
export async function hubOrigin(id: string, options: OriginOptions): Promise<Origin> {
  const repo = { ...options, id, kind: "dataset" as const };
  const { files } = await listRepo(repo);
  let remote: ReturnType<typeof openRemote> | undefined;
  return {
    where: id,
    paths: files,
    async openRemote(path) {
      remote ??= openRemote(repo);
      return (await remote)(path);
    },
    async fetch(paths) {
      const names = new Set(paths);
      const resolved = await resolveRepo({ ...repo, files: (path) => names.has(path) });
      return paths.map((path) => join(resolved.directory, path));
    },
  };
}

/** The files that may declare a dataset's configurations. */
export async function readCardFiles(origin: Origin): Promise<CardFile[]> {
  const names = CARD_FILES.filter((name) => origin.paths.includes(name));
  const paths = names.length === 0 ? [] : await origin.fetch([...names]);
  return Promise.all(names.map(async (name, i) => ({ name, text: await wholeText(paths[i]) })));
}

/** All files under a folder, including links to files; links to folders are not followed. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: Error) => {
    throw new PrefineError("io", `${folder}: cannot be read (${error.message})`, "Check its read permissions.", {
      cause: error,
    });
  });
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath ?? entry.path, entry.name); // `path` before Node 20.12
    const isFile = entry.isFile() || (entry.isSymbolicLink() && (await kindOf(path)) === "file");
    if (isFile) files.push(relative(folder, path).split(sep).join("/"));
  }
  return files.sort();
}

/**
 * Paths or patterns in the working directory -> paths of files that exist.
 * @param split for messages.
 * @returns named: those of which the path was given. unmatched: patterns without files, beside others with some.
 */
export async function findLocalFiles(
  patterns: string[],
  split: string,
): Promise<{ files: string[]; named: string[]; unmatched: string[] }> {
  const files: string[] = [];
  const named: string[] = [];
  const without: string[] = [];
  for (const pattern of patterns) {
    if (!isPattern(pattern) || (await kindOf(pattern)) === "file") {
      await assertFile(pattern, split);
      files.push(pattern);
      named.push(pattern);
      continue;
    }
    const slashed = pattern.split(sep).join("/");
    const folder = fixedFolder(slashed);
    const under = folder === "" ? slashed : slashed.slice(folder.length + 1);
    const base = folder === "" && slashed.startsWith("/") ? "/" : folder;
    const isFolder = (await kindOf(base || ".")) === "folder";
    const names = isFolder ? matchData(under, await listFiles(resolve(base))) : [];
    if (names.length === 0) without.push(pattern);
    for (const name of names) files.push(join(base, name));
  }
  return { files, named, unmatched: checkUnmatched(without, { split, where: "data_files", files }) };
}

async function assertFile(path: string, split: string): Promise<void> {
  const kind = await kindOf(path);
  if (kind === "file") return;
  const [found, hint] =
    kind === "folder"
      ? ["expected a file, found a folder", "Pass a folder as dataset_name, or list its files."]
      : ["no such file", await nearbyHint(path, "Paths are relative to the working directory.")];
  throw new PrefineError("data", `${path}: ${found} (split ${split})`, hint);
}

export async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats) return undefined;
  return stats.isDirectory() ? "folder" : "file";
}
