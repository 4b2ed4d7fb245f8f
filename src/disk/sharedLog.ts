/**
 * @file A file of lines that several processes append to. Each append is one write to its end, then a sync; nothing is
 * ever cut off, since another process may have written after what looks incomplete. For local disks: network disks
 * don't keep appends of several computers apart.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError } from "./ioError.ts";
import { makeFolder } from "./makeFolder.ts";
import { readPieces } from "./readFiles.ts";
import { syncFolder } from "./wholeFiles.ts";

/** Tells a file from one that replaced it, and what it contained from what it contains now. */
export interface FileState {
  size: number;
  /** Stays while the file is the same one. */
  file: string;
  /** Changes with the content. */
  content: string;
}

/** Undefined: there is no such file. @throws PrefineError("io") */
export async function fileState(path: string): Promise<FileState | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    const file = `${dev}:${ino}`;
    return { size: Number(size), file, content: `${file}:${size}:${mtimeNs}` };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw ioError(cause, path, "read");
  }
}

/** Attempts to write a text whole: a disk that was full may have space again. */
const ATTEMPTS = 2;

/**
 * Appends lines; they are on disk when the promise is fulfilled. Creates the file and its folder.
 * @param lines each with its end.
 * @param torn a line to write first, on a line of its own, if the file ends within a line: what a crash left, or what
 *   another process is writing.
 * @throws PrefineError("io"); a part of the lines may then be in the file.
 */
export async function appendLines(path: string, lines: string, torn: string): Promise<void> {
  try {
    makeFolder(dirname(path));
    const file = await open(path, "a+", 0o644);
    try {
      const { size } = await file.stat();
      for (let attempt = 1; !(await appendOnce(file, lines, torn)); attempt++) {
        if (attempt < ATTEMPTS) continue;
        throw Object.assign(new Error("ENOSPC: a part was written"), { code: "ENOSPC" });
      }
      await file.sync();
      if (size === 0) await syncFolder(dirname(path));
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError(cause, path);
  }
}

/** @returns false if only a part was written. The rest must not follow: another process may have written by now. */
async function appendOnce(file: FileHandle, lines: string, torn: string): Promise<boolean> {
  const { size } = await file.stat();
  const bytes = Buffer.from((await endsWithLine(file, size)) ? lines : `\n${torn}${lines}`);
  const { bytesWritten } = await file.write(bytes, 0, bytes.length, null);
  return bytesWritten === bytes.length;
}

async function endsWithLine(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] === 0x0a;
}

/** Bytes from `start` to the end that the file has now. @throws PrefineError("io") */
export async function bytesFrom(path: string, start: number, end: number): Promise<Uint8Array> {
  if (end <= start) return new Uint8Array();
  const pieces: Uint8Array[] = [];
  for await (const piece of readPieces(path, start, end)) pieces.push(piece);
  return Buffer.concat(pieces);
}
