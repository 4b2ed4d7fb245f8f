/** @file Infers the features of untyped rows, as Arrow does for datasets: one type per column and field. */
import { entriesOf, isFloat, keysOf, orderedObject } from "../../formats/written.ts";
import { type Feature, type Features, isUntyped, type Row } from "./features.ts";

/** Structs whose objects have different keys: datasets keeps such values as JSON, as they were written. */
const varying = new WeakSet<Feature>();
/** Structs whose objects have the same keys in different orders: all take the order of the first. */
const reordered = new WeakSet<Feature>();

export const isVarying = (feature: Feature): boolean => varying.has(feature);
export const isReordered = (feature: Feature): boolean => reordered.has(feature);

/** Infers the features of untyped rows, row by row. */
export class FeatureScan {
  readonly features: Features = {};
  /** Number of columns. */
  columns = 0;

  add(row: Row): void {
    for (const name of Object.keys(row)) {
      const before = own(this.features, name);
      const after = merge(before, row[name], { of: row, key: name });
      // defineProperty: a column called __proto__ is a column too
      if (!before) {
        const property = { value: after, enumerable: true, configurable: true, writable: true };
        Object.defineProperty(this.features, name, property);
        this.columns++;
      } else if (after !== before) this.features[name] = after;
    }
  }
}

const own = (features: Features, name: string): Feature | undefined =>
  Object.hasOwn(features, name) ? features[name] : undefined;

/** The features of rows in memory. */
export function inferFeatures(rows: Iterable<Row>): Features {
  const scan = new FeatureScan();
  for (const row of rows) scan.add(row);
  return scan.features;
}

/** Where a value is: what is noted of its owner says whether a whole number is a float. */
interface Place {
  of: object;
  key: string;
}

/** `feature` widened to fit `value`; the same object if unchanged, because this runs on every value of a row. */
function merge(feature: Feature | undefined, value: unknown, place: Place): Feature {
  if (value === null || value === undefined) return feature ?? { kind: "value", dtype: "null" };
  if (Array.isArray(value)) return mergeList(feature, value);
  if (typeof value === "object" && !(value instanceof Date) && !ArrayBuffer.isView(value)) {
    return mergeStruct(feature, value as Row);
  }
  const dtype = dtypeOf(value, place);
  if (feature?.kind === "value") {
    const wider = widen(feature.dtype, dtype);
    return wider === feature.dtype ? feature : { kind: "value", dtype: wider };
  }
  return { kind: "value", dtype: feature ? "mixed" : dtype };
}

function mergeList(feature: Feature | undefined, values: unknown[]): Feature {
  if (feature?.kind !== "list" && !isUntyped(feature)) return { kind: "value", dtype: "mixed" };
  const before = feature?.kind === "list" ? feature.of : undefined;
  let of: Feature | undefined = before;
  for (let i = 0; i < values.length; i++) of = merge(of, values[i], { of: values, key: String(i) });
  if (feature?.kind === "list" && of === before) return feature;
  return { kind: "list", of: of ?? { kind: "value", dtype: "null" } };
}

/** Fields that are noted of objects whose keys differ, such as ids: each new one copies those before. */
const MOST_FIELDS = 1000;

function mergeStruct(feature: Feature | undefined, value: Row): Feature {
  if (feature?.kind !== "struct" && !isUntyped(feature)) return { kind: "value", dtype: "mixed" };
  const before = feature?.kind === "struct" ? feature : undefined;
  const fields = before?.fields ?? {};
  if (before && varying.has(before) && keysOf(fields).length > MOST_FIELDS) return before;
  const changed = new Map<string, Feature>();
  const names = keysOf(value);
  for (const name of names) {
    const old = own(fields, name);
    const after = merge(old, value[name], { of: value, key: name });
    if (after !== old) changed.set(name, after);
  }
  if (before) noteKeys(before, names);
  if (before && changed.size === 0) return before;
  const all = new Map([...(entriesOf(fields) as [string, Feature][]), ...changed]);
  const after: Feature = { kind: "struct", fields: orderedObject(all) };
  if (before ? varying.has(before) : names.length === 0) varying.add(after); // no keys at first: any may follow
  if (before && reordered.has(before)) reordered.add(after);
  return after;
}

/** Compares an object's keys with those of the objects before it. */
function noteKeys(feature: Feature & { kind: "struct" }, names: readonly string[]): void {
  if (varying.has(feature)) return;
  const known = keysOf(feature.fields);
  const isSame = names.length === known.length && names.every((name) => Object.hasOwn(feature.fields, name));
  if (!isSame) varying.add(feature);
  else if (names.some((name, i) => name !== known[i])) reordered.add(feature);
}

function dtypeOf(value: unknown, { of, key }: Place): string {
  if (typeof value === "string") return "string";
  if (typeof value === "number") return isFloat(of, key, value) ? "float64" : "int64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? "int64" : "float64";
  return value instanceof Date ? "timestamp" : "binary";
}

function widen(dtype: string, other: string): string {
  if (dtype === other || dtype === "null") return other;
  const numbers = new Set(["int64", "float64"]);
  return numbers.has(dtype) && numbers.has(other) ? "float64" : "mixed";
}
