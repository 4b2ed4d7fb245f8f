/** @file Byte ranges of a stream: for readers that go forward, with a few places at a time. */
import type { ByteSource } from "../../formats/byteSource.ts";
import { giveTurn } from "../../host.ts";

type PieceIterator = AsyncGenerator<Uint8Array>;

/** A stream that was read up to `position`, with all its pieces up to there. */
export interface Continued {
  iterator: PieceIterator;
  pieces: Uint8Array[];
  position: number;
}

/** A place in the stream, with the bytes of the last range: the next one may begin within it. */
interface Cursor extends Continued {
  /** The first byte of `pieces`. */
  first: number;
  isAtEnd: boolean;
  /** When it was last used. */
  used: number;
}

/** Streams that are open at once: a pass over the rows, and others beside it. */
const MOST_CURSORS = 3;
/** Milliseconds after which a stream that is not read is closed. */
const IDLE_MS = 10_000;

/** A source whose ranges come from a stream that is started again for a range before the others. */
export class StreamedSource implements ByteSource {
  readonly #start: () => PieceIterator;
  readonly #check: () => void;
  readonly #cursors: Cursor[];
  #byteLength = Number.MAX_SAFE_INTEGER;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param start starts the stream. @param continued one that has been read in part. @param check called per piece. */
  constructor(start: () => PieceIterator, continued: Continued, check: () => void) {
    this.#start = start;
    this.#check = check;
    this.#cursors = [{ ...continued, first: 0, isAtEnd: false, used: 0 }];
  }

  /** 2^53 - 1 until a range has reached the end. */
  get byteLength(): number {
    return this.#byteLength;
  }

  slice(from: number, to = this.#byteLength): Promise<ArrayBuffer> {
    const range = this.#last.then(() => this.#read(from, to)); // one range after another: a stream has one reader
    this.#last = range.catch(() => {});
    return range;
  }

  async #read(from: number, to: number): Promise<ArrayBuffer> {
    await giveTurn();
    const cursor = await this.#cursorFor(from);
    cursor.used = ++this.#count;
    try {
      await advance(cursor, from, to, this.#check);
    } catch (error) {
      await this.#close(cursor);
      throw error;
    }
    if (cursor.isAtEnd) this.#byteLength = cursor.position;
    this.#closeLater();
    return copyOf(cursor, from, Math.min(to, cursor.position));
  }

  /** The stream that is the shortest way before a byte. */
  async #cursorFor(from: number): Promise<Cursor> {
    const able = this.#cursors.filter(({ first }) => first <= from).sort((a, b) => b.position - a.position);
    if (able.length > 0) return able.find(({ position }) => position <= from) ?? able[able.length - 1];
    if (this.#cursors.length === MOST_CURSORS) await this.#close(this.#cursors.toSorted((a, b) => a.used - b.used)[0]);
    const cursor = { iterator: this.#start(), pieces: [], position: 0, first: 0, isAtEnd: false, used: 0 };
    this.#cursors.push(cursor);
    return cursor;
  }

  #close(cursor: Cursor): Promise<unknown> {
    this.#cursors.splice(this.#cursors.indexOf(cursor), 1);
    return cursor.iterator.return(undefined).catch(() => {});
  }

  #closeLater(): void {
    clearTimeout(this.#timer);
    const close = () => this.#cursors.slice().forEach((cursor) => void this.#close(cursor));
    this.#timer = setTimeout(() => {
      this.#last = this.#last.then(close); // after a range that is being read
    }, IDLE_MS);
    (this.#timer as { unref?: () => void }).unref?.();
  }
}

/** Reads up to a byte behind the range, so that its end is known as the end. */
async function advance(cursor: Cursor, from: number, to: number, check: () => void): Promise<void> {
  drop(cursor, from);
  while (cursor.position <= to && !cursor.isAtEnd) {
    check();
    const { value, done } = await cursor.iterator.next();
    if (done === true) cursor.isAtEnd = true;
    else {
      cursor.pieces.push(value);
      cursor.position += value.length;
      drop(cursor, from);
    }
  }
}

/** Forgets pieces that end before the range. */
function drop(cursor: Cursor, from: number): void {
  let dropped = 0;
  for (const { length } of cursor.pieces) {
    if (cursor.first + length > from) break;
    cursor.first += length;
    dropped++;
  }
  if (dropped > 0) cursor.pieces.splice(0, dropped);
}

function copyOf({ pieces, first }: Cursor, from: number, to: number): ArrayBuffer {
  const bytes = new Uint8Array(Math.max(0, to - from));
  let at = first;
  for (const piece of pieces) {
    if (at >= to) break;
    const part = piece.subarray(Math.max(0, from - at), to - at);
    bytes.set(part, Math.max(0, at - from));
    at += piece.length;
  }
  return bytes.buffer;
}
