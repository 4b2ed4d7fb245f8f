/** @file A hash of rows before they are read as pairs: which data a file of tokens belongs to. */
import type { Row } from "../../../data/datasets/features.ts";
import { Sha256 } from "../../../formats/sha256.ts";
import { entriesOf, notesOf } from "../../../formats/written.ts";
import { nativeSha256 } from "../../../host.ts";

const encoder = new TextEncoder();

/** Rows on their way, hashed. */
export class RawRows {
  private readonly native = nativeSha256();
  private readonly portable = new Sha256();

  /** The same rows. */
  async *through(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
    for await (const row of rows) {
      this.add(row);
      yield row;
    }
  }

  async addAll(rows: AsyncIterable<Row>): Promise<void> {
    for await (const row of rows) this.add(row);
  }

  hex(): string {
    return this.native?.digest("hex") ?? this.portable.hex();
  }

  private add(row: Row): void {
    const text = `${textOf(row)}${textOf(notesOf(row))}\n`;
    if (this.native) this.native.update(text);
    else this.portable.update(encoder.encode(text));
  }
}

/** Different for different values. */
function textOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof Set) return textOf([...value]);
  if (value instanceof Date) return `date ${value.getTime()}`;
  return `{${entriesOf(value).map(([key, inner]) => `${JSON.stringify(key)}:${textOf(inner)}`)}}`;
}
