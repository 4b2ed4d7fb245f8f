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
    const long: string[] = [];
    const rest = textOf(row, long);
    for (const text of [`${rest}${textOf(notesOf(row), long)}\n`, ...long]) {
      if (this.native) this.native.update(text);
      else this.portable.update(encoder.encode(text));
    }
  }
}

/** From this length on, a text is hashed by itself: with others in one text, it would be copied. */
const LONG = 256;
const SURROGATE = /[\ud800-\udfff]/;

/** Different for different values. @param long is given the texts of which the result holds the length alone. */
function textOf(value: unknown, long: string[]): string {
  if (typeof value === "string") {
    if (value.length < LONG || SURROGATE.test(value)) return JSON.stringify(value); // half a pair has no UTF-8
    long.push(value);
    return `text of ${value.length}`;
  }
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, long)).join()}]`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof Set) return textOf([...value], long);
  if (value instanceof Date) return `date ${value.getTime()}`;
  return `{${entriesOf(value).map(([key, inner]) => `${JSON.stringify(key)}:${textOf(inner, long)}`)}}`;
}
