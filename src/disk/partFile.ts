/**
 * @file A file that is filled over several attempts, maybe by several processes. Its bytes collect beside it, in
 * `FILE.PID-RANDOM.prefine.incomplete`; only when it is whole does it get its name. What a failed or killed attempt
 * left is adopted by the next one.
 */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "./makeFolder.ts";
import { isAlive } from "./processIdentity.ts";

/** A part that has not grown for so long (ms) belongs to nobody, even if a process of its number lives. */
const ABANDONED_MS = 120_000;

export interface PartFile {
  readonly path: string;
  /** Bytes in it. */
  readonly size: number;
  append(chunk: Uint8Array): Promise<void>;
  /** Empties it. */
  restart(): Promise<void>;
  /** What is in it. */
  read(): AsyncIterable<Uint8Array>;
  /** It is whole: it gets the file's name. */
  finish(): Promise<void>;
  /** It is not: what is in it is left for the next attempt. */
  giveBack(): Promise<void>;
}

/** Adopts what an earlier attempt at `file` left, or begins an empty part. Errors are the operating system's. */
export async function openPart(file: string): Promise<PartFile> {
  makeFolder(dirname(file));
  const path = partPath(file, process.pid);
  for (const name of await readdir(dirname(file))) {
    const left = join(dirname(file), name);
    if (!(await isAbandoned(left, basename(file)))) continue;
    if (!(await rename(left, path).catch(() => "gone"))) break; // renaming is the claim: one process wins
  }
  const handle = await open(path, (await stat(path).catch(() => undefined)) ? "r+" : "wx+");
  return partOf(file, path, { handle, size: (await handle.stat()).size });
}

function partOf(file: string, path: string, state: { handle: FileHandle; size: number }): PartFile {
  const { handle } = state;
  return {
    path,
    get size() {
      return state.size;
    },
    async append(chunk) {
      for (let written = 0; written < chunk.length; ) {
        const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, state.size + written);
        written += bytesWritten;
      }
      state.size += chunk.length;
    },
    async restart() {
      await handle.truncate(0);
      state.size = 0;
    },
    read: () => createReadStream(path),
    async finish() {
      await handle.sync();
      await handle.close();
      await rename(path, file);
    },
    async giveBack() {
      await handle.close().catch(() => {}); // closed already where its name could not be given
      if (state.size === 0) await rm(path, { force: true });
      else await rename(path, partPath(file, 0)).catch(() => {});
    },
  };
}

function partPath(file: string, owner: number): string {
  return `${file}.${owner}-${randomBytes(4).toString("hex")}.prefine.incomplete`;
}

/** True for a part of this file whose process is gone (owner 0: it gave up), or which nobody has written to lately. */
async function isAbandoned(path: string, fileName: string): Promise<boolean> {
  const name = basename(path);
  const owner = /^\.(\d+)-[0-9a-f]{8}\.prefine\.incomplete$/.exec(name.slice(fileName.length))?.[1];
  if (!name.startsWith(`${fileName}.`) || owner === undefined) return false;
  if (owner === "0" || !isAlive(Number(owner))) return true;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > ABANDONED_MS;
}
