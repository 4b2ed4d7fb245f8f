/** @file The bytes of a data file on disk, decompressed if it is compressed. */
import { open, stat } from "node:fs/promises";
import { PrefineError } from "../../errors.ts";
import type { ByteSource } from "../../formats/byteSource.ts";
import { giveTurn } from "../../host.ts";
import { compressionOf, decompressed } from "./decompressed.ts";

/** @param shown its name in messages. @param check called before each read, with a turn before; may throw. */
export async function openLocalFile(path: string, shown: string, check = () => {}): Promise<ByteSource> {
  try {
    const { size } = await stat(path);
    const compression = await compressionOf(path);
    if (compression) {
      const { byteLength, slice } = await decompressed(path, shown, compression);
      const inTurn = async (start: number, end?: number) => {
        await giveTurn();
        check();
        return slice(start, end);
      };
      return { byteLength, slice: inTurn };
    }
    const slice = async (start: number, end = size) => {
      check();
      return readRange(path, shown, start, end);
    };
    return { byteLength: size, slice };
  } catch (error) {
    throw unreadable(shown, error as NodeJS.ErrnoException);
  }
}

/** Opens the file for every range (a fraction of the reading time), so that no file stays open. */
async function readRange(path: string, shown: string, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  const file = await open(path).catch((error) => {
    throw unreadable(shown, error);
  });
  try {
    for (let read = 0; read < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, read, bytes.length - read, start + read);
      if (bytesRead === 0)
        throw new PrefineError(
          "data",
          `${shown}: the file was truncated while it was read`,
          "Is another program writing it?",
        );
      read += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes.buffer;
}

function unreadable(shown: string, error: NodeJS.ErrnoException): PrefineError {
  if (error instanceof PrefineError) return error;
  if (error.code === "ENOENT")
    return new PrefineError("data", `${shown}: no such file`, "Check the spelling of the path.");
  return new PrefineError("io", `${shown}: cannot be read (${error.message})`, "Check its read permissions.", {
    cause: error,
  });
}
