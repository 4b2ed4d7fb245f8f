/** @file The bytes of a data file on disk, decompressed if it is compressed. */
import { open, stat } from "node:fs/promises";
import { PrefineError } from "../../errors.ts";
import type { ByteSource } from "../../formats/byteSource.ts";
import { giveTurn } from "../../host.ts";
import { compressionOf } from "./compressions.ts";
import { decompressed, type Reading } from "./decompressed.ts";

/** Bytes of a plain file that are read where its beginning is enough. */
const BEGINNING = 2 ** 26;

/**
 * @param shown its name in messages.
 * @param reading how it is going to be read; `check` is called before each read, with a turn before.
 */
export async function openLocalFile(path: string, shown: string, reading: Reading): Promise<ByteSource> {
  const { check = () => {} } = reading;
  try {
    const { size: fileSize } = await stat(path);
    const compression = await compressionOf(path);
    if (compression) return inTurns(await decompressed(path, shown, compression, reading), check);
    const size = reading.use === "beginning" ? Math.min(fileSize, BEGINNING) : fileSize;
    const slice = async (start: number, end = size) => {
      check();
      return readRange(path, shown, start, end);
    };
    return { byteLength: size, isCut: size < fileSize, slice };
  } catch (error) {
    throw unreadable(shown, error as NodeJS.ErrnoException);
  }
}

function inTurns(source: ByteSource, check: () => void): ByteSource {
  return {
    get byteLength() {
      return source.byteLength;
    },
    isCut: source.isCut ?? false,
    async slice(start, end) {
      await giveTurn();
      check();
      return source.slice(start, end);
    },
  };
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
