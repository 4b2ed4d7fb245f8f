/** @file Changes to the columns of a dataset: which columns there are afterwards, and what becomes of a row. */
import { nearestName, PrefineError } from "../../errors.ts";
import type { Part } from "./dataFile.ts";
import type { Features, Row } from "./features.ts";

/**
 * @param where the split, for the message.
 * @throws PrefineError("data") for the first of these columns that is not there, with those that are.
 */
export function checkColumns(names: readonly string[], features: Features, where: string): void {
  const columns = Object.keys(features);
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
  checkColumns(Object.keys(names), features, where);
  const wrong = Object.entries(names).find(([, name]) => typeof name !== "string" || name === "");
  if (wrong) {
    const message = `${where}: expected a new name for ${wrong[0]}, found ${JSON.stringify(wrong[1])}`;
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
  return parts.map(({ rows, read }) => ({ rows, read: async () => (await read()).map(rename) }));
}

/** Parts with one more column behind the others. @param values one per row, in order. */
export function addTo(parts: readonly Part[], name: string, values: readonly unknown[]): Part[] {
  let before = 0;
  return parts.map(({ rows, read }) => {
    const first = before;
    before += rows;
    const add = (row: Row, i: number) => ({ ...row, [name]: values[first + i] ?? null });
    return { rows, read: async () => (await read()).map(add) };
  });
}

/**
 * Rows of columns: datasets.Dataset.from_dict.
 * @throws PrefineError("data") for columns of several lengths, or a column that is no list.
 */
export function rowsOfColumns(columns: Readonly<Record<string, readonly unknown[]>>, name: string): Row[] {
  const entries = Object.entries(columns);
  for (const [column, values] of entries) {
    const [first, { length }] = entries[0];
    if (!Array.isArray(values)) throw new PrefineError("data", `${name}: from_dict: expected ${column} to be a list`);
    if (values.length === length) continue;
    const message = `${name}: from_dict: expected ${length} values in ${column} as in ${first}, found ${values.length}`;
    throw new PrefineError("data", message);
  }
  const count = entries[0]?.[1].length ?? 0;
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(entries.map(([column, values]) => [column, values[i] ?? null])),
  );
}
