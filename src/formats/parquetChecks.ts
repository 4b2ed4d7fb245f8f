/** @file Checks of a parquet file's thrift and pages before the library reads them: it trusts all their numbers. */

/** Bytes [at, end) of a file, as they are walked. */
interface Walk {
  bytes: Uint8Array;
  at: number;
}

const damaged = (what: string) => new Error(`damaged: ${what}`);

/** Bytes of a number of 64 bits in groups of 7. */
const LONGEST_NUMBER = 10;
/** Structs and lists within each other; the footer of the format has 6. */
const DEEPEST = 32;

function byteOf(walk: Walk): number {
  if (walk.at >= walk.bytes.length) throw damaged("a structure that does not end");
  return walk.bytes[walk.at++];
}

function numberOf(walk: Walk): number {
  let value = 0;
  for (let i = 0; i < LONGEST_NUMBER; i++) {
    const byte = byteOf(walk);
    value += (byte & 127) * 128 ** i;
    if (byte < 128) return value;
  }
  throw damaged("a number of more than 64 bits");
}

function skip(walk: Walk, length: number): void {
  if (length > walk.bytes.length - walk.at) throw damaged("a length beyond its end");
  walk.at += length;
}

/**
 * Walks a thrift struct: lists and texts end within the bytes, numbers have 64 bits, and nesting ends.
 * @returns where it ends.
 */
export function checkThrift(bytes: Uint8Array, start: number): number {
  const walk = { bytes, at: start };
  checkStruct(walk, 0);
  return walk.at;
}

function checkStruct(walk: Walk, depth: number): void {
  if (depth > DEEPEST) throw damaged("structures that nest too deeply");
  for (let head = byteOf(walk); (head & 15) !== 0; head = byteOf(walk)) {
    if (head >> 4 === 0) numberOf(walk); // the field's number
    checkValue(walk, head & 15, depth);
  }
}

/** A value by its type in thrift's compact protocol. */
function checkValue(walk: Walk, type: number, depth: number): void {
  if (type === 3) skip(walk, 1);
  else if (type >= 4 && type <= 6) numberOf(walk);
  else if (type === 7) skip(walk, 8);
  else if (type === 8) skip(walk, numberOf(walk));
  else if (type === 9) checkList(walk, depth);
  else if (type === 12) checkStruct(walk, depth + 1);
  else if (type !== 1 && type !== 2) throw damaged(`a value of type ${type}`); // 1 and 2: true and false
}

function checkList(walk: Walk, depth: number): void {
  if (depth > DEEPEST) throw damaged("lists that nest too deeply");
  const head = byteOf(walk);
  const count = head >> 4 === 15 ? numberOf(walk) : head >> 4;
  if (count > walk.bytes.length - walk.at) throw damaged("a list that is longer than its file");
  const type = head & 15;
  for (let i = 0; i < count; i++) {
    if (type === 1 || type === 2) skip(walk, 1);
    else checkValue(walk, type, depth + 1);
  }
}

/** Values that a last run may have beyond the page's: runs of packed bits have multiples of 8, some writers' of 512. */
const SPARE = 512;

export interface RunBounds {
  /** Where the runs end, at most. */
  end: number;
  /** Bits of a value. */
  width: number;
  /** Values that the runs have. */
  count: number;
}

/** Runs of places in a dictionary or of truth values: they have all values of the page and no others. */
export function checkRuns(bytes: Uint8Array, start: number, { end, width, count }: RunBounds): void {
  const walk = { bytes: bytes.subarray(0, end), at: start };
  for (let seen = 0; seen < count; ) {
    const { isPacked, length } = runAt(walk, count - seen);
    const left = Math.min(length, count - seen); // what a run has beyond the page's values may be cut off
    skip(walk, isPacked ? Math.ceil((left * width) / 8) : Math.ceil(width / 8));
    seen += length;
  }
}

function runAt(walk: Walk, left: number): { isPacked: boolean; length: number } {
  const head = numberOf(walk);
  const isPacked = head % 2 === 1;
  const length = isPacked ? ((head - 1) / 2) * 8 : head / 2;
  if (length > left + SPARE) throw damaged(`a run of ${length} values where ${left} are left`);
  return { isPacked, length };
}

/** Levels of repetition or definition, one per value. @param most the highest that the schema allows. */
export function readLevels(
  bytes: Uint8Array,
  start: number,
  { end, count, most }: { end: number; count: number; most: number },
): Uint8Array {
  const width = 32 - Math.clz32(most);
  const levels = new Uint8Array(count);
  const walk = { bytes: bytes.subarray(0, end), at: start };
  for (let seen = 0; seen < count; ) {
    const { isPacked, length } = runAt(walk, count - seen);
    const stop = Math.min(count, seen + length);
    if (isPacked) unpackLevels(walk, levels.subarray(seen, stop), width);
    else levels.fill(byteOf(walk), seen, stop);
    seen = stop;
  }
  const high = levels.find((level) => level > most);
  if (high !== undefined) throw damaged(`a level of ${high}, where the schema has ${most} at most`);
  return levels;
}

function unpackLevels(walk: Walk, levels: Uint8Array, width: number): void {
  const from = walk.at;
  skip(walk, Math.ceil((levels.length * width) / 8)); // the last run's spare values may be cut off
  const mask = (1 << width) - 1;
  for (let i = 0, bit = 0; i < levels.length; i++, bit += width) {
    const at = from + (bit >> 3);
    levels[i] = ((walk.bytes[at] | ((walk.bytes[at + 1] ?? 0) << 8)) >> (bit & 7)) & mask;
  }
  walk.at = from + Math.ceil((Math.ceil(levels.length / 8) * 8 * width) / 8);
}

/** Differences in blocks: sizes as the format has them, all values of the page, within it. @returns where they end. */
export function checkDeltas(
  bytes: Uint8Array,
  start: number,
  { count, bits }: { count: number; bits: 32 | 64 },
): number {
  const walk = { bytes, at: start };
  const [block, parts, promised] = [numberOf(walk), numberOf(walk), numberOf(walk)];
  const isBlock = parts >= 1 && parts <= 4096 && block % parts === 0 && (block / parts) % 32 === 0;
  if (!isBlock || block === 0 || block > 2 ** 20)
    throw damaged(`differences in blocks of ${block} values, in ${parts} parts`);
  if (promised !== count) throw damaged(`${promised} differences in a page of ${count} values`);
  numberOf(walk); // the first value
  for (let left = count - 1; left > 0; ) {
    numberOf(walk); // the smallest difference
    const widths = bytes.subarray(walk.at, walk.at + parts);
    skip(walk, parts);
    for (let part = 0; part < parts && left > 0; part++, left -= block / parts) {
      if (widths[part] > bits) throw damaged(`differences of ${widths[part]} bits`);
      skip(walk, (widths[part] * block) / parts / 8);
    }
  }
  return walk.at;
}
