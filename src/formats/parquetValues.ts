/**
 * @file Parquet's dates, times, durations, decimals and bytes -> values of JavaScript, which know their type in Python:
 * transformers gives a chat template the name of the type instead of such a value.
 */
import type { FileMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { durationTypes } from "./arrowSchema.ts";
import { utf8Text } from "./textEncoding.ts";
import { markTypes } from "./written.ts";

/** A value, and the name of its type in Python. */
type Convert = (raw: unknown) => readonly [value: unknown, type: string];

const converters = new WeakMap<SchemaElement, Convert>();
const decimals = new WeakSet<SchemaElement>();

/** Whether a column holds decimals, which are read as numbers. */
export const holdsDecimals = (element: SchemaElement): boolean => decimals.has(element);

/**
 * Takes the annotations of such columns away, so that the library returns their values as they are stored: it drops
 * digits of decimals and what is below milliseconds.
 */
export function readStored(metadata: FileMetaData): void {
  const { schema } = metadata;
  readDurations(metadata);
  for (const element of schema) {
    const convert = element.type === undefined ? undefined : converterOf(element);
    if (!convert) continue;
    converters.set(element, convert);
    if (element.converted_type === "DECIMAL" || element.logical_type?.type === "DECIMAL") {
      decimals.add(element);
      element.converted_type = undefined;
      element.logical_type = undefined;
    }
  }
}

function readDurations(metadata: FileMetaData): void {
  const leaves = metadata.schema.filter(({ type }) => type !== undefined);
  const types = durationTypes(metadata);
  if (types.length !== leaves.length) return;
  for (const [i, type] of types.entries()) {
    if (type !== undefined && leaves[i].type === "INT64") converters.set(leaves[i], (raw) => [raw, type]);
  }
}

function converterOf({ type, converted_type: converted, logical_type: logical, ...element }: SchemaElement) {
  if (logical?.type === "DECIMAL" || converted === "DECIMAL") {
    const scale = (logical?.type === "DECIMAL" ? logical.scale : element.scale) ?? 0;
    return (raw: unknown) => decimalOf(raw, scale);
  }
  if (logical?.type === "TIME" || converted === "TIME_MILLIS" || converted === "TIME_MICROS") {
    const unit = logical?.type === "TIME" ? logical.unit : converted === "TIME_MILLIS" ? "MILLIS" : "MICROS";
    return (raw: unknown) => {
      const micros = microsOf(BigInt(raw as bigint), unit);
      if (micros < 0n || micros >= DAY_MICROS) throw new Error("a time beyond a day");
      return [raw, "time"] as const;
    };
  }
  const isDate = DATES.has(logical?.type ?? "") || DATES.has(converted ?? "") || type === "INT96";
  if (isDate) return (raw: unknown) => [raw, dateTypes.get(raw as Date) ?? "datetime"] as const;
  if (isBinary({ type, converted_type: converted, logical_type: logical }))
    return (raw: unknown) => {
      const bytes = raw as Uint8Array;
      return [type === "BYTE_ARRAY" ? (utf8Text(bytes) ?? bytes) : bytes, "bytes"] as const;
    };
  return undefined;
}

/** Whether a column holds bytes of no declared meaning: they are read as texts where they are some. */
export function isBinary({ type, converted_type, logical_type }: Omit<SchemaElement, "name">): boolean {
  const isBytes = type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY";
  return isBytes && converted_type === undefined && logical_type === undefined;
}

const DATES = new Set(["DATE", "TIMESTAMP", "TIMESTAMP_MILLIS", "TIMESTAMP_MICROS"]);
const DAY_MICROS = 86_400_000_000n;

function microsOf(value: bigint, unit: string): bigint {
  if (unit === "MILLIS") return value * 1000n;
  return unit === "NANOS" ? value / 1000n : value;
}

function decimalOf(raw: unknown, scale: number): readonly [number, string] {
  const digits = raw instanceof Uint8Array ? signed(raw) : BigInt(raw as bigint);
  return [Number(`${digits}e-${scale}`), "Decimal"];
}

/** A number of two's complement, its highest byte first. */
function signed(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

// --- dates and timestamps: the library's parsers make dates, which are objects and know their type ---

const dateTypes = new WeakMap<Date, string>();

/** The name of the type in Python of a date of a file; undefined for others. */
export const typeOfDate = (date: Date): string | undefined => dateTypes.get(date);

function dated(milliseconds: number, type: string): Date {
  const date = new Date(milliseconds);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw new Error("a date beyond the years 1 to 9999"); // Python has no others
  dateTypes.set(date, type);
  return date;
}

/** The library's parsers. Nanoseconds are pandas' own type, as in datasets. */
export const dateParsers = {
  dateFromDays: (days: number) => dated(days * 86_400_000, "date"),
  timestampFromMilliseconds: (millis: bigint) => dated(Number(millis), "datetime"),
  timestampFromMicroseconds: (micros: bigint) => dated(Number(micros / 1000n), "datetime"),
  timestampFromNanoseconds: (nanos: bigint) => dated(Number(nanos / 1_000_000n), "Timestamp"),
};

const nothing = () => undefined as never;

/** For the footer's statistics, which nothing reads: bytes that are no text, and distant dates, are no fault there. */
export const footerParsers = {
  stringFromBytes: nothing,
  uuidFromBytes: nothing,
  dateFromDays: nothing,
  timestampFromMilliseconds: nothing,
  timestampFromMicroseconds: nothing,
  timestampFromNanoseconds: nothing,
};

// --- values within rows ---

type Change = (value: unknown, owner: object, key: string) => unknown;

/** A function that changes the values of a column in place, with a note of their types; undefined if none needs it. */
export function changeOf(node: SchemaTree): Change | undefined {
  const { element, children } = node;
  if (element.logical_type?.type === "VARIANT") return undefined; // the library reads it as a whole
  const convert = converters.get(element);
  const isRepeated = element.repetition_type === "REPEATED";
  if (convert) {
    const change: Change = (raw, owner, key) => {
      if (raw === null || raw === undefined) return raw;
      const [value, type] = convert(raw);
      markTypes(owner, [[key, type]]);
      return value;
    };
    return isRepeated ? eachOf(change) : change;
  }
  const isList = element.converted_type === "LIST" || element.logical_type?.type === "LIST";
  if (isList && children.length === 1) {
    const [repeated] = children;
    const inner = repeated.children.length === 1 ? changeOf(repeated.children[0]) : changeOf(once(repeated));
    return inner && eachOf(inner);
  }
  const isMap = element.converted_type === "MAP" || element.logical_type?.type === "MAP";
  const value = isMap ? children[0]?.children[1] : undefined;
  const fields = value ? changeOf(value) : fieldsOf(children);
  const change = value && fields ? allOf(fields) : fields;
  return change && isRepeated ? eachOf(change) : change;
}

const once = (node: SchemaTree): SchemaTree => ({ ...node, element: { ...node.element, repetition_type: "REQUIRED" } });

function eachOf(change: Change): Change {
  return (list) => {
    if (Array.isArray(list)) for (const [i, item] of list.entries()) list[i] = change(item, list, String(i));
    return list;
  };
}

/** Of a map: every value. */
function allOf(change: Change): Change {
  return (map) => {
    if (typeof map !== "object" || map === null) return map;
    const object = map as Record<string, unknown>;
    for (const key of Object.keys(object)) object[key] = change(object[key], object, key);
    return map;
  };
}

function fieldsOf(children: readonly SchemaTree[]): Change | undefined {
  const changes = children.flatMap((child): [string, Change][] => {
    const change = changeOf(child);
    return change ? [[child.element.name, change]] : [];
  });
  if (changes.length === 0) return undefined;
  return (value) => {
    if (typeof value !== "object" || value === null) return value;
    const object = value as Record<string, unknown>;
    for (const [name, change] of changes)
      if (Object.hasOwn(object, name)) object[name] = change(object[name], object, name);
    return value;
  };
}
