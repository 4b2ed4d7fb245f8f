/** @file The bytes of a file of tokens: what the first pass found, and the pairs that were tokenized so far. */
import type { Outcomes } from "../../../data/preferences/checks.ts";
import type { ExaminedRow } from "../../../data/preferences/examineRow.ts";
import type { PackedSize } from "../../../data/preferences/packPair.ts";
import type { Streamed } from "../../../formats/content.ts";

/** A row whose tokens are known. */
export type TokenizedRow = Omit<ExaminedRow, "size">;

export interface TokenEntry {
  facts: {
    /** Of texts and tokenizer: see PairStore. */
    identity: string;
    /** Name of the rows' format, and the line that says why. */
    shape: string;
    reading: string;
    /** Warnings of the first pass. */
    lines: readonly string[];
    largest: PackedSize;
  };
  /** Pair -> row. */
  numbers: Int32Array;
  /** The pairs that are trained on. */
  kept: Int32Array;
  /** Of each pair's chosen and rejected answer, where the loss needs them; null: it does not. */
  rates: Float64Array | null;
  /** By number of the pair; not all of them need be there. */
  examined: ReadonlyMap<number, TokenizedRow>;
}

/** The first bytes; a change of the format has another number. */
const MAGIC = "PRETOK02";
const DIGEST = 32;
/** Numbers per row in the table: its own, how many ids, of these the prompt's and the chosen answer's, isCut. */
const COLUMNS = 5;
const BLOCK = 1 << 18; // ids per piece
const ALIGNED = 8;
export const NO_OUTCOMES: Outcomes = { odd: [], untrainable: null, degenerate: null };

interface Header {
  facts: TokenEntry["facts"];
  numbers: number;
  kept: number;
  rows: number;
  ids: number;
  /** Numbers of win rates. */
  rates: number;
  /** Bytes per id. */
  width: 2 | 4;
  outcomes: [number: number, outcomes: Outcomes][];
}

interface Hash {
  update(piece: Uint8Array): unknown;
  hex(): string;
}

/** @param newHash starts a SHA-256: the last 32 bytes are that of all others. */
export function encodeTokens(entry: TokenEntry, newHash: () => Hash): Streamed {
  const rows = [...entry.examined];
  const table = Int32Array.from(
    rows.flatMap(([number, { ids, promptLength, chosenLength, isCut }]) => [
      ...[number, ids.length, promptLength, chosenLength],
      Number(isCut),
    ]),
  );
  const all = rows.map(([, { ids }]) => ids);
  const header = headerOf(entry, all);
  const sections = [entry.numbers, entry.kept, table, entry.rates ?? new Float64Array(0)].map((numbers) =>
    padded(bytesOf(numbers)),
  );
  const idBytes = roundUp(header.ids * header.width);
  const start = startOf(header);
  const byteLength = [start, ...sections].reduce((sum, bytes) => sum + bytes.length, 0) + idBytes + DIGEST;
  async function* pieces() {
    const hash = newHash();
    for await (const piece of [start, ...sections]) {
      hash.update(piece);
      yield piece;
    }
    for (const piece of idPieces(all, header)) {
      hash.update(piece);
      yield piece;
    }
    yield Uint8Array.from(hash.hex().match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  }
  return { byteLength, pieces };
}

function headerOf({ facts, numbers, kept, examined, rates }: TokenEntry, all: readonly ExaminedRow["ids"][]): Header {
  const isWide = all.some((ids) => ids.some((id) => id > 0xffff));
  return {
    facts,
    numbers: numbers.length,
    kept: kept.length,
    rows: examined.size,
    rates: rates?.length ?? 0,
    ids: all.reduce((sum, ids) => sum + ids.length, 0),
    width: isWide ? 4 : 2,
    outcomes: [...examined].filter(([, row]) => failsAny(row.outcomes)).map(([number, row]) => [number, row.outcomes]),
  };
}

export const failsAny = ({ odd, untrainable, degenerate }: Outcomes): boolean =>
  odd.length > 0 || untrainable !== null || degenerate !== null;

/** Magic, length of the header, header. */
function startOf(header: Header): Uint8Array {
  const json = padded(new TextEncoder().encode(JSON.stringify(header)), 0x20);
  const start = new Uint8Array(MAGIC.length + ALIGNED + json.length);
  start.set(new TextEncoder().encode(MAGIC));
  new DataView(start.buffer).setUint32(MAGIC.length, json.length, true);
  start.set(json, MAGIC.length + ALIGNED);
  return start;
}

/** The ids of all rows, one after the other, in pieces of about a megabyte. */
function* idPieces(all: readonly ExaminedRow["ids"][], { width, ids: total }: Header): Generator<Uint8Array> {
  const block = width === 2 ? new Uint16Array(BLOCK) : new Int32Array(BLOCK);
  let used = 0;
  for (const ids of all) {
    for (let at = 0; at < ids.length; ) {
      const some = ids.subarray(at, at + BLOCK - used);
      block.set(some, used);
      used += some.length;
      at += some.length;
      if (used < BLOCK) continue;
      yield bytesOf(block).slice();
      used = 0;
    }
  }
  yield bytesOf(block.subarray(0, used)).slice();
  yield new Uint8Array(roundUp(total * width) - total * width);
}

/**
 * Ids are views of `bytes`.
 * @returns undefined for other bytes than whole ones of encodeTokens.
 */
export function decodeTokens(bytes: Uint8Array, newHash: () => Hash): TokenEntry | undefined {
  const before = MAGIC.length + ALIGNED;
  if (bytes.length < before + DIGEST || text(bytes.subarray(0, MAGIC.length)) !== MAGIC) return undefined;
  const end = bytes.length - DIGEST;
  const hash = newHash();
  hash.update(bytes.subarray(0, end));
  const digest = Array.from(bytes.subarray(end), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hash.hex() !== digest) return undefined;
  const aligned = bytes.byteOffset % ALIGNED === 0 ? bytes : bytes.slice();
  const headerEnd = before + new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  const header = JSON.parse(text(aligned.subarray(before, headerEnd))) as Header;
  return entryOf(header, aligned.buffer as ArrayBuffer, aligned.byteOffset + headerEnd);
}

function entryOf(header: Header, buffer: ArrayBuffer, start: number): TokenEntry {
  let at = start;
  const int32 = (length: number) => {
    const values = new Int32Array(buffer, at, length);
    at += roundUp(4 * length);
    return values;
  };
  const [numbers, kept, table] = [int32(header.numbers), int32(header.kept), int32(COLUMNS * header.rows)];
  const rates = header.rates > 0 ? new Float64Array(buffer, at, header.rates) : null;
  at += 8 * header.rates;
  const ids = header.width === 2 ? new Uint16Array(buffer, at, header.ids) : int32(header.ids);
  const outcomes = new Map(header.outcomes);
  const examined = new Map<number, TokenizedRow>();
  let used = 0;
  for (let row = 0; row < table.length; row += COLUMNS) {
    const [number, length, promptLength, chosenLength, isCut] = table.subarray(row, row + COLUMNS);
    const own = ids.subarray(used, used + length);
    used += length;
    const found = outcomes.get(number) ?? NO_OUTCOMES;
    examined.set(number, { ids: own, promptLength, chosenLength, isCut: isCut === 1, outcomes: found });
  }
  return { facts: header.facts, numbers, kept, rates, examined };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const roundUp = (bytes: number) => Math.ceil(bytes / ALIGNED) * ALIGNED;

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function padded(bytes: Uint8Array, filler = 0): Uint8Array {
  const longer = new Uint8Array(roundUp(bytes.length)).fill(filler);
  longer.set(bytes);
  return longer;
}
