/** @file The content of a compressed data file, in memory. */
import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { PrefineError } from "../../errors.ts";
import { type ByteSource, piecesSource } from "../../formats/byteSource.ts";
import { bunzip2 } from "../../formats/bzip2.ts";
import { unxz } from "../../formats/xz.ts";
import { turnTaker } from "../../host.ts";

/** Bytes of a compressed file's content, which is held in memory: a .gz of 6 MB may hold 4 GB. */
const MOST_CONTENT = 2 ** 30;

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
 * @param shown its name in messages.
 * @throws PrefineError("data") if it is damaged, its content has more than `most` bytes, or it is not read.
 */
export async function decompressed(
  path: string,
  shown: string,
  { name, command, pieces: read }: Compression,
  most = MOST_CONTENT,
): Promise<ByteSource> {
  if (read === undefined) {
    const message = `${shown}: expected a data file, or one as .gz, .bz2, .xz or .zst; found a .${name} file`;
    throw new PrefineError("data", message, `Decompress it first: ${command}.`);
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of read(path)) {
      bytes += piece.length;
      if (bytes > most) throw tooLarge(shown, { name, command, most });
      pieces.push(piece.length < piece.buffer.byteLength / 2 ? new Uint8Array(piece) : piece);
    }
  } catch (error) {
    if (error instanceof PrefineError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    const kind = name === "gz" ? "gzip" : `.${name}`;
    const message = `${shown}: not a complete ${kind} file: ${(error as Error).message}`;
    throw new PrefineError("data", message, "Download or write it again.");
  }
  return piecesSource(pieces);
}

interface Limit {
  name: string;
  command: string;
  most: number;
}

function tooLarge(shown: string, { name, command, most }: Limit): PrefineError {
  const expected = `expected a .${name} file of at most ${most / 2 ** 20} MiB of content, which is held in memory`;
  const hint = `Decompress it with ${command}: files of JSON Lines are read in parts.`;
  return new PrefineError("data", `${shown}: ${expected}, found more`, hint);
}

async function* gunzip(path: string): Pieces {
  const file = createReadStream(path);
  const content = createGunzip({ chunkSize: 2 ** 20 });
  file.on("error", (error) => content.destroy(error));
  file.pipe(content);
  try {
    yield* content as AsyncIterable<Buffer>;
  } finally {
    file.destroy();
  }
}

async function* readBzip2(path: string): Pieces {
  const turn = turnTaker();
  for (const piece of bunzip2(await readFile(path))) {
    yield piece;
    await turn();
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
const ZSTD_BYTES = 2 ** 12;

async function* unzstd(path: string): Pieces {
  let ready: Uint8Array[] = [];
  const content = new Decompress((piece) => ready.push(piece));
  for await (const piece of createReadStream(path, { highWaterMark: ZSTD_BYTES })) {
    content.push(piece);
    yield* ready;
    ready = [];
  }
  content.push(new Uint8Array(0), true);
  yield* ready;
}
