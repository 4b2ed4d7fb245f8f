/**
 * @file Reads and writes the cache of Python's huggingface_hub, in its layout:
 *
 *     models--org--name/                    datasets--... for datasets
 *       blobs/HASH                          contents, named by SHA-256 (large files) or by git's SHA-1
 *       snapshots/COMMIT/path/of/file       links to blobs
 *       refs/REVISION                       the commit of a branch or tag
 *       trees/COMMIT.json                   the list of files of a commit
 */
import type { Dirent } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { linkFile } from "../../disk/linkFile.ts";
import { writeWhole } from "../../disk/wholeFiles.ts";
import { isCommit, type RemoteFile, remoteFile } from "./listing.ts";
import type { RepoRef } from "./repoId.ts";
import type { HubSettings } from "./settings.ts";

/** The folder of a repository. */
export function repoFolder(hub: HubSettings, { kind, id }: RepoRef): string {
  return join(hub.cacheDir, [`${kind}s`, ...id.split("/")].join("--"));
}

export function snapshotFolder(folder: string, commit: string): string {
  return join(folder, "snapshots", commit);
}

/** The path of a file's content. */
export function blobPath(folder: string, file: RemoteFile): string {
  return join(folder, "blobs", file.sha256 ?? file.blobId);
}

/** The cached commit of a revision. */
export async function readRef(folder: string, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = await readFile(join(folder, "refs", revision), "utf8").catch(() => undefined);
  return text !== undefined && isCommit(text.trim()) ? text.trim() : undefined;
}

export async function writeRef(folder: string, revision: string, commit: string): Promise<void> {
  if (revision === commit || (await readRef(folder, revision)) === commit) return;
  await writeWhole(join(folder, "refs", revision), commit);
}

/** The cached list of a commit's files, written by prefine or Python; undefined if there is none. */
export async function readListing(folder: string, commit: string): Promise<RemoteFile[] | undefined> {
  try {
    const parsed = JSON.parse(await readFile(join(folder, "trees", `${commit}.json`), "utf8"));
    if (parsed.format_version !== 1) return undefined;
    const files = Object.entries<Record<string, unknown>>(parsed.files).map(([path, entry]) =>
      remoteFile({
        path,
        size: entry.lfs_size ?? entry.size,
        blobId: entry.blob_id,
        sha256: entry.lfs_sha256,
        xetHash: entry.xet_hash,
      }),
    );
    return files.every((file) => file !== undefined) ? files : undefined;
  } catch {
    return undefined; // absent, or of an unsupported version: treated as absent
  }
}

export async function writeListing(folder: string, commit: string, files: RemoteFile[]): Promise<void> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const entries = sorted.map(({ path, size, blobId, sha256, xetHash }) => [
    path,
    { size, blob_id: blobId, lfs_sha256: sha256, lfs_size: sha256 && size, xet_hash: xetHash },
  ]);
  const tree = { format_version: 1, files: Object.fromEntries(entries) };
  await writeWhole(join(folder, "trees", `${commit}.json`), JSON.stringify(tree, null, 1));
}

/** Paths of a snapshot's files, sorted, without broken links. */
export async function listSnapshot(folder: string, commit: string): Promise<string[]> {
  const root = snapshotFolder(folder, commit);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((): Dirent[] => []);
  const paths: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath ?? entry.path, entry.name); // `path` before Node 20.12
    if (!entry.isDirectory() && (await isFile(path))) paths.push(relative(root, path).split("\\").join("/"));
  }
  return paths.sort();
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/** True if `path` (links followed) is a file of exactly this many bytes. */
export async function hasSize(path: string, size: number): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true && stats.size === size;
}

/** Adds an existing blob to a snapshot: as a relative link, or as the file itself if links are unsupported. */
export async function linkIntoSnapshot(
  hub: HubSettings,
  folder: string,
  commit: string,
  file: RemoteFile,
): Promise<void> {
  const pointer = join(snapshotFolder(folder, commit), file.path);
  const blob = blobPath(folder, file);
  const target = relative(dirname(pointer), blob);
  const current = await readlink(pointer).catch(() => undefined);
  if (current === target || (current === undefined && (await hasSize(pointer, file.size)))) return;
  await linkFile(blob, pointer, { symbolic: hub.symlinks });
}
