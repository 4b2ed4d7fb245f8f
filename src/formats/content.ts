/** @file What a file is to hold: a text, bytes in pieces, or bytes that are made while they are written. */

/** A text, or bytes in pieces (so that a model larger than one typed array can be written). */
export type Content = string | readonly Uint8Array[] | Streamed;

/** Bytes that are made while they are written: of a model, one tensor at a time. */
export interface Streamed {
  byteLength: number;
  pieces(): AsyncIterable<Uint8Array>;
}

/** Bytes that a file with this content has. */
export function byteLength(content: Content): number {
  if (typeof content === "string") return new TextEncoder().encode(content).length;
  if ("pieces" in content) return content.byteLength;
  return content.reduce((sum, piece) => sum + piece.byteLength, 0);
}
