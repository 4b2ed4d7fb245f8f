/**
 * @file The rows that a function makes: in memory while they are small, else on disk, as datasets keeps them. All of
 * UltraFeedback's texts would take 350 MB.
 */
import { copyRow, ownRow } from "./copyRow.ts";
import type { Part } from "./dataFile.ts";
import type { Row } from "./features.ts";
import { FeatureScan } from "./inferFeatures.ts";
import { type Content, contentInMemory } from "./storedRows.ts";

/** Rows that were written: read again, and what says which they are. */
export type PackedRows = Required<Pick<Part, "read" | "source">>;

/** Writes rows, which are plain data. @throws where they can't be written. */
export type PackRows = (rows: readonly Row[]) => Promise<PackedRows>;

let startPacking: (() => PackRows) | undefined;

/** Registers where rows are kept: called once, by packRows.ts on Node. A browser keeps all in memory. */
export function packRowsWith(start: () => PackRows): void {
  startPacking = start;
}

/** Bytes of rows in memory before all are written, and about those that are written at once. */
const MOST_HELD = 2 ** 23;
const BLOCK = 2 ** 20;
const BLOCK_ROWS = 1000;

export interface ResultOptions {
  /** For tests: other bytes than 8 MiB. */
  mostHeld?: number;
}

export class ResultRows {
  length = 0;
  private readonly mostHeld: number;
  /** Whole blocks in memory, then the block that is being filled. */
  private held: Row[][] = [[]];
  /** Bytes of the last block, and of all in memory. */
  private filled = 0;
  private bytes = 0;
  private parts: Part[] = [];
  /** Undefined: all rows are in memory. */
  private features: FeatureScan | undefined;
  private pack: PackRows | undefined;

  constructor({ mostHeld = MOST_HELD }: ResultOptions = {}) {
    this.mostHeld = mostHeld;
  }

  /** @returns a promise where rows are written: await it before the next one. */
  add(row: Row): Promise<void> | undefined {
    const block = this.held[this.held.length - 1];
    const bytes = bytesOf(row);
    block.push(row);
    this.length++;
    this.filled += bytes;
    this.bytes += bytes;
    if (this.filled < BLOCK && block.length < BLOCK_ROWS) return undefined;
    this.held.push([]);
    this.filled = 0;
    if (!this.features && (this.bytes < this.mostHeld || !startPacking)) return undefined;
    return this.write();
  }

  /** All rows, for a Dataset. */
  async end(name: string): Promise<Content> {
    if (!this.features) return contentInMemory(this.held.flat(), name);
    await this.write();
    return { name, parts: this.parts, features: this.features.features };
  }

  private async write(): Promise<void> {
    if (!this.features) this.pack = startOrNone();
    this.features ??= new FeatureScan();
    for (const rows of this.held) {
      if (rows.length === 0) continue;
      for (const row of rows) this.features.add(row);
      this.parts.push({ rows: rows.length, ...(await this.kept(rows)) });
    }
    this.held = [[]];
    this.bytes = 0;
  }

  /** On disk, or where that fails, in memory. */
  private async kept(rows: readonly Row[]): Promise<Omit<Part, "rows">> {
    try {
      if (this.pack && rows.every(isData)) return fromDisk(await this.pack(rows));
    } catch {
      this.pack = undefined; // the disk is full
    }
    return { read: fromMemory(rows) };
  }
}

// Functions of their own: closures that are made side by side would all keep the rows in memory.

/** Copies: rows may share a part, as those of memory do not. */
const fromDisk = ({ read, source }: PackedRows): PackedRows => ({
  source,
  read: async () => (await read()).map(ownRow),
});
const fromMemory = (rows: readonly Row[]) => async () => rows.map(copyRow);

function startOrNone(): PackRows | undefined {
  try {
    return startPacking?.();
  } catch {
    return undefined; // a folder that is only read
  }
}

const OBJECT_BYTES = 48;

/** About the bytes of a value in memory. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return OBJECT_BYTES / 2 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value)) return OBJECT_BYTES + value.byteLength;
  let sum = OBJECT_BYTES;
  if (Array.isArray(value)) for (const item of value) sum += bytesOf(item);
  else for (const key in value) sum += bytesOf((value as Row)[key]);
  return sum;
}

/** Whether a copy by structured clone is equal: objects of classes, functions and bytes stay as they are. */
function isData(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function" && typeof value !== "symbol";
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Array.prototype || prototype === Object.prototype) return Object.values(value).every(isData);
  return prototype === Date.prototype;
}
