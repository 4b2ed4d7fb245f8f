/** @file Repository id + revision -> local files, downloaded if the cache lacks them. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { PrefineError, show } from "../../errors.ts";
import type { ByteSource } from "../../formats/byteSource.ts";
import {
  blobPath,
  hasSize,
  linkIntoSnapshot,
  listSnapshot,
  readListing,
  readRef,
  repoFolder,
  snapshotFolder,
  writeListing,
  writeRef,
} from "./cache.ts";
import { downloadBlob } from "./download.ts";
import { fetchCommit, fetchListing, isCommit, type RemoteFile } from "./listing.ts";
import { rangeSource } from "./rangeSource.ts";
import { TryAgain } from "./refusals.ts";
import { assertRepoId, describeRepo, fileUrl, type RepoKind, type RepoRef } from "./repoId.ts";
import { type HubOptions, type HubSettings, hubSettings } from "./settings.ts";

export interface RepoOptions extends HubOptions {
  /** `gpt2` or `organization/name`. */
  id: string;
  kind: RepoKind;
  /** Branch, tag or full commit. Default: main. */
  revision?: string;
}

export interface ResolveRepoOptions extends RepoOptions {
  /** Selects files by their path in the repository. */
  files: (path: string) => boolean;
  onProgress?: (progress: HubProgress) => void;
}

/** Progress of one call's downloads; files from the cache don't count. */
export interface HubProgress {
  /** The file that received the latest bytes. */
  path: string;
  /** Bytes of all files of this call: downloaded, and in total. */
  loaded: number;
  total: number;
}

export interface ResolvedRepo {
  /** The snapshot's folder; its entries may be links. */
  directory: string;
  /** Paths of the selected files, relative to `directory`, sorted. */
  files: string[];
  commit: string;
}

/** The state of a repository before anything is downloaded. */
interface Located {
  hub: HubSettings;
  repo: RepoRef;
  folder: string;
  commit: string;
  /** Undefined: offline, and the cache has no list; then only the snapshot's files are known. */
  listing: RemoteFile[] | undefined;
  /** The reason why nothing can be downloaded, if any. */
  failure: unknown;
}

const PARALLEL_DOWNLOADS = 4;

/**
 * Makes files of a repository available in the cache that Python's huggingface_hub also uses. Every downloaded file is
 * verified by its hash; an interrupted download resumes; offline, or if the hub cannot be reached, the cached files
 * are used. Like huggingface_hub's `snapshot_download(allow_patterns=...)`.
 */
export async function resolveRepo(options: ResolveRepoOptions): Promise<ResolvedRepo> {
  const located = await locate(options);
  const { folder, commit, listing, hub, repo } = located;
  const directory = snapshotFolder(folder, commit);
  if (!listing) {
    const files = (await listSnapshot(folder, commit)).filter(options.files);
    return { directory, files, commit };
  }
  const selected = listing.filter(({ path }) => options.files(path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const missing = await notInCache(located, selected);
  if (missing.length > 0 && located.failure) throw incomplete(located, missing);
  try {
    await downloadAll(located, missing, options.onProgress);
    if (missing.length > 0) await writeListing(folder, commit, listing);
    for (const file of missing) await linkIntoSnapshot(hub, folder, commit, file);
    if (!located.failure && selected.length > 0)
      await writeRef(folder, repo.revision, commit).catch(unlessReadOnly(missing));
  } catch (error) {
    throw diskError(error, folder);
  }
  return { directory, files: selected.map(({ path }) => path), commit };
}

/** Paths of all files of a repository, sorted, without downloading any; offline, those in the cache. */
export async function listRepo(options: RepoOptions): Promise<{ commit: string; files: string[] }> {
  const { folder, commit, listing } = await locate(options);
  const files = listing ? listing.map(({ path }) => path).sort() : await listSnapshot(folder, commit);
  return { commit, files };
}

/**
 * Opens files of a repository for reading in parts.
 * @returns a function that says undefined for a file that must be read from the cache: it is there, or the hub is not.
 */
export async function openRemote(options: RepoOptions): Promise<(path: string) => Promise<ByteSource | undefined>> {
  const located = await locate(options);
  const { hub, repo, commit, listing, failure } = located;
  return async (path) => {
    const file = listing?.find((one) => one.path === path);
    if (!file || failure || (await notInCache(located, [file])).length === 0) return undefined;
    const url = fileUrl(hub.endpoint, repo, commit, path);
    return rangeSource(hub, url, { subject: { repo, path }, file });
  };
}

async function locate(options: RepoOptions): Promise<Located> {
  const hub = hubSettings(options);
  const repo: RepoRef = { kind: options.kind, id: options.id, revision: options.revision ?? "main" };
  assertRepoId(repo.id, repo.kind);
  assertRevision(repo.revision);
  const folder = repoFolder(hub, repo);
  if (hub.offline) return locateInCache(hub, repo, folder, offlineError(repo, hub));
  try {
    const commit = isCommit(repo.revision) ? repo.revision : await fetchCommit(hub, repo);
    const listing = (await readListing(folder, commit)) ?? (await fetchListing(hub, repo, commit));
    return { hub, repo, folder, commit, listing, failure: undefined };
  } catch (error) {
    if (!(error instanceof PrefineError && error.cause instanceof TryAgain)) throw error;
    const located = await locateInCache(hub, repo, folder, error);
    hub.onWarning(
      `${describeRepo(repo)}: ${error.cause.reason}; using commit ${located.commit.slice(0, 8)} from the cache`,
    );
    return located;
  }
}

/** A revision becomes a file name under refs/. */
function assertRevision(revision: string): void {
  if (/^[\w.+@-]+(\/[\w.+@-]+)*$/.test(revision) && !revision.includes("..")) return;
  throw new PrefineError(
    "hub",
    `revision ${show(revision)}: expected a revision on the hub`,
    "Give a branch, tag or full commit.",
  );
}

/** The cached commit of the revision; throws `failure` if there is none. */
async function locateInCache(hub: HubSettings, repo: RepoRef, folder: string, failure: unknown): Promise<Located> {
  const commit = await readRef(folder, repo.revision);
  const snapshot = commit && (await stat(snapshotFolder(folder, commit)).catch(() => undefined));
  if (!commit || !snapshot) throw failure;
  return { hub, repo, folder, commit, listing: await readListing(folder, commit), failure };
}

function offlineError(repo: RepoRef, hub: HubSettings): PrefineError {
  return new PrefineError(
    "hub",
    `${describeRepo(repo)}: not in the cache (${hub.cacheDir}), and HF_HUB_OFFLINE forbids downloads`,
    "Run once without HF_HUB_OFFLINE, or set HF_HOME or HF_HUB_CACHE to a cache that has it.",
  );
}

function incomplete({ repo, failure }: Located, missing: RemoteFile[]): PrefineError {
  const names = missing.slice(0, 3).map(({ path }) => path);
  if (missing.length > 3) names.push(`${missing.length - 3} more`);
  const why =
    (failure as PrefineError).cause instanceof TryAgain ? "the hub cannot be reached" : "HF_HUB_OFFLINE is set";
  return new PrefineError(
    "hub",
    `${describeRepo(repo)}: not in the cache: ${names.join(", ")}; and ${why}`,
    "Run once with a network connection; partial downloads are kept.",
    { cause: (failure as PrefineError).cause },
  );
}

async function notInCache({ folder, commit }: Located, selected: RemoteFile[]): Promise<RemoteFile[]> {
  const present = await Promise.all(
    selected.map(({ path, size }) => hasSize(join(snapshotFolder(folder, commit), path), size)),
  );
  return selected.filter((_, i) => !present[i]);
}

async function downloadAll(
  { hub, repo, folder, commit }: Located,
  missing: RemoteFile[],
  onProgress: ResolveRepoOptions["onProgress"],
): Promise<void> {
  const toFetch: RemoteFile[] = [];
  for (const file of missing) {
    const twice = toFetch.some((other) => blobPath(folder, other) === blobPath(folder, file));
    if (!twice && !(await hasSize(blobPath(folder, file), file.size))) toFetch.push(file);
  }
  const total = toFetch.reduce((sum, { size }) => sum + size, 0);
  const loaded = new Map<string, number>();
  const queue = [...toFetch];
  const worker = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const { path } = file;
      const onBytes = (bytes: number) => {
        loaded.set(path, bytes);
        onProgress?.({ path, loaded: [...loaded.values()].reduce((sum, n) => sum + n, 0), total });
      };
      const url = fileUrl(hub.endpoint, repo, commit, path);
      await downloadBlob(hub, { url, subject: { repo, path }, file, blob: blobPath(folder, file), onBytes });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: PARALLEL_DOWNLOADS }, worker));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** A read-only cache (a shared one) is fine if it is complete. */
function unlessReadOnly(missing: RemoteFile[]): (error: unknown) => void {
  return (error) => {
    if (missing.length > 0) throw error;
  };
}

function diskError(error: unknown, folder: string): unknown {
  if (error instanceof PrefineError || !(error instanceof Error) || !("syscall" in error)) return error;
  return new PrefineError(
    "io",
    `${folder}: cannot write to the cache (${error.message})`,
    "Set HF_HOME or HF_HUB_CACHE to a writable folder.",
    { cause: error },
  );
}
