/** @file What names a repository: its id and kind, and the URLs that follow from them. */
import { PrefineError } from "../../errors.ts";

export type RepoKind = "model" | "dataset";

/** A repository on a hub, at a revision (branch, tag or commit). */
export interface RepoRef {
  kind: RepoKind;
  /** `name` or `organization/name`. */
  id: string;
  revision: string;
}

/** True for `gpt2` or `organization/name`, by the hub's rules. A path of two names looks alike: look on disk first. */
export function looksLikeRepoId(text: string): boolean {
  const name = /^[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;
  const parts = text.split("/");
  if (parts.length > 2 || !parts.every((part) => name.test(part))) return false;
  return !text.includes("--") && !text.includes("..") && !text.endsWith(".git");
}

/** Throws where `text` cannot be the id of a repository. */
export function assertRepoId(text: string, kind: RepoKind): void {
  if (looksLikeRepoId(text)) return;
  throw new PrefineError(
    "hub",
    `${JSON.stringify(text)}: expected the id of a ${kind} repository, "name" or "organization/name"`,
    "If a folder or a file was meant, it does not exist.",
  );
}

/** How messages name it: `dataset org/name`, with the revision unless that is main. */
export function describeRepo({ kind, id, revision }: RepoRef): string {
  return `${kind} ${id}${revision === "main" ? "" : ` at ${revision}`}`;
}

/** `ENDPOINT/api/models/gpt2` */
export function apiUrl(endpoint: string, { kind, id }: RepoRef): string {
  return `${endpoint}/api/${kind}s/${id}`;
}

/** The page of the repository, for people. */
export function pageUrl(endpoint: string, { kind, id }: RepoRef): string {
  return `${endpoint}/${kind === "dataset" ? "datasets/" : ""}${id}`;
}

/** The address of a file's content. */
export function fileUrl(endpoint: string, repo: RepoRef, commit: string, path: string): string {
  return `${pageUrl(endpoint, repo)}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
}
