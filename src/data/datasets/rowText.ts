/** @file Rows as the text of a CSV or JSON file, as datasets' to_csv and to_json write them. */
import { bool, checkOptions, checkValue, text } from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { pythonFloat } from "../../formats/pythonFloat.ts";
import { entriesOf, isFloat, keysOf, markFloats, orderedObject } from "../../formats/written.ts";
import type { Feature, Features, Row } from "./features.ts";

/** Options of to_json: lines, a line per row (the default), or false: one list. */
export interface ToJsonOptions {
  lines?: boolean | undefined;
}

/** @throws PrefineError("config") for a path that is no text, and for unknown options. @param where the method. */
export function checkFile(where: string, path: unknown, options?: ToJsonOptions): void {
  checkValue(where, path, text, "Pass the path of the file.");
  checkOptions<ToJsonOptions>(where, options, { lines: bool });
}

/** Texts that make a file, one after the other. */
export type Pieces = AsyncIterable<string>;

/**
 * CSV: a line of names, then a line per row. Cells are quoted as Python's csv does (QUOTE_MINIMAL); null and NaN are
 * empty, truth values True and False, lists and objects JSON (pandas writes them as Python and numpy print them).
 * @throws PrefineError("data") for bytes.
 */
export async function* csvText(batches: AsyncIterable<Row[]>, features: Features, name: string): Pieces {
  const columns = Object.entries(features);
  yield csvLine(columns.map(([column]) => column));
  let first = 0;
  for await (const rows of batches) {
    const lines = rows.map((row, i) =>
      csvLine(
        columns.map(([column, feature]) => {
          return csvCell(plain(own(row, column), `${name} row ${first + i}: ${column}`), isFloatColumn(feature));
        }),
      ),
    );
    first += rows.length;
    yield lines.join("");
  }
}

function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return quoted.length === 1 && quoted[0] === "" ? '""\n' : `${quoted.join(",")}\n`;
}

function csvCell(value: unknown, isFloat: boolean): string {
  if (value === null || Number.isNaN(value)) return "";
  if (typeof value === "number") return isFloat || !Number.isInteger(value) ? pythonFloat(value) : String(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof Date)
    return value
      .toISOString()
      .replace("T", " ")
      .replace(/(\.000)?Z$/, "");
  return typeof value === "object" ? jsonOf(value) : String(value);
}

/**
 * JSON: a line per row, or one list of all rows. Dates are milliseconds since 1970, numbers that are not finite null,
 * as in pandas, which besides rounds floats to 10 digits and escapes what is not ASCII.
 * @throws PrefineError("data") for bytes.
 */
export async function* jsonText(
  batches: AsyncIterable<Row[]>,
  { features, lines, name }: { features: Features; lines: boolean; name: string },
): Pieces {
  const columns = keysOf(features);
  const floats = columns.filter((name) => isFloatColumn(features[name]));
  let first = 0;
  if (!lines) yield "[";
  for await (const rows of batches) {
    const texts = rows.map((row, i) => {
      const where = `${name} row ${first + i}`;
      const whole = orderedObject(columns.map((column) => [column, plain(own(row, column), `${where}: ${column}`)]));
      markFloats(whole, floats);
      return jsonOf(whole);
    });
    if (lines) yield texts.map((text) => `${text}\n`).join("");
    else if (texts.length > 0) yield `${first > 0 ? "," : ""}${texts.join(",")}`;
    first += rows.length;
  }
  if (!lines) yield "]\n";
}

/** A value in an object or list; a float without a fraction keeps its point. */
function member(owner: object, key: string, value: unknown): string {
  const isWhole = typeof value === "number" && Number.isInteger(value);
  return isWhole && isFloat(owner, key, value) ? pythonFloat(value || 0) : jsonOf(value); // no -0, as in pandas
}

/** Whole numbers above 2^53 keep their digits. */
function jsonOf(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return String(value.getTime());
  if (Array.isArray(value)) return `[${value.map((inner, i) => member(value, String(i), inner)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = entriesOf(value).map(([key, inner]) => `${JSON.stringify(key)}:${member(value, key, inner)}`);
  return `{${fields.join(",")}}`;
}

const isFloatColumn = (feature: Feature) => feature.kind === "value" && feature.dtype.startsWith("float");
const own = (row: Row, column: string) => (Object.hasOwn(row, column) ? row[column] : undefined);

/** A value that a text can hold; what a row lacks is null. */
function plain(value: unknown, where: string): unknown {
  if (!ArrayBuffer.isView(value)) return value ?? null;
  throw new PrefineError(
    "data",
    `${where}: expected texts, numbers, lists or objects, found bytes`,
    "Remove the column.",
  );
}

/** Writes a file whole or not at all. @returns its bytes. */
export type TextWriter = (path: string, pieces: Pieces) => Promise<number>;

let writeText: TextWriter | undefined;

/** Says how files are written here: called once, by writeText.ts on Node. A browser has no paths. */
export function writeTextsWith(writer: TextWriter): void {
  writeText = writer;
}

/** @returns the bytes written. @throws PrefineError("io") where the file can't be written. */
export async function writeTo(path: string, pieces: Pieces): Promise<number> {
  if (typeof path !== "string" || path === "") throw new PrefineError("data", "expected the path of a file to write");
  if (writeText) return writeText(path, pieces);
  throw new PrefineError("data", `${path}: a file can't be written here`, "Use to_list.");
}
