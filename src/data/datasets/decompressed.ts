/** @file A compressed data file as byte ranges: in memory if its content is small, else decompressed while read. */
import { PrefineError } from "../../errors.ts";
import { type ByteSource, piecesSource } from "../../formats/byteSource.ts";
import { type Compression, contentPieces } from "./compressions.ts";
import { StreamedSource } from "./streamedSource.ts";

/** How a file is going to be read. */
export interface Reading {
  /**
   * Reads its rows from the beginning to the end, `parts`; ranges anywhere, `whole`; or no more than its first bytes,
   * `beginning`.
   */
  use: "parts" | "whole" | "beginning";
  /** Called between reads; may throw. */
  check?: () => void;
  /** Bytes of content that are held in memory. */
  most?: number | undefined;
}

/** Bytes of content that are held in memory, for each use: a .gz of 6 MB may hold 4 GB. */
const MOST_CONTENT = { parts: 2 ** 26, whole: 2 ** 30, beginning: 2 ** 26 };

/**
 * Content of more bytes than are held in memory is decompressed while it is read, again from its beginning where a
 * range is before the last ones.
 * @param shown its name in messages.
 * @throws PrefineError("data") if it is damaged or not read, or `whole` and of more bytes.
 */
export async function decompressed(
  path: string,
  shown: string,
  compression: Compression,
  { use, check = () => {}, most = MOST_CONTENT[use] }: Reading,
): Promise<ByteSource> {
  const start = () => contentPieces(path, shown, compression)[Symbol.asyncIterator]();
  const iterator = start();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let isAtEnd = false;
  while (bytes <= most) {
    check();
    const { value, done } = await iterator.next();
    if (done === true) {
      isAtEnd = true;
      break;
    }
    bytes += value.length;
    pieces.push(value.length < value.buffer.byteLength / 2 ? new Uint8Array(value) : value);
  }
  if (isAtEnd) return piecesSource(pieces);
  if (use === "parts") return new StreamedSource(start, { iterator, pieces, position: bytes }, check);
  await iterator.return(undefined);
  if (use === "whole") throw tooLarge(shown, compression, most);
  return { ...piecesSource(pieces), isCut: true };
}

function tooLarge(shown: string, { name, command }: Compression, most: number): PrefineError {
  const expected = `expected a .${name} file of at most ${most / 2 ** 20} MiB of content, which is held in memory`;
  const hint = `Decompress it with ${command}: ranges of a plain file are read from the disk.`;
  return new PrefineError("data", `${shown}: ${expected}, found more`, hint);
}
