/** @file Rows in a field of one JSON object: `{ "version": 1, "data": [{...}, {...}] }`. datasets' `field`. */
import { PrefineError, show } from "../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { parseExactJson } from "./exactJson.ts";
import { isObject } from "./parseJson.ts";
import { refuseWideText, withoutMark } from "./textEncoding.ts";
import { entriesOf, orderedObject } from "./written.ts";

/** The file is read as a whole: JavaScript's strings end at twice as many characters. */
const LARGEST = 2 ** 28;
const HINT = "A field holds a list of objects, a list of texts, or an object with a list of values per column.";

/**
 * The rows in a field: objects, other values as the column `text`, or columns.
 * @param where the file's name, for messages.
 */
export async function readJsonField(
  source: ByteSource,
  where: string,
  field: string,
): Promise<Record<string, unknown>[]> {
  if (source.byteLength > LARGEST)
    throw new PrefineError("data", `${where}: field: expected a file of at most 256 MiB, found more`, HINT);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(await source.slice(0)));
  refuseWideText(text.slice(0, 8), where);
  let value: unknown;
  try {
    value = parseExactJson(withoutMark(text), "null");
  } catch (error) {
    const found = (error as Error).message.slice(0, 160);
    throw new PrefineError("data", `${where}: field: expected a JSON object, found: ${found}`, HINT);
  }
  if (!isObject(value))
    throw new PrefineError("data", `${where}: field: expected a JSON object, found ${show(value)}`, HINT);
  if (Object.hasOwn(value, field)) return rowsOf(value[field], `${where}: field ${show(field)}`);
  const message = `${where}: no field ${show(field)}: the fields are ${Object.keys(value).join(", ") || "none"}`;
  throw new PrefineError("data", message);
}

function rowsOf(value: unknown, where: string): Record<string, unknown>[] {
  if (Array.isArray(value)) {
    if (value.every(isObject)) return value;
    if (!value.some(isObject)) return value.map((item) => ({ text: item }));
    throw new PrefineError("data", `${where}: expected objects only, found other values among them`, HINT);
  }
  const columns = isObject(value) ? (entriesOf(value) as [string, unknown[]][]) : [];
  const [length] = columns.map(([, values]) => values?.length);
  if (columns.length === 0 || columns.some(([, values]) => !Array.isArray(values) || values.length !== length))
    throw new PrefineError("data", `${where}: expected rows, found ${show(value)}`, HINT);
  return Array.from({ length }, (_, i) => orderedObject(columns.map(([name, values]) => [name, values[i]])));
}
