/** @file bzip2: the content of a .bz2 file in pieces, with its checksums checked. */

/** BZh */
const STREAM = 0x425a68;
const BLOCK = 0x314159265359;
const END = 0x177245385090;
/** Bytes of a piece: a block of 900 kB may hold 46 MB of one byte. */
const PIECE = 2 ** 20;
/** Codes per table, and the longest code. */
const GROUP = 50;
const LONGEST = 20;

/** The next bytes of the file; undefined at its end. */
export type NextBytes = () => Uint8Array | undefined;

class BitReader {
  readonly #more: NextBytes;
  #bytes: Uint8Array = new Uint8Array(0);
  #next = 0;
  #buffer = 0;
  #bits = 0;

  constructor(more: NextBytes) {
    this.#more = more;
  }

  /** Whether there is a byte at `#next`. */
  #hasByte(): boolean {
    while (this.#next >= this.#bytes.length) {
      const more = this.#more();
      if (more === undefined) return false;
      [this.#bytes, this.#next] = [more, 0];
    }
    return true;
  }

  /** At most 24 bits. */
  read(count: number): number {
    while (this.#bits < count) {
      if (this.#next >= this.#bytes.length && !this.#hasByte()) throw new Error("it ends early");
      this.#buffer = ((this.#buffer << 8) | this.#bytes[this.#next++]) >>> 0;
      this.#bits += 8;
    }
    this.#bits -= count;
    const value = (this.#buffer >>> this.#bits) & ((1 << count) - 1);
    this.#buffer &= (1 << this.#bits) - 1;
    return value;
  }

  /** 48 or 32 bits. */
  readLong(count: 32 | 48): number {
    return this.read(count - 24) * 2 ** 24 + this.read(24);
  }

  /** Continues at the next whole byte; whether only zeros follow, as on a tape. */
  isAtEnd(): boolean {
    this.#bits = 0;
    this.#buffer = 0;
    if (this.#hasByte() && this.#bytes[this.#next] !== 0) return false;
    for (; this.#hasByte(); this.#next++)
      if (this.#bytes[this.#next] !== 0) throw new Error("expected the start of a bzip2 stream");
    return true;
  }
}

/**
 * The content of a .bz2 file, of all its streams.
 * @throws Error where it is damaged or ends early. Python ignores other bytes after a stream, with them a damaged one.
 */
export function* bunzip2(next: NextBytes): Generator<Uint8Array> {
  const bits = new BitReader(next);
  do {
    if (bits.read(24) !== STREAM) throw new Error("expected the start of a bzip2 stream");
    const level = bits.read(8) - 0x30;
    if (level < 1 || level > 9) throw new Error("wrong block size");
    let checksum = 0;
    for (let magic = bits.readLong(48); magic !== END; magic = bits.readLong(48)) {
      if (magic !== BLOCK) throw new Error("a block is damaged");
      checksum = (((checksum << 1) | (checksum >>> 31)) ^ (yield* readBlock(bits, level * 100_000))) >>> 0;
    }
    if (bits.readLong(32) !== checksum) throw new Error("wrong checksum");
  } while (!bits.isAtEnd());
}

function* readBlock(bits: BitReader, size: number): Generator<Uint8Array, number> {
  const expected = bits.readLong(32);
  if (bits.read(1) === 1) throw new Error("its blocks are randomized, as those of bzip2 before 0.9.5");
  const origin = bits.read(24);
  const { order, length } = readOrder(bits, size);
  if (origin >= length) throw new Error("a block is damaged");
  const checksum = yield* unpackRuns(order, length, origin);
  if (checksum !== expected) throw new Error("wrong checksum of a block");
  return checksum;
}

/** The last column of the sorted rotations, each with the place of the next one in the upper 24 bits. */
function readOrder(bits: BitReader, size: number): { order: Uint32Array; length: number } {
  const symbols = readSymbols(bits);
  const next = symbolReader(bits, symbols.length + 2);
  const order = new Uint32Array(size);
  const counts = new Uint32Array(257);
  let length = 0;
  const put = (byte: number, times: number) => {
    if (length + times > size) throw new Error("a block is too long");
    order.fill(byte, length, length + times);
    length += times;
    counts[byte + 1] += times;
  };
  const end = symbols.length + 1;
  for (let [run, weight] = [0, 1]; ; ) {
    const symbol = next();
    if (symbol <= 1) {
      run += weight << symbol;
      weight *= 2;
      if (weight > 2 ** 21) throw new Error("a block is too long");
      continue;
    }
    if (run > 0) put(symbols[0], run);
    [run, weight] = [0, 1];
    if (symbol === end) break;
    const byte = symbols[symbol - 1];
    symbols.copyWithin(1, 0, symbol - 1);
    symbols[0] = byte;
    put(byte, 1);
  }
  for (let byte = 1; byte < 256; byte++) counts[byte] += counts[byte - 1];
  for (let at = 0; at < length; at++) order[counts[order[at] & 255]++] |= at << 8;
  return { order, length };
}

/** The bytes that the block has, in order. */
function readSymbols(bits: BitReader): Uint8Array {
  const ranges = bits.read(16);
  const symbols: number[] = [];
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >> range)) === 0) continue;
    const used = bits.read(16);
    for (let i = 0; i < 16; i++) if ((used & (0x8000 >> i)) !== 0) symbols.push(range * 16 + i);
  }
  if (symbols.length === 0) throw new Error("a block is damaged");
  return Uint8Array.from(symbols);
}

/** A function that reads the next code, by the table that is in use for its group of 50. */
function symbolReader(bits: BitReader, numSymbols: number): () => number {
  const numTables = bits.read(3);
  if (numTables < 2 || numTables > 6) throw new Error("a block is damaged");
  const recent = Array.from({ length: numTables }, (_, i) => i);
  const selectors = Array.from({ length: bits.read(15) }, () => {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= numTables) throw new Error("a block is damaged");
    const [table] = recent.splice(place, 1);
    recent.unshift(table);
    return table;
  });
  const tables = Array.from({ length: numTables }, () => readTable(bits, numSymbols));
  let read = 0;
  return () => {
    const table = tables[selectors[Math.floor(read++ / GROUP)]];
    if (table === undefined) throw new Error("a block is damaged");
    let code = 0;
    for (let length = 1; length <= LONGEST; length++) {
      code = (code << 1) | bits.read(1);
      const place = code - table.first[length];
      if (place < table.count[length]) return table.symbols[table.start[length] + place];
    }
    throw new Error("a block is damaged");
  };
}

/** A canonical prefix code: its symbols by the length of their codes, and the first code of each length. */
interface Table {
  symbols: Uint16Array;
  start: Int32Array;
  first: Int32Array;
  count: Int32Array;
}

function readTable(bits: BitReader, numSymbols: number): Table {
  let length = bits.read(5);
  const lengths = Array.from({ length: numSymbols }, () => {
    for (;;) {
      if (length < 1 || length > LONGEST) throw new Error("a block is damaged");
      if (bits.read(1) === 0) return length;
      length += bits.read(1) === 0 ? 1 : -1;
    }
  });
  const [start, first, count] = [0, 1, 2].map(() => new Int32Array(LONGEST + 2));
  for (const one of lengths) count[one]++;
  const symbols: number[] = [];
  for (let bitCount = 1; bitCount <= LONGEST; bitCount++) {
    start[bitCount] = symbols.length;
    for (const [symbol, one] of lengths.entries()) if (one === bitCount) symbols.push(symbol);
    first[bitCount + 1] = (first[bitCount] + count[bitCount]) << 1;
  }
  return { symbols: Uint16Array.from(symbols), start, first, count };
}

/** Follows the order of a block; after four equal bytes, one says how often the byte repeats. */
function* unpackRuns(order: Uint32Array, length: number, origin: number): Generator<Uint8Array, number> {
  let piece = new Uint8Array(PIECE);
  let [filled, checksum, equal, last] = [0, 0xffffffff, 0, -1];
  let at = order[origin] >>> 8;
  for (let i = 0; i < length; i++) {
    const entry = order[at];
    const byte = entry & 255;
    at = entry >>> 8;
    const times = equal === 4 ? byte : 1;
    const written = equal === 4 ? last : byte;
    equal = equal === 4 ? 0 : byte === last ? equal + 1 : 1;
    last = equal === 0 ? -1 : byte;
    if (filled + times > PIECE) {
      yield piece.subarray(0, filled);
      [piece, filled] = [new Uint8Array(PIECE), 0];
    }
    for (let n = 0; n < times; n++) {
      piece[filled++] = written;
      checksum = (checksum << 8) ^ CHECKSUMS[((checksum >>> 24) ^ written) & 255];
    }
  }
  yield piece.slice(0, filled);
  return ~checksum >>> 0;
}

/** CRC-32 with the highest bit first. */
const CHECKSUMS = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value < 0 ? 0x04c11db7 : 0);
  return value;
});
