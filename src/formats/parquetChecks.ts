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

/** Runs of levels or of places in a dictionary: none repeats more values than the page has. */
export function checkRuns(bytes: Uint8Array, start: number, { end, width, most }: RunBounds): void {
  const walk = { bytes: bytes.subarray(0, end), at: start };
  for (let seen = 0; seen < most && walk.at < walk.bytes.length; ) {
    const head = numberOf(walk);
    const isPacked = head % 2 === 1;
    const count = isPacked ? ((head - 1) / 2) * 8 : head / 2;
    if (count > most - seen + SPARE) throw damaged(`a run of ${count} values in a page of ${most}`);
    seen += count;
    walk.at += isPacked ? Math.ceil((count * width) / 8) : Math.ceil(width / 8);
  }
}

interface RunBounds {
  end: number;
  /** Bits of a value. */
  width: number;
  /** Values of the page. */
  most: number;
}

/** Differences: the head of a block names its parts, each of which gets memory. @returns the values promised. */
export function checkDeltas(bytes: Uint8Array, start: number, most: number): number {
  const walk = { bytes, at: start };
  const [block, parts, count] = [numberOf(walk), numberOf(walk), numberOf(walk)];
  const isBlock = parts >= 1 && parts <= 4096 && block % parts === 0 && block <= 2 ** 20;
  if (!isBlock) throw damaged(`differences in blocks of ${block} values, in ${parts} parts`);
  if (count > most) throw damaged(`${count} differences in a page of ${most} values`);
  return count;
}
