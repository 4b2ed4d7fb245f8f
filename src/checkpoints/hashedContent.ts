/** @file Hashes the content of a file while it is written, so that nothing is read twice. */
import type { Hash } from "../disk/storage.ts";
import { byteLength, type Content } from "../formats/content.ts";

/** Bytes per update, some milliseconds: timers and signals run between two. */
const PIECE = 4 * 2 ** 20;

/** The same content, which updates `hash` with each piece that is written. */
export function hashedContent(content: Content, hash: Hash): Content {
  if (typeof content === "string") {
    hash.update(new TextEncoder().encode(content)); // texts are small
    return content;
  }
  const whole = "pieces" in content ? content.pieces() : content;
  async function* pieces() {
    for await (const large of whole) {
      for (let start = 0; start < large.length; start += PIECE) {
        const piece = large.subarray(start, start + PIECE);
        hash.update(piece);
        yield piece;
      }
    }
  }
  return { byteLength: byteLength(content), pieces };
}
