/** @file Texts of a GGUF header that begin with U+FEFF, which @huggingface/gguf drops as a byte order mark. */

const MARK = [0xef, 0xbb, 0xbf];
/** Bytes of a value by its type: 8 is a string, 9 an array. */
const SIZES: Record<number, number> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const STRING = 8;
const ARRAY = 9;

class Walk {
  private readonly view: DataView;
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Version 1 counts in 32 bits. */
  private readonly isWide: boolean;
  private at = 8;

  constructor(header: Uint8Array) {
    this.view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    this.isWide = this.view.getUint32(4, true) > 1;
  }

  count(): number {
    const value = this.isWide ? Number(this.view.getBigUint64(this.at, true)) : this.view.getUint32(this.at, true);
    this.at += this.isWide ? 8 : 4;
    return value;
  }

  type(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  text(): string {
    const length = this.count();
    const start = this.view.byteOffset + this.at;
    this.at += length;
    return this.decoder.decode(new Uint8Array(this.view.buffer, start, length));
  }

  /** A text, a list of texts, or undefined for others, which are skipped. */
  value(type = this.type()): string | string[] | undefined {
    if (type === STRING) return this.text();
    if (type !== ARRAY) {
      this.at += SIZES[type];
      return undefined;
    }
    const itemType = this.type();
    const length = this.count();
    if (itemType === STRING) return Array.from({ length }, () => this.text());
    if (itemType === ARRAY) for (let i = 0; i < length; i++) this.value(ARRAY);
    else this.at += length * SIZES[itemType];
    return undefined;
  }
}

/**
 * The texts, and lists of texts, of a header in which one begins with the mark: key -> value.
 * @param header the bytes up to the tensors, of a file that was read without an error.
 */
export function markedTexts(header: Uint8Array): Map<string, string | string[]> {
  const marked = new Map<string, string | string[]>();
  if (!hasMark(header)) return marked;
  const walk = new Walk(header);
  walk.count(); // tensors
  const keys = walk.count();
  for (let i = 0; i < keys; i++) {
    const key = walk.text();
    const value = walk.value();
    const isMarked = Array.isArray(value) ? value.some(startsWithMark) : value !== undefined && startsWithMark(value);
    if (isMarked) marked.set(key, value as string | string[]);
  }
  return marked;
}

const startsWithMark = (text: string): boolean => text.startsWith("\ufeff");

function hasMark(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(MARK[0]); at >= 0; at = bytes.indexOf(MARK[0], at + 1)) {
    if (bytes[at + 1] === MARK[1] && bytes[at + 2] === MARK[2]) return true;
  }
  return false;
}
