/**
 * @file Downloads one file into the cache's blobs and resumes interrupted downloads. The blob gets its name only after
 * its hash is verified.
 */

import { createHash, type Hash } from "node:crypto";
import { openPart, type PartFile } from "../../disk/partFile.ts";
import { PrefineError } from "../../errors.ts";
import { counted } from "../../phrases.ts";
import type { RemoteFile } from "./listing.ts";
import { describeSubject, type Subject, TryAgain } from "./refusals.ts";
import { send, withRetries } from "./requests.ts";
import type { HubSettings } from "./settings.ts";

/** Downloads with a wrong hash before giving up. */
const CORRUPT_DOWNLOADS = 3;

export interface BlobRequest {
  url: string;
  subject: Subject;
  file: RemoteFile;
  /** Target path of the content. */
  blob: string;
  /** Called with the number of bytes downloaded so far (restarts at 0 after a wrong hash). */
  onBytes: (loaded: number) => void;
}

/** A download in progress. */
interface Filling {
  part: PartFile;
  /** Of all bytes in the part. */
  hash: Hash;
}

/** Running downloads by blob: a second request for the same content waits for the first. */
const running = new Map<string, Promise<void>>();

/** Makes `request.blob` exist with the right content. */
export async function downloadBlob(hub: HubSettings, request: BlobRequest): Promise<void> {
  const before = running.get(request.blob);
  if (before) {
    await before;
    return request.onBytes(request.file.size);
  }
  const download = fill(hub, request).finally(() => running.delete(request.blob));
  running.set(request.blob, download);
  await download;
}

async function fill(hub: HubSettings, request: BlobRequest): Promise<void> {
  const part = await openPart(request.blob);
  let finished = false;
  try {
    await fetchVerified(hub, request, await hashPart(part, request.file));
    await part.finish();
    finished = true;
  } finally {
    if (!finished) await part.giveBack();
  }
}

async function fetchVerified(hub: HubSettings, request: BlobRequest, filling: Filling): Promise<void> {
  const { file, subject } = request;
  const { part } = filling;
  for (let corrupt = 1; ; corrupt++) {
    request.onBytes(part.size);
    if (part.size < file.size) {
      await withRetries(
        hub,
        subject,
        () => fetchRest(hub, request, filling),
        () => part.size,
      );
    }
    const hash = filling.hash.digest("hex");
    if (hash === (file.sha256 ?? file.blobId)) return;
    await restart(filling, file);
    if (corrupt < CORRUPT_DOWNLOADS) continue;
    const kind = file.sha256 ? "SHA-256" : "git SHA-1";
    const tries = `tried ${counted(corrupt, "time")}`;
    throw new PrefineError(
      "hub",
      `${describeSubject(subject)}: the bytes differ from the hub's listing: ${kind} ${hash}; ${tries}`,
      "A proxy or mirror may change the content; try another HF_ENDPOINT.",
    );
  }
}

/** One request for the missing bytes. Throws TryAgain if the response ends early. */
async function fetchRest(hub: HubSettings, request: BlobRequest, filling: Filling): Promise<void> {
  const { file, subject } = request;
  const { part } = filling;
  const range = part.size > 0 ? `bytes=${part.size}-` : undefined;
  await send(hub, request.url, { subject, range }, async (response, alive) => {
    if (response.status !== 206 && part.size > 0) await restart(filling, file); // the server sends the whole file again
    const isSlow = slowness(hub.timeoutMs);
    for await (const chunk of response.body ?? []) {
      alive();
      if (isSlow(chunk.length)) throw tooSlow(hub, subject);
      // A response longer than listed is cut here; the hash check detects it.
      await append(filling, chunk.subarray(0, file.size - part.size));
      request.onBytes(part.size);
      if (part.size === file.size) break;
    }
  });
  if (part.size < file.size) throw new TryAgain("the connection was cut");
}

/** A server that sends a byte now and then is never silent, and never done. */
const LEAST_BYTES_PER_SECOND = 100;
/** Speed is measured over this many times the time of silence that ends a request: 5 minutes. */
const SLOW_TIMES = 10;

/** Says of each chunk whether those of the last while, with it, came too slowly. */
function slowness(timeoutMs: number): (bytes: number) => boolean {
  let since = performance.now();
  let received = 0;
  return (bytes) => {
    received += bytes;
    const ms = performance.now() - since;
    if (ms < SLOW_TIMES * timeoutMs) return false;
    const isSlow = received < (ms / 1000) * LEAST_BYTES_PER_SECOND;
    since += ms;
    received = 0;
    return isSlow;
  };
}

function tooSlow(hub: HubSettings, subject: Subject): PrefineError {
  const rate = `less than ${LEAST_BYTES_PER_SECOND} bytes per second`;
  const message = `${describeSubject(subject)}: ${hub.endpoint} sends ${rate}`;
  return new PrefineError("hub", message, "Try again later: the download resumes where it stopped.");
}

async function append({ part, hash }: Filling, chunk: Uint8Array): Promise<void> {
  await part.append(chunk).catch((cause: NodeJS.ErrnoException) => {
    const hint = cause.code === "ENOSPC" ? "Free some space, or set HF_HOME to a larger disk." : undefined;
    throw new PrefineError("io", `${part.path}: cannot write (${cause.message})`, hint, { cause });
  });
  hash.update(chunk);
}

async function restart(filling: Filling, file: RemoteFile): Promise<void> {
  await filling.part.restart();
  filling.hash = newHash(file);
}

function newHash(file: RemoteFile): Hash {
  return file.sha256 ? createHash("sha256") : createHash("sha1").update(`blob ${file.size}\0`);
}

/** Opens a new or existing part file and hashes its bytes. */
async function hashPart(part: PartFile, file: RemoteFile): Promise<Filling> {
  const filling = { part, hash: newHash(file) };
  if (part.size > file.size) await restart(filling, file);
  else if (part.size > 0) for await (const chunk of part.read()) filling.hash.update(chunk);
  return filling;
}
