/** @file zstd: the content of a .zst file or of a page of parquet, in pieces, within a bound of work. */
import { Decompress } from "fzstd";

/**
 * Bytes that the decoder moves: for each block, which holds 128 KiB or less, it moves its whole window. A file of 1 GB
 * as zstd writes it (a window of 2 or 8 MiB) needs 64 GB; a hostile one asks for 2 GB per block of no content.
 */
const MOST_WORK = 2 ** 43;
/** Bytes of a window, as zstd -d has it without --long=28 and more. */
const LARGEST_WINDOW = 2 ** 27;
/** Blocks of less than this many bytes, which cost as much as others. */
const SMALL_BLOCK = 2 ** 10;
/** Bytes that are moved for small blocks: 10 s or so. */
const MOST_SMALL_WORK = 2 ** 34;

/** The decoder's state of a frame: its window, once its header has been read. */
interface Frame {
  s?: { w?: { length: number } } | number;
}

/**
 * @param onPiece receives the content, piece by piece.
 * @param mostWork bytes that the decoder may move.
 * @returns a function for the next bytes of the file; it throws an Error where the file is damaged or asks for more
 *   work than honest files need.
 */
export function zstdReader(
  onPiece: (piece: Uint8Array) => void,
  mostWork = MOST_WORK,
): (bytes: Uint8Array, last: boolean) => void {
  let [work, small] = [0, 0];
  const stream = new Decompress((piece) => {
    const { s: frame } = stream as unknown as Frame;
    const window = typeof frame === "object" ? (frame.w?.length ?? 0) : 0;
    if (window > LARGEST_WINDOW) throw new Error(`its window is larger than 128 MiB; decompress it with zstd -d`);
    work += window;
    if (piece.length < SMALL_BLOCK) small += window;
    if (work > mostWork || small > MOST_SMALL_WORK)
      throw new Error("it has too many small blocks; decompress it with zstd -d");
    if (piece.length > 0) onPiece(piece);
  });
  return (bytes, last) => stream.push(bytes, last);
}
