/** @file Changes to the columns of a dataset: which columns there are afterwards, and what becomes of a row. */

import { checkValue, describeValue, isPromise, listOf, objectWith, options, text } from "../../arguments.ts";
import { nearestName, PrefineError } from "../../errors.ts";
import { counted } from "../../phrases.ts";
import type { Part } from "./dataFile.ts";
import type { Features, Row } from "./features.ts";
import { changed } from "./sourceHash.ts";

/**
 * @param where the split, for the message.
 * @throws PrefineError("data") for the first of these columns that is not there, with those that are.
 */
export function checkColumns(names: readonly string[], features: Features, where: string): void {
  const columns = Object.keys(features);
  const strange = names.findIndex((column) => typeof column !== "string");
  if (strange >= 0) checkValue(`${where}: column`, names[strange], text, `The columns are ${columns.join(", ")}.`);
  const wrong = names.find((column) => !Object.hasOwn(features, column));
  if (wrong === undefined) return;
  const nearest = nearestName(wrong, columns);
  throw new PrefineError(
    "data",
    `${where}: no column ${JSON.stringify(wrong)}: the columns are ${columns.join(", ") || "none"}`,
    nearest && `Did you mean ${nearest}?`,
  );
}

/**
 * The columns under their new names, in their old order. Two may swap their names.
 * @param names old name -> new one.
 * @param where the split, for the message.
 * @throws PrefineError("data") for a column that is not there, and where two would have one name.
 */
export function renamed(features: Features, names: Readonly<Record<string, string>>, where: string): Features {
  checkValue(`${where}: rename_columns`, names, options, 'For example: { question: "prompt" }.');
  checkColumns(Object.keys(names), features, where);
  const wrong = Object.entries(names).find(([, name]) => typeof name !== "string" || name === "");
  if (wrong) {
    const message = `${where}: expected a new name for ${wrong[0]}, found ${describeValue(wrong[1])}`;
    throw new PrefineError("data", message);
  }
  const columns = Object.entries(features).map(([name, feature]) => [nameIn(names, name), feature] as const);
  const taken = columns.find(([name], i) => columns.findIndex(([other]) => other === name) !== i);
  if (!taken) return Object.fromEntries(columns);
  throw new PrefineError(
    "data",
    `${where}: two columns would be called ${JSON.stringify(taken[0])}`,
    `The columns are ${Object.keys(features).join(", ")}.`,
  );
}

const nameIn = (names: Readonly<Record<string, string>>, name: string) =>
  Object.hasOwn(names, name) ? names[name] : name;

/** Parts with renamed columns. */
export function renameIn(parts: readonly Part[], names: Readonly<Record<string, string>>): Part[] {
  const rename = (row: Row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [nameIn(names, name), value]));
  return parts.map(({ rows, read, source, places }) => ({
    ...{ rows, places },
    read: async () => (await read()).map(rename),
    ...changed(source, "names", Object.entries(names)),
  }));
}

/** Parts with one more column behind the others. @param values one per row, in order. */
export function addTo(parts: readonly Part[], name: string, values: readonly unknown[]): Part[] {
  let before = 0;
  return parts.map(({ rows, read, places }) => {
    const first = before;
    before += rows;
    const add = (row: Row, i: number) => ({ ...row, [name]: values[first + i] ?? null });
    return { rows, read: async () => (await read()).map(add), places };
  });
}

const FROM_LIST = "Rows are for Dataset.from_list, columns for Dataset.from_dict.";

/** @throws PrefineError("config" | "data") for anything but a list of rows. @param where the function, for messages. */
export function checkRowList(where: string, rows: unknown): void {
  const expected = "a list of rows, each an object";
  checkValue(where, rows, { expected, accepts: Array.isArray }, FROM_LIST);
  const wrong = (rows as unknown[]).findIndex((row) => !isRow(row));
  if (wrong < 0) return;
  const message = `${where}: expected ${expected}, found row ${wrong}: ${describeValue((rows as unknown[])[wrong])}`;
  throw new PrefineError("data", message, FROM_LIST);
}

/** @throws PrefineError("config") for anything but a list of Datasets. @param where the function, for messages. */
export function checkDatasets(where: string, datasets: unknown): void {
  const all = listOf(objectWith("a Dataset", "num_rows", "select"));
  checkValue(where, datasets, all, "A DatasetDict's splits are its properties: dataset.train.");
}

const isRow = (row: unknown) =>
  typeof row === "object" && row !== null && !Array.isArray(row) && !isPromise(row) && !(row instanceof Map);

/**
 * Rows of columns: datasets.Dataset.from_dict.
 * @throws PrefineError("data") for columns of several lengths, or a column that is no list.
 */
export function rowsOfColumns(columns: Readonly<Record<string, readonly unknown[]>>, name: string): Row[] {
  checkValue("Dataset.from_dict", columns, { ...options, expected: "lists of values by column" }, FROM_LIST);
  const entries = Object.entries(columns);
  for (const [column, values] of entries) {
    const [first, { length }] = entries[0];
    if (!Array.isArray(values)) {
      const message = `${name}: from_dict: expected ${column} to be a list, found ${describeValue(values)}`;
      throw new PrefineError("data", message, FROM_LIST);
    }
    if (values.length === length) continue;
    const expected = `expected ${counted(length, "value")} in ${column} as in ${first}`;
    const message = `${name}: from_dict: ${expected}, found ${values.length}`;
    throw new PrefineError("data", message);
  }
  const count = entries[0]?.[1].length ?? 0;
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(entries.map(([column, values]) => [column, values[i] ?? null])),
  );
}

/** The different values of a column, in the order in which they first come; dates by their time. */
export async function distinctValues(rows: AsyncIterable<Row>, column: string): Promise<unknown[]> {
  const values = new Map<unknown, unknown>();
  for await (const { [column]: value = null } of rows) {
    const key = value instanceof Date ? `${value.getTime()} ms` : value;
    if (!values.has(key)) values.set(key, value);
  }
  return [...values.values()];
}
