/** @file One HTTP request to a hub: its headers, its timeout, and its repetition while the failure may pass. */
import { setTimeout as sleep } from "node:timers/promises";
import { PrefineError } from "../../errors.ts";
import { brokenConnection, describeSubject, refusal, type Subject, TryAgain } from "./refusals.ts";
import type { HubSettings } from "./settings.ts";

/** Failures in a row, without a byte more than before, after which a request is given up. */
const ATTEMPTS = 5;
const ATTEMPTS_UNREACHABLE = 2;
/** A longer Retry-After is cut to this: a rate limit's window is 5 minutes at most. */
const MAX_WAIT_MS = 300_000;

/**
 * Sends a GET and reads the answer, once.
 * @param read gets the answer and a function to call at each sign of life: the timeout counts from the last one.
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
  // identity: a compressed answer has other byte positions, so it could not be resumed.
  const headers: Record<string, string> = { "user-agent": "prefine", "accept-encoding": "identity" };
  // Never to another host; fetch itself drops the header when a redirect leaves the origin.
  if (hub.token && new URL(url).origin === new URL(hub.endpoint).origin) headers.authorization = `Bearer ${hub.token}`;
  if (range) headers.range = range;
  return headers;
}

/**
 * Repeats `attempt` while it throws TryAgain: 5 failures without progress at most (2 where nobody answers), with
 * doubling pauses, or as long as the server asks for.
 * @param progress a number that grows when an attempt got further than all before it (bytes received).
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
    `${describeSubject(subject)}: ${hub.endpoint}: ${error.reason}; tried ${failures} times`,
    error.unreachable
      ? "Is there a network, and is HF_ENDPOINT right? With the files in the cache, HF_HUB_OFFLINE=1 works without one."
      : "Try again later: what has arrived is kept, and the download goes on from there.",
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
