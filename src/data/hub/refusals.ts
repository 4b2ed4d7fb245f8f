/** @file A status other than 2xx or a failed connection -> an error, or a reason to retry. */
import { PrefineError } from "../../errors.ts";
import { describeRepo, pageUrl, type RepoRef } from "./repoId.ts";
import type { HubSettings } from "./settings.ts";

/** A temporary failure: `withRetries` repeats the request. */
export class TryAgain extends Error {
  /** The failure, for the message after the last retry. */
  readonly reason: string;
  /** Milliseconds to wait, if the server said so. */
  readonly waitMs: number | undefined;
  /** True if no server answered: fewer retries, so that a call without a network fails soon. */
  readonly unreachable: boolean;

  constructor(reason: string, options: { waitMs?: number; unreachable?: boolean } = {}) {
    super(reason);
    this.reason = reason;
    this.waitMs = options.waitMs;
    this.unreachable = options.unreachable ?? false;
  }
}

/** The repository or file of a request, for messages. */
export interface Subject {
  repo: RepoRef;
  /** The file, if the request is for one. */
  path?: string;
}

/** `dataset org/name, data/x.parquet` */
export function describeSubject({ repo, path }: Subject): string {
  return path === undefined ? describeRepo(repo) : `${describeRepo(repo)}, ${path}`;
}

/** The error for a response that is not 2xx. */
export function refusal(hub: HubSettings, subject: Subject, response: Response): Error {
  const { status } = response;
  if (status === 429 || status === 408 || status >= 500) {
    const reason = status === 429 ? "429, too many requests" : `${status}`;
    return new TryAgain(`the hub answered ${reason}`, { waitMs: retryAfter(response.headers.get("retry-after")) });
  }
  const what = describeSubject(subject);
  const isGated = response.headers.get("x-error-code") === "GatedRepo";
  if (isGated && (status === 401 || status === 403)) return gated(hub, subject, response);
  if (status === 401) return unauthorized(hub, what);
  if (status === 403) {
    return new PrefineError(
      "hub",
      `${what}: access refused (403)${serverMessage(hub, response)}`,
      `Request access at ${pageUrl(hub.endpoint, subject.repo)} with the account of HF_TOKEN.`,
    );
  }
  if (status === 404) return notFound(hub, subject, response);
  const message = `${what}: ${hub.endpoint} answered ${status}${serverMessage(hub, response)}`;
  return new PrefineError("hub", message, "Is HF_ENDPOINT the address of a hub?");
}

/** A repository whose terms an account has to accept first: Gemma's, Llama's. */
function gated(hub: HubSettings, subject: Subject, response: Response): PrefineError {
  const page = pageUrl(hub.endpoint, subject.repo);
  const why = hub.token
    ? "the account of the access token has no access yet"
    : "an account has to accept its terms, and no access token was sent";
  const hint = hub.token
    ? `Accept the terms at ${page} with that account (its authors may have to approve the request); a fine-grained ` +
      "token must also allow reading gated repositories."
    : `Accept the terms at ${page}, then set HF_TOKEN to a token of that account with read access (or run ` +
      "`hf auth login`).";
  const message = `${describeSubject(subject)}: gated (${response.status}): ${why}${serverMessage(hub, response)}`;
  return new PrefineError("hub", message, hint);
}

function unauthorized(hub: HubSettings, what: string): PrefineError {
  return hub.token
    ? new PrefineError(
        "hub",
        `${what}: ${hub.endpoint} did not accept the access token (401)`,
        "Check HF_TOKEN (or run `hf auth login` again); a public repository needs none.",
      )
    : new PrefineError(
        "hub",
        `${what}: not found on ${hub.endpoint}, or private (401; no access token was sent)`,
        "Check the spelling; for a private or gated repository set HF_TOKEN to a token with read access.",
      );
}

function notFound(hub: HubSettings, subject: Subject, response: Response): PrefineError {
  const code = response.headers.get("x-error-code");
  const what = describeSubject(subject);
  if (code === "RevisionNotFound") {
    const { id, kind, revision } = subject.repo;
    return new PrefineError(
      "hub",
      `${kind} ${id}: no revision ${JSON.stringify(revision)} on ${hub.endpoint} (404)`,
      "Give a branch, tag or full commit of the repository, or omit revision for main.",
    );
  }
  if (subject.path !== undefined)
    return new PrefineError(
      "hub",
      `${what}: no such file on ${hub.endpoint} (404)`,
      "Try again: the repository may have changed.",
    );
  return new PrefineError(
    "hub",
    `${what}: not found on ${hub.endpoint} (404)`,
    "Check the spelling, and whether it is a model or a dataset; a private one needs a token with read access.",
  );
}

/** The hub's message, shortened to a line; the token is removed. */
function serverMessage(hub: HubSettings, response: Response): string {
  let text = (response.headers.get("x-error-message") ?? "").replace(/\s+/g, " ").slice(0, 200);
  if (hub.token) text = text.replaceAll(hub.token, "[token]");
  return text ? `: ${text}` : "";
}

/** Retry-After in milliseconds: seconds or a date. */
function retryAfter(header: string | null): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

const CONNECT_CODES = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/;
const CERTIFICATE_CODES = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/;

/** The error for a request without a complete response. */
export function brokenConnection(hub: HubSettings, subject: Subject, error: unknown): unknown {
  if (error instanceof PrefineError || error instanceof TryAgain) return error;
  if (hub.signal?.aborted) return new PrefineError("interrupted", `${describeSubject(subject)}: download stopped`);
  if (!(error instanceof TypeError)) return error; // fetch rejects with TypeError; other errors are not network errors
  const code = errorCode(error.cause);
  if (/redirect|scheme/i.test(messageOf(error.cause))) {
    const message = `${describeSubject(subject)}: ${hub.endpoint}: its redirects do not end, or lead nowhere`;
    return new PrefineError("hub", message, "Check HF_ENDPOINT, and whether a proxy changes addresses.");
  }
  if (CERTIFICATE_CODES.test(code)) {
    return new PrefineError(
      "hub",
      `${hub.endpoint}: its certificate is not trusted (${code})`,
      "Behind a company proxy, point NODE_EXTRA_CA_CERTS to the company's certificate.",
    );
  }
  const unreachable = CONNECT_CODES.test(code);
  return new TryAgain(unreachable ? `could not connect (${code})` : "the connection was cut", { unreachable });
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : "");

function errorCode(cause: unknown): string {
  if (cause instanceof AggregateError) return errorCode(cause.errors[0]); // one error per address tried
  return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
}
