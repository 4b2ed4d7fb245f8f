/** @file The id and kind of a repository, and the URLs built from them. */
import { PrefineError } from "../../errors.ts";

export type RepoKind = "model" | "dataset";

/** A repository on a hub, at a revision (branch, tag or commit). */
export interface RepoRef {
  kind: RepoKind;
  /** `name` or `organization/name`. */
  id: string;
  revision: string;
}

/** True for `gpt2` or `organization/name`, by the hub's rules. A path of two names also matches: check disk first. */
export function looksLikeRepoId(text: string): boolean {
  const name = /^[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;
  const parts = text.split("/");
  if (parts.length > 2 || !parts.every((part) => name.test(part))) return false;
  return !text.includes("--") && !text.includes("..") && !text.endsWith(".git");
}

/** Throws if `text` is not a valid repository id. */
export function assertRepoId(text: string, kind: RepoKind): void {
  if (looksLikeRepoId(text)) return;
  throw new PrefineError(
    "hub",
    `${JSON.stringify(text)}: expected the id of a ${kind} repository, "name" or "organization/name"`,
    "If you meant a folder or file, it does not exist.",
  );
}

/** Its name in messages: `dataset org/name`, with the revision unless that is main. */
export function describeRepo({ kind, id, revision }: RepoRef): string {
  return `${kind} ${id}${revision === "main" ? "" : ` at ${revision}`}`;
}

/** `ENDPOINT/api/models/gpt2` */
export function apiUrl(endpoint: string, { kind, id }: RepoRef): string {
  return `${endpoint}/api/${kind}s/${id}`;
}

/** The web page of the repository. */
export function pageUrl(endpoint: string, { kind, id }: RepoRef): string {
  return `${endpoint}/${kind === "dataset" ? "datasets/" : ""}${id}`;
}

/** The URL of a file's content. */
export function fileUrl(endpoint: string, repo: RepoRef, commit: string, path: string): string {
  return `${pageUrl(endpoint, repo)}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
}
