/** @file Types of CSV columns, and the values of their fields, as pandas infers and reads them. */

/** Fields that stand for nothing. */
const MISSING = [
  "",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "-1.#IND",
  "-1.#QNAN",
  "-NaN",
  "-nan",
  "1.#IND",
  "1.#QNAN",
  "<NA>",
  "N/A",
  "NA",
  "NULL",
  "NaN",
  "None",
  "n/a",
  "nan",
  "null",
];

export interface CsvValues {
  missing: ReadonlySet<string>;
  /** Between the whole and the rest of a number. */
  decimal: string;
  /** Within the digits of a number, ignored. */
  thousands: string | undefined;
  truths: ReadonlySet<string>;
  falsehoods: ReadonlySet<string>;
}

/** @param own further fields that stand for nothing. @param hasUsual whether the usual ones do, too. */
export function missingFields(own: readonly string[], hasUsual: boolean): Set<string> {
  return new Set([...own, ...(hasUsual ? MISSING : [])]);
}

export type CsvType = "int64" | "uint64" | "float64" | "bool" | "string";

/** datasets infers types of this many rows at a time, and casts the later ones to those of the first. */
const CHUNK_ROWS = 10_000;

/** A whole number, with blanks around it as in strtol. */
const INTEGER = /^[ \t\n\v\f\r]*[-+]?\d+[ \t\n\v\f\r]*$/;
const FLOAT = /^[ \t\n\v\f\r]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ \t\n\v\f\r]*$/;
const INFINITE = /^[ \t\n\v\f\r]*([-+]?)inf(?:inity)?[ \t\n\v\f\r]*$/i;

const LONG = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 64n - 1n] as const;

/** What the fields of a column can all be. */
interface Possible {
  isInteger: boolean;
  isFloat: boolean;
  isBool: boolean;
  /** Whether numbers are whole and exact, so that a column of integers takes them. */
  isWhole: boolean;
  hasMissing: boolean;
  hasValues: boolean;
  /** Whether an integer does not fit, before anything else that is none. */
  isHuge: boolean;
  lowest: bigint;
  highest: bigint;
}

const unknown = (): Possible => ({
  isInteger: true,
  isFloat: true,
  isBool: true,
  isWhole: true,
  hasMissing: false,
  hasValues: false,
  isHuge: false,
  lowest: 0n,
  highest: 0n,
});

/** Infers the type of one column, field by field. */
export class CsvColumnScan {
  private chunk = unknown();
  private rows = 0;
  private type: CsvType | undefined;
  private readonly values: CsvValues;

  constructor(values: CsvValues) {
    this.values = values;
  }

  add(field: string | undefined): void {
    if (this.type !== "string") this.look(field);
    if (++this.rows % CHUNK_ROWS === 0) this.endChunk();
  }

  private look(field: string | undefined): void {
    const { chunk, values } = this;
    if (field === undefined || values.missing.has(field)) {
      chunk.hasMissing = true;
      return;
    }
    chunk.hasValues = true;
    if (chunk.isInteger) {
      const integer = integerOf(field, values);
      if (integer === undefined) chunk.isInteger = false;
      else {
        if (integer < chunk.lowest) chunk.lowest = integer;
        if (integer > chunk.highest) chunk.highest = integer;
        chunk.isHuge ||= integer < LONG[0] || integer > LONG[2];
      }
    }
    if (chunk.isFloat) {
      const float = floatOf(field, values);
      if (float === undefined) chunk.isFloat = false;
      else chunk.isWhole &&= Number.isSafeInteger(float);
    }
    if (chunk.isBool) chunk.isBool = boolOf(field, values) !== undefined;
  }

  private endChunk(): void {
    if (this.type !== "string") this.type = joined(this.type, typeOf(this.chunk), this.chunk);
    this.chunk = unknown();
  }

  /** The type of all fields; that of a column without any is float64. */
  end(): CsvType {
    if (this.rows % CHUNK_ROWS !== 0 || this.type === undefined) this.endChunk();
    return this.type as CsvType;
  }
}

/** pandas has no missing integers: such a column is of floats, and of texts where they would not fit. */
function typeOf(chunk: Possible): CsvType {
  if (!chunk.hasValues) return "float64";
  if (chunk.isHuge && !chunk.hasMissing) return "string";
  if (chunk.isInteger) {
    const { lowest, highest, hasMissing } = chunk;
    const isLong = lowest >= LONG[0] && highest <= LONG[1];
    if (isLong) return hasMissing ? "float64" : "int64";
    return !hasMissing && lowest >= 0n && highest <= LONG[2] ? "uint64" : "string";
  }
  if (chunk.isFloat) return "float64";
  return chunk.isBool ? "bool" : "string";
}

/** The type of the first rows, to which the later ones are cast; texts where they can't be. */
function joined(first: CsvType | undefined, next: CsvType, { isWhole, hasValues }: Possible): CsvType {
  if (first === undefined || first === next || !hasValues) return first ?? next;
  if (next === "float64" && (first === "int64" || first === "uint64")) return isWhole ? first : "float64";
  const isNumber = (type: CsvType) => type !== "bool" && type !== "string";
  return isNumber(first) && isNumber(next) ? "float64" : "string";
}

function integerOf(field: string, { thousands }: CsvValues): bigint | undefined {
  const digits = thousands === undefined ? field : field.replaceAll(thousands, "");
  return INTEGER.test(digits) ? BigInt(digits.trim().replace(/^\+/, "")) : undefined;
}

function boolOf(field: string, { truths, falsehoods }: CsvValues): boolean | undefined {
  if (truths.has(field)) return true;
  return falsehoods.has(field) ? false : undefined;
}

function floatOf(field: string, { decimal, thousands }: CsvValues): number | undefined {
  const infinite = INFINITE.exec(field);
  if (infinite) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  let text = thousands === undefined ? field : field.replaceAll(thousands, "");
  if (decimal !== ".") text = text.replaceAll(".", "x").replace(decimal, ".");
  return FLOAT.test(text) ? Number(text) : undefined;
}

/** The value of a field in a column of this type. */
export function csvValue(field: string | undefined, type: CsvType, values: CsvValues): unknown {
  if (field === undefined || values.missing.has(field)) return null;
  if (type === "string") return field;
  if (type === "bool") return boolOf(field, values) ?? null;
  if (type === "float64") return floatOf(field, values) ?? null;
  const integer = integerOf(field, values) ?? BigInt(floatOf(field, values) ?? 0);
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}
