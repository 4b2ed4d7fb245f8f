/** @file A file as byte ranges: what readers of big files ask for, so that they run over disk, memory or HTTP alike. */

/** Like an ArrayBuffer whose parts arrive when they are asked for (hyparquet's AsyncBuffer). */
export interface ByteSource {
  /** Bytes of the whole file. */
  byteLength: number;
  /** Bytes [start, end) of the file; `end` defaults to its end. */
  slice(start: number, end?: number): Promise<ArrayBuffer> | ArrayBuffer;
}

/** Bytes in memory as a source. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    byteLength: bytes.length,
    slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
  };
}
