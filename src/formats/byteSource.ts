/** @file A file as byte ranges: the source of readers of big files, which then work over disk, memory or HTTP. */

/** Like an ArrayBuffer whose parts are loaded on demand (hyparquet's AsyncBuffer). */
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
