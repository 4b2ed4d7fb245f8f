/**
 * @file A file that is filled over several attempts, possibly by several processes. Its bytes are collected next to it
 * in `FILE.PID-RANDOM.prefine.incomplete`, which gets the file's name only when complete. The next attempt adopts the
 * bytes of a failed or killed one.
 */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "./makeFolder.ts";
import { isAlive } from "./processIdentity.ts";

/** A part that has not grown for this long (ms) is abandoned, even if a process with its id is alive. */
const ABANDONED_MS = 120_000;

export interface PartFile {
  readonly path: string;
  /** Current bytes. */
  readonly size: number;
  append(chunk: Uint8Array): Promise<void>;
  /** Empties it. */
  restart(): Promise<void>;
  /** The current content. */
  read(): AsyncIterable<Uint8Array>;
  /** Call it when the part is complete: gives it the file's name. */
  finish(): Promise<void>;
  /** Call it when the part is incomplete: leaves its content for the next attempt. */
  giveBack(): Promise<void>;
}

/** Adopts the part of an earlier attempt at `file`, or begins an empty one. Errors are the operating system's. */
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
      await handle.close().catch(() => {}); // already closed if finish() could not rename it
      if (state.size === 0) await rm(path, { force: true });
      else await rename(path, partPath(file, 0)).catch(() => {});
    },
  };
}

function partPath(file: string, owner: number): string {
  return `${file}.${owner}-${randomBytes(4).toString("hex")}.prefine.incomplete`;
}

/** True for a part of this file whose process is gone (owner 0: it gave up) or that has not been written lately. */
async function isAbandoned(path: string, fileName: string): Promise<boolean> {
  const name = basename(path);
  const owner = /^\.(\d+)-[0-9a-f]{8}\.prefine\.incomplete$/.exec(name.slice(fileName.length))?.[1];
  if (!name.startsWith(`${fileName}.`) || owner === undefined) return false;
  if (owner === "0" || !isAlive(Number(owner))) return true;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > ABANDONED_MS;
}
