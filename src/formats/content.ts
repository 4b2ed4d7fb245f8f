/** @file Content for a file: text, bytes in pieces, or bytes generated while writing. */

/** Text, or bytes in pieces (so that a model larger than one typed array can be written). */
export type Content = string | readonly Uint8Array[] | Streamed;

/** Bytes generated while writing: the rows of a dataset. */
export interface Pieces {
  pieces(): AsyncIterable<Uint8Array>;
}

/** Bytes of a known length, generated while writing: for a model, one tensor at a time. */
export interface Streamed extends Pieces {
  byteLength: number;
}

/** Size in bytes of a file with this content. */
export function byteLength(content: Content): number {
  if (typeof content === "string") return new TextEncoder().encode(content).length;
  if ("pieces" in content) return content.byteLength;
  return content.reduce((sum, piece) => sum + piece.byteLength, 0);
}
