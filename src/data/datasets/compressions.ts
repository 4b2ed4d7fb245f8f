/** @file Compressed data files: how each kind is recognized, and its content as a stream of bytes. */
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { PrefineError } from "../../errors.ts";
import { bunzip2 } from "../../formats/bzip2.ts";
import { unxz } from "../../formats/xz.ts";
import { zstdReader } from "../../formats/zstd.ts";
import { turnTaker } from "../../host.ts";
import { grouped } from "../../phrases.ts";

type Pieces = AsyncIterable<Uint8Array>;

/** How a compression is read, or undone by a command where it isn't read. */
export interface Compression {
  name: string;
  /** First bytes, in hexadecimal: what datasets goes by, too. */
  start: RegExp;
  command: string;
  pieces?: (path: string) => Pieces;
}

const COMPRESSIONS: readonly Compression[] = [
  { name: "gz", start: /^1f8b/, command: "gunzip", pieces: gunzip },
  { name: "bz2", start: /^425a683[1-9](314159265359|177245385090)/, command: "bunzip2", pieces: readBzip2 },
  { name: "xz", start: /^fd377a585a00/, command: "xz -d", pieces: readXz },
  { name: "zst", start: /^28b52ffd/, command: "zstd -d", pieces: unzstd },
  { name: "lz4", start: /^04224d18/, command: "lz4 -d" },
  { name: "zip", start: /^504b0304/, command: "unzip" },
  { name: "7z", start: /^377abcaf271c/, command: "7z x" },
  { name: "rar", start: /^526172211a07/, command: "unrar x" },
];

/** The compression of a file by its first bytes, as datasets finds it, or by its name; undefined: none. */
export async function compressionOf(path: string): Promise<Compression | undefined> {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(10)).finally(() => file.close());
  const start = buffer.toString("hex", 0, bytesRead);
  return (
    COMPRESSIONS.find((one) => one.start.test(start)) ??
    COMPRESSIONS.find(({ name }) => path.toLowerCase().endsWith(`.${name}`))
  );
}

/**
 * The content of a compressed file, piece by piece: a MiB or so is in memory, whatever the file holds. Each iteration
 * decompresses it from its beginning.
 * @param shown its name in messages.
 * @throws PrefineError("data") where it is damaged, with the bytes of content before that, or is of a kind that is not
 *   read.
 */
export async function* contentPieces(
  path: string,
  shown: string,
  { name, command, pieces: read }: Compression,
): AsyncGenerator<Uint8Array> {
  if (read === undefined) {
    const message = `${shown}: expected a data file, or one as .gz, .bz2, .xz or .zst; found a .${name} file`;
    throw new PrefineError("data", message, `Decompress it first: ${command}.`);
  }
  let bytes = 0;
  try {
    for await (const piece of read(path)) {
      if (piece.length === 0) continue;
      bytes += piece.length;
      yield piece;
    }
  } catch (error) {
    if (error instanceof PrefineError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    const kind = name === "gz" ? "gzip" : `.${name}`;
    const problem = `${(error as Error).message} (after ${grouped(bytes)} bytes of content)`;
    throw new PrefineError("data", `${shown}: not a complete ${kind} file: ${problem}`, "Download or write it again.");
  }
}

async function* gunzip(path: string): Pieces {
  const file = createReadStream(path);
  const content = createGunzip({ chunkSize: 2 ** 18 });
  file.on("error", (error) => content.destroy(error));
  file.pipe(content);
  try {
    yield* content as AsyncIterable<Buffer>;
  } finally {
    file.destroy();
  }
}

/** Bytes that are read at once. */
const READ_BYTES = 2 ** 16;

/** Its decoder asks for bits wherever it is, so the file is read synchronously, 64 KiB at a time. */
async function* readBzip2(path: string): Pieces {
  const turn = turnTaker();
  const file = openSync(path, "r");
  const next = (): Uint8Array | undefined => {
    const bytes = new Uint8Array(READ_BYTES);
    const count = readSync(file, bytes);
    return count === 0 ? undefined : bytes.subarray(0, count);
  };
  try {
    for (const piece of bunzip2(next)) {
      yield piece;
      await turn();
    }
  } finally {
    closeSync(file);
  }
}

async function* readXz(path: string): Pieces {
  const file = createReadStream(path);
  try {
    yield* unxz(Readable.toWeb(file) as ReadableStream<Uint8Array>);
  } finally {
    file.destroy();
  }
}

/** Compressed bytes that are read at once: 4 of them may hold 128 KiB. */
const ZSTD_BYTES = 2 ** 9;

async function* unzstd(path: string): Pieces {
  let ready: Uint8Array[] = [];
  const push = zstdReader((piece) => ready.push(piece));
  const turn = turnTaker();
  for await (const piece of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const bytes = piece as Uint8Array;
    for (let at = 0; at < bytes.length; at += ZSTD_BYTES) {
      push(bytes.subarray(at, at + ZSTD_BYTES), false);
      yield* ready;
      ready = [];
      await turn();
    }
  }
  push(new Uint8Array(0), true);
  yield* ready;
}
