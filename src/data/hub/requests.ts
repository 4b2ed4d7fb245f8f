/** @file One HTTP request to a hub: headers, timeout, and retries after temporary failures. */

import { setTimeout as sleep } from "node:timers/promises";
import { PrefineError } from "../../errors.ts";
import { counted } from "../../phrases.ts";
import { brokenConnection, describeSubject, refusal, type Subject, TryAgain } from "./refusals.ts";
import type { HubSettings } from "./settings.ts";

/** Consecutive failures without a new byte before a request is given up. */
const ATTEMPTS = 5;
const ATTEMPTS_UNREACHABLE = 2;
/** Limit of Retry-After: a rate limit's window is at most 5 minutes. */
const MAX_WAIT_MS = 300_000;

/**
 * Sends a GET and reads the answer, once.
 * @param read receives the response and a function to call on each progress, which restarts the timeout.
 */
export async function send<T>(
  hub: HubSettings,
  url: string,
  request: { subject: Subject; range?: string },
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => timeout.abort(), hub.timeoutMs);
  };
  const signals = hub.signal ? [timeout.signal, hub.signal] : [timeout.signal];
  try {
    alive();
    const response = await fetch(url, {
      headers: headersFor(hub, url, request.range),
      signal: AbortSignal.any(signals),
    });
    if (response.ok) return await read(response, alive);
    await response.body?.cancel();
    throw refusal(hub, request.subject, response);
  } catch (error) {
    if (timeout.signal.aborted) throw new TryAgain(`no answer for ${hub.timeoutMs / 1000} s`);
    throw brokenConnection(hub, request.subject, error);
  } finally {
    clearTimeout(timer);
  }
}

function headersFor(hub: HubSettings, url: string, range: string | undefined): Record<string, string> {
  // identity: a compressed response has other byte positions and could not be resumed.
  const headers: Record<string, string> = { "user-agent": "prefine", "accept-encoding": "identity" };
  // Only sent to this host: fetch drops the header when a redirect leaves the origin.
  if (hub.token && new URL(url).origin === new URL(hub.endpoint).origin) headers.authorization = `Bearer ${hub.token}`;
  if (range) headers.range = range;
  return headers;
}

/**
 * Repeats `attempt` while it throws TryAgain: at most 5 failures without progress (2 if no server answers), with
 * doubling pauses, or as long as the server requests.
 * @param progress a number that grows with progress (bytes received).
 */
export async function withRetries<T>(
  hub: HubSettings,
  subject: Subject,
  attempt: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let furthest = progress();
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TryAgain)) throw error;
      if (progress() > furthest) [furthest, failures] = [progress(), 1];
      if (failures >= (error.unreachable ? ATTEMPTS_UNREACHABLE : ATTEMPTS))
        throw givenUp(hub, subject, error, failures);
      await pause(hub, subject, error.waitMs ?? hub.retryDelayMs * 2 ** (failures - 1));
    }
  }
}

function givenUp(hub: HubSettings, subject: Subject, error: TryAgain, failures: number): PrefineError {
  return new PrefineError(
    "hub",
    `${describeSubject(subject)}: ${hub.endpoint}: ${error.reason}; tried ${counted(failures, "time")}`,
    error.unreachable
      ? "Check the network and HF_ENDPOINT. If the files are in the cache, HF_HUB_OFFLINE=1 needs no network."
      : "Try again later: the download resumes where it stopped.",
    { cause: error },
  );
}

async function pause(hub: HubSettings, subject: Subject, ms: number): Promise<void> {
  try {
    await sleep(Math.min(ms, MAX_WAIT_MS), undefined, { signal: hub.signal });
  } catch {
    throw new PrefineError("interrupted", `${describeSubject(subject)}: download stopped`);
  }
}
