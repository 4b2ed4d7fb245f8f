/** @file A file as byte ranges: the source of readers of big files, which then work over disk, memory or HTTP. */

/** Like an ArrayBuffer whose parts are loaded on demand (hyparquet's AsyncBuffer). */
export interface ByteSource {
  /** Bytes of the whole file. Of a stream, 2^53 - 1 until a slice has reached its end. */
  readonly byteLength: number;
  /** True if the file continues after these bytes, which are as much of it as is read. */
  readonly isCut?: boolean;
  /** Bytes [start, end) of the file, fewer at the end of a stream; `end` defaults to its end. */
  slice(start: number, end?: number): Promise<ArrayBuffer> | ArrayBuffer;
}

/** Bytes in memory as a source. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    byteLength: bytes.length,
    slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
  };
}

/** Bytes in memory, in pieces, as a source. */
export function piecesSource(pieces: readonly Uint8Array[]): ByteSource {
  const starts: number[] = [];
  let byteLength = 0;
  for (const { length } of pieces) {
    starts.push(byteLength);
    byteLength += length;
  }
  const slice = (start: number, end = byteLength) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start));
    for (let i = indexOfPiece(starts, start); i < pieces.length && starts[i] < start + bytes.length; i++) {
      const from = Math.max(0, start - starts[i]);
      const piece = pieces[i].subarray(from, start + bytes.length - starts[i]);
      bytes.set(piece, starts[i] + from - start);
    }
    return bytes.buffer;
  };
  return { byteLength, slice };
}

/** The last piece that starts at or before this byte. */
function indexOfPiece(starts: readonly number[], byte: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= byte) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}
