/**
 * @file One file's content: from the hub into the cache's blobs, verified, resumed where it was cut.
 *
 * Bytes collect in `BLOB.PID-RANDOM.prefine.incomplete` beside the blob; only when the hash is right does the file get
 * the blob's name. What a failed or killed download left behind is adopted by the next one.
 */
import { createHash, type Hash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "../../disk/makeFolder.ts";
import { PrefineError } from "../../errors.ts";
import type { RemoteFile } from "./listing.ts";
import { describeSubject, type Subject, TryAgain } from "./refusals.ts";
import { send, withRetries } from "./requests.ts";
import type { HubSettings } from "./settings.ts";

/** Downloads whose bytes had the wrong hash before it is given up. */
const CORRUPT_DOWNLOADS = 3;
/** A part that has not grown for so long (ms) belongs to nobody, even if a process of its number lives. */
const ABANDONED_MS = 120_000;

export interface BlobRequest {
  url: string;
  subject: Subject;
  file: RemoteFile;
  /** Where the content goes. */
  blob: string;
  /** Called with the bytes of this file that are there by now (from 0 again if they proved to be wrong). */
  onBytes: (loaded: number) => void;
}

/** A file that is being filled. */
interface Part {
  path: string;
  handle: FileHandle;
  /** Bytes in the file, all of them in `hash`. */
  size: number;
  hash: Hash;
}

/** Downloads in this thread, by blob: a second request for the same content waits for the first. */
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
  makeFolder(dirname(request.blob));
  const part = await openPart(request);
  let finished = false;
  try {
    await fetchVerified(hub, request, part);
    await part.handle.sync();
    await part.handle.close();
    await rename(part.path, request.blob);
    finished = true;
  } finally {
    await part.handle.close().catch(() => {}); // closed already where all went well
    if (!finished) await giveBack(request, part);
  }
}

async function fetchVerified(hub: HubSettings, request: BlobRequest, part: Part): Promise<void> {
  const { file, subject } = request;
  for (let corrupt = 1; ; corrupt++) {
    request.onBytes(part.size);
    if (part.size < file.size) {
      await withRetries(
        hub,
        subject,
        () => fetchRest(hub, request, part),
        () => part.size,
      );
    }
    const found = part.hash.digest("hex");
    if (found === (file.sha256 ?? file.blobId)) return;
    await restart(part, file);
    if (corrupt < CORRUPT_DOWNLOADS) continue;
    const kind = file.sha256 ? "SHA-256" : "git SHA-1";
    throw new PrefineError(
      "hub",
      `${describeSubject(subject)}: what arrives is not what the hub lists: ${kind} ${found}; tried ${corrupt} times`,
      "Something between here and the hub changes the content (a proxy, a mirror?); another HF_ENDPOINT may help.",
    );
  }
}

/** One request for what is missing. Throws TryAgain if the answer ends early. */
async function fetchRest(hub: HubSettings, request: BlobRequest, part: Part): Promise<void> {
  const { file, subject } = request;
  const range = part.size > 0 ? `bytes=${part.size}-` : undefined;
  await send(hub, request.url, { subject, range }, async (response, alive) => {
    if (response.status !== 206 && part.size > 0) await restart(part, file); // the server sends all of it again
    for await (const chunk of response.body ?? []) {
      alive();
      await append(part, chunk.subarray(0, file.size - part.size)); // an answer longer than listed: the hash will tell
      request.onBytes(part.size);
      if (part.size === file.size) break;
    }
  });
  if (part.size < file.size) throw new TryAgain("the connection was cut");
}

async function append(part: Part, chunk: Uint8Array): Promise<void> {
  try {
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await part.handle.write(chunk, written, chunk.length - written, part.size + written);
      written += bytesWritten;
    }
  } catch (cause) {
    const full = (cause as NodeJS.ErrnoException).code === "ENOSPC";
    throw new PrefineError(
      "io",
      `${part.path}: cannot write (${(cause as Error).message})`,
      full ? "Free some space, or set HF_HOME to a larger disk." : undefined,
      { cause },
    );
  }
  part.hash.update(chunk);
  part.size += chunk.length;
}

async function restart(part: Part, file: RemoteFile): Promise<void> {
  await part.handle.truncate(0);
  part.size = 0;
  part.hash = newHash(file);
}

function newHash(file: RemoteFile): Hash {
  return file.sha256 ? createHash("sha256") : createHash("sha1").update(`blob ${file.size}\0`);
}

/** Adopts what an earlier download left, or begins an empty part. */
async function openPart({ blob, file }: BlobRequest): Promise<Part> {
  const path = partPath(blob, process.pid);
  for (const name of await readdir(dirname(blob))) {
    const left = join(dirname(blob), name);
    if (!(await isAbandoned(left, basename(blob)))) continue;
    if (!(await rename(left, path).catch(() => "gone"))) break; // renaming is the claim: one process wins
  }
  const handle = await open(path, await openFlags(path));
  const part: Part = { path, handle, size: 0, hash: newHash(file) };
  const { size } = await handle.stat();
  if (size > file.size) await restart(part, file);
  else if (size > 0) {
    for await (const chunk of createReadStream(path)) part.hash.update(chunk);
    part.size = size;
  }
  return part;
}

async function openFlags(path: string): Promise<string> {
  return (await stat(path).catch(() => undefined)) ? "r+" : "wx+";
}

function partPath(blob: string, owner: number): string {
  return `${blob}.${owner}-${randomBytes(4).toString("hex")}.prefine.incomplete`;
}

/** True for a part of this blob whose process is gone (owner 0: it gave up), or which nobody has written to lately. */
async function isAbandoned(path: string, blobName: string): Promise<boolean> {
  const name = basename(path);
  const owner = /^\.(\d+)-[0-9a-f]{8}\.prefine\.incomplete$/.exec(name.slice(blobName.length))?.[1];
  if (!name.startsWith(`${blobName}.`) || owner === undefined) return false;
  if (owner === "0" || !isAlive(Number(owner))) return true;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > ABANDONED_MS;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0); // signal 0 only asks
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // somebody else's process
  }
}

/** After a failure: leaves the bytes for the next download, or nothing if there are none. */
async function giveBack({ blob }: BlobRequest, part: Part): Promise<void> {
  if (part.size === 0) await rm(part.path, { force: true });
  else await rename(part.path, partPath(blob, 0)).catch(() => {});
}
