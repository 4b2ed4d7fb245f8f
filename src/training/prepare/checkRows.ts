/** @file Whether a value can be a trainer's rows: messages for what else is passed, such as a whole DatasetDict. */
import { describeValue, isPromise } from "../../arguments.ts";

/** The problem with a value that should be one set of rows; undefined: there is none. */
export function rowsFault(value: unknown): string | undefined {
  const expected = "expected a Dataset or a list of rows, found";
  if (isPromise(value) || typeof value !== "object" || value === null) {
    if (typeof value !== "string") return `${expected} ${describeValue(value)}`;
    const name = JSON.stringify(value);
    return `${expected} the text ${name}; load it: (await loadDataset(${name})).train`;
  }
  const splits = splitNamesOf(value);
  if (splits) return `${expected} a DatasetDict (${splits.join(", ")}); pass one of its splits: dataset.${splits[0]}`;
  if (Array.isArray(value)) return rowFault(value);
  if (isRows(value)) return undefined;
  const columns = columnsOf(value);
  if (columns) return `${expected} columns (${columns.join(", ")}); pass Dataset.from_dict(columns)`;
  return `${expected} ${describeValue(value)}`;
}

/** The same for eval_dataset: rows, several sets by name, or null. */
export function evaluationFaults(value: unknown): [where: string, fault: string][] {
  if (value === null || value === undefined) return [];
  const isByName = typeof value === "object" && !isPromise(value) && !Array.isArray(value) && !isRows(value);
  const names = isByName ? (splitNamesOf(value) ?? Object.keys(value)) : [];
  if (!isByName || names.length === 0 || columnsOf(value)) {
    const fault = rowsFault(value);
    return fault === undefined ? [] : [["eval_dataset", fault]];
  }
  return names.flatMap((name): [string, string][] => {
    const fault = rowsFault((value as Record<string, unknown>)[name]);
    return fault === undefined ? [] : [[`eval_dataset.${name}`, fault]];
  });
}

function splitNamesOf(value: object): string[] | undefined {
  return "splitNames" in value && Array.isArray(value.splitNames) ? value.splitNames : undefined;
}

/** A Dataset, an iterable, an asynchronous one. Not a Map or bytes, which hold no rows. */
function isRows(value: object): boolean {
  if (value instanceof Map || ArrayBuffer.isView(value)) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value || ("rows" in value && isFunction(value.rows));
}

const isFunction = (value: unknown) => typeof value === "function";

/** Only the first: each row is checked when it is read. */
function rowFault(rows: readonly unknown[]): string | undefined {
  const [first] = rows;
  if (rows.length === 0 || (typeof first === "object" && first !== null && !isPromise(first) && !Array.isArray(first)))
    return undefined;
  return `expected rows as objects, found a list of which the first is ${describeValue(first)}`;
}

/** Names of columns if the object holds lists of values by name, as pandas and datasets.from_dict have them. */
function columnsOf(value: object): string[] | undefined {
  const entries = Object.entries(value);
  const isColumn = (values: unknown) => Array.isArray(values) && rowFault(values) !== undefined;
  const isTable = entries.length > 0 && entries.every(([, values]) => Array.isArray(values));
  const named = "chosen" in value || "rejected" in value;
  return isTable && (named || entries.some(([, values]) => isColumn(values))) ? Object.keys(value) : undefined;
}
