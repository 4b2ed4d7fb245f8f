/** @file Columns by LLaMA-Factory's names for them: `columns` of an entry of dataset_info.json. */
import { describeValue } from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { cannotHold } from "./shape.ts";

/** LLaMA-Factory's name -> column; undefined: none. */
export type Columns = Readonly<Record<string, string | undefined>>;

/**
 * The columns of a dataset_info.json's entry; without `columns` the defaults. With it, LLaMA-Factory reads no column
 * that it leaves out.
 * @throws PrefineError("config") for anything but names.
 */
export function columnsOf(settings: Readonly<Record<string, unknown>>, defaults: Columns): Columns {
  return namesOf("columns", settings, {}) ?? defaults;
}

/** A mapping of names in the settings; undefined: there is none. @param defaults for names that it leaves out. */
export function namesOf(key: string, settings: Readonly<Record<string, unknown>>, defaults: Columns) {
  const names = settings[key];
  if (names === undefined || names === null) return undefined;
  const where = `data_format_options.${key}`;
  if (!isObject(names)) throw wrongSetting(where, "a mapping of names", names);
  const entries = Object.entries(names).map(([name, column]): [string, string | undefined] => {
    if (column === null) return [name, undefined];
    if (typeof column === "string") return [name, column];
    throw wrongSetting(`${where}.${name}`, "a name", column);
  });
  return { ...defaults, ...Object.fromEntries(entries) } as Columns;
}

export function wrongSetting(where: string, expected: string, value: unknown): PrefineError {
  const hint = "docs/data-formats.md shows the settings of each format.";
  return new PrefineError("config", `${where}: expected ${expected}, found ${describeValue(value)}`, hint);
}

/** The columns of these names that there are. */
export function present(columns: Columns, names: readonly string[]): string[] {
  return names.flatMap((name) => columns[name] ?? []);
}

/** A row with values under the columns of their names. @throws PrefineError("data") for a value without a column. */
export function rowUnder(columns: Columns, values: Readonly<Record<string, unknown>>, format: string): Row {
  const row: Row = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const column = columns[name];
    if (column === undefined)
      throw cannotHold(format, name, `a ${name}, for which data_format_options names no column`);
    row[column] = value;
  }
  return row;
}
