/** @file Reads files on disk: whole, in parts, or in consecutive pieces. */
import { createReadStream } from "node:fs";
import { access, open, readFile, stat } from "node:fs/promises";
import { PrefineError } from "../errors.ts";
import { refuseLongText } from "../formats/textEncoding.ts";
import { ioError } from "./ioError.ts";
import type { OpenFile } from "./storage.ts";

/**
 * A path that is no folder and no pipe or device, whose reading might never end. One that is absent is fine.
 * @throws PrefineError("io") naming what it is.
 */
export async function regular(path: string): Promise<string> {
  const state = await stat(path).catch(() => undefined);
  if (!state || state.isFile()) return path;
  const found = state.isDirectory() ? "a folder" : "a pipe or device";
  throw new PrefineError("io", `${path}: expected a file, found ${found}`, "Move it, or name another folder.");
}

/** Undefined if there is no such file. @throws PrefineError("io"). */
export function readWhole(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return unlessAbsent(path, async () => new Uint8Array(await readFile(path))); // not a Buffer, whose memory is shared
}

/** Undefined if there is no such file. @throws PrefineError("io"). */
export function readText(path: string): Promise<string | undefined> {
  return unlessAbsent(path, () => wholeText(path));
}

/** fs.readFile of a text. @throws PrefineError("data") for one that is longer than a string can be. */
export async function wholeText(path: string): Promise<string> {
  refuseLongText((await stat(path)).size, path);
  return readFile(path, "utf8");
}

/** Opens a file for reading in parts. @throws PrefineError("io"), also later. */
export function openFile(path: string): Promise<OpenFile | undefined> {
  return unlessAbsent(path, async () => {
    const handle = await open(path, "r");
    const { size } = await handle.stat().catch(async (error) => {
      await handle.close();
      throw error;
    });
    return {
      byteLength: size,
      slice: async (start, end = size) => {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
        let done = 0;
        while (done < bytes.length) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done).catch((cause) => {
            throw ioError(cause, path, "read");
          });
          if (bytesRead === 0) break; // the file shrank
          done += bytesRead;
        }
        return done < bytes.length ? bytes.buffer.slice(0, done) : bytes.buffer;
      },
      close: () => handle.close(),
    };
  });
}

/** Bytes [start, end) in pieces of a megabyte. @throws PrefineError("io"). */
export async function* readPieces(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { start, end: end - 1, highWaterMark: 2 ** 20 });
  } catch (cause) {
    throw ioError(cause, path, "read");
  }
}

/** Whether a file or folder exists. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Bytes of a file; undefined if it can't be found. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function unlessAbsent<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw ioError(cause, path, "read");
  }
}
