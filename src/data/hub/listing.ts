/** @file The files of a repository at one commit, as the hub lists them. */
import { PrefineError, show } from "../../errors.ts";
import { isObject, parseJson } from "../../formats/parseJson.ts";
import { apiUrl, describeRepo, type RepoRef } from "./repoId.ts";
import { send, withRetries } from "./requests.ts";
import type { HubSettings } from "./settings.ts";

/** A file of a repository. */
export interface RemoteFile {
  /** Relative, with forward slashes. */
  path: string;
  /** Bytes of the content. */
  size: number;
  /** git's id: the SHA-1 of `blob SIZE\0CONTENT`; for a large file, of its pointer. */
  blobId: string;
  /** SHA-256 of the content, if the hub stores the file outside git (LFS). */
  sha256?: string;
  /** The hub's own content address; kept only because Python's cache keeps it. */
  xetHash?: string;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** True if a revision is a full commit, which never changes and needs no request. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** The hub has 1,000 files per page, of about 250 bytes each. */
const MOST_PAGES = 1000;
const MOST_BYTES = 32 * 2 ** 20;

/** The commit that a branch or tag points to now. */
export async function fetchCommit(hub: HubSettings, repo: RepoRef): Promise<string> {
  const url = `${apiUrl(hub.endpoint, repo)}/revision/${encodeURIComponent(repo.revision)}`;
  const { body } = await fetchJson(hub, repo, url);
  const sha = isObject(body) ? body.sha : undefined;
  if (typeof sha !== "string" || !isCommit(sha))
    throw unexpected(hub, repo, "no commit in the description of the repository");
  return sha;
}

/** All files of a commit, in the hub's order; the response has several pages. */
export async function fetchListing(hub: HubSettings, repo: RepoRef, commit: string): Promise<RemoteFile[]> {
  const files: RemoteFile[] = [];
  let url: string | undefined = `${apiUrl(hub.endpoint, repo)}/tree/${commit}?recursive=true&expand=false`;
  const seen = new Set<string>();
  while (url) {
    if (seen.has(url)) throw unexpected(hub, repo, "a page of the list of files that follows itself");
    if (seen.size >= MOST_PAGES) throw unexpected(hub, repo, `a list of files of more than ${MOST_PAGES} pages`);
    seen.add(url);
    const { body, next } = await fetchJson(hub, repo, url);
    if (!Array.isArray(body)) throw unexpected(hub, repo, "the list of files is not a list");
    for (const entry of body) {
      if (isObject(entry) && entry.type === "file") files.push(parseFile(hub, repo, entry));
    }
    url = next;
  }
  return files;
}

function fetchJson(hub: HubSettings, repo: RepoRef, url: string): Promise<{ body: unknown; next: string | undefined }> {
  return withRetries(hub, { repo }, () =>
    send(hub, url, { subject: { repo } }, async (response) => {
      const text = await shortText(hub, repo, response);
      const link = /<([^>]+)>\s*;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      return { body: readJson(hub, repo, text), next: link && pageAddress(hub, repo, link, url) };
    }),
  );
}

/** Another host is fine, as of a mirror's: it does not get the token. */
function pageAddress(hub: HubSettings, repo: RepoRef, link: string, from: string): string {
  const next = URL.canParse(link, from) ? new URL(link, from) : undefined;
  if (next && /^https?:$/.test(next.protocol)) return next.href;
  throw unexpected(hub, repo, `a next page at ${show(link)}`);
}

/**
 * The text of an answer in its bounds. The request's timeout is not restarted: an answer that trickles in ends with it.
 */
async function shortText(hub: HubSettings, repo: RepoRef, response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw unexpected(hub, repo, `an answer of more than ${MOST_BYTES / 2 ** 20} MiB`);
    pieces.push(piece);
  }
  return new TextDecoder().decode(Buffer.concat(pieces));
}

function readJson(hub: HubSettings, repo: RepoRef, text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const isNested = error instanceof SyntaxError && error.message.startsWith("values that nest");
    throw unexpected(hub, repo, isNested ? error.message : "an answer that is not JSON");
  }
}

function unexpected(hub: HubSettings, repo: RepoRef, found: string): PrefineError {
  return new PrefineError(
    "hub",
    `${describeRepo(repo)}: ${hub.endpoint} does not answer like a Hugging Face hub: ${found}`,
    "Check HF_ENDPOINT, and whether the network shows a login page.",
  );
}

function parseFile(hub: HubSettings, repo: RepoRef, entry: Record<string, unknown>): RemoteFile {
  const lfs = isObject(entry.lfs) ? entry.lfs : undefined;
  const file = remoteFile({
    path: entry.path,
    size: lfs?.size ?? entry.size,
    blobId: entry.oid,
    sha256: lfs?.oid,
    xetHash: entry.xetHash,
  });
  if (!file) throw unexpected(hub, repo, `the entry ${JSON.stringify(entry).slice(0, 200)} in the list of files`);
  return file;
}

/** A validated entry: paths and hashes become file names, so none may point outside the cache's folders. */
export function remoteFile(fields: { [name in keyof RemoteFile]?: unknown }): RemoteFile | undefined {
  const { path, size, blobId, sha256, xetHash } = fields;
  if (typeof path !== "string" || !isSafePath(path)) return undefined;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined;
  if (typeof blobId !== "string" || !COMMIT.test(blobId)) return undefined;
  const file: RemoteFile = { path, size, blobId };
  if (sha256 !== undefined && sha256 !== null) {
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    file.sha256 = sha256;
  }
  if (typeof xetHash === "string") file.xetHash = xetHash;
  return file;
}

function isSafePath(path: string): boolean {
  return (
    !/[\\\0]|^[A-Za-z]:/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}
