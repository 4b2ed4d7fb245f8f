/** @file Typed reading of config.json; errors name the file, the field, what was expected and found. */
import { PrefineError, show } from "../../errors.ts";

/** Above any model's sizes; a larger number in a damaged file would exhaust memory before it is noticed. */
const MOST = 2 ** 31 - 1;

export interface ConfigFields {
  json: Record<string, unknown>;
  /** The file, for messages. */
  where: string;
  /** A whole number from 1 to `most`; `fallback` if the field is absent or null. */
  integer(name: string, fallback: number, most?: number): number;
  /** A finite number of at least 0. */
  number(name: string, fallback: number): number;
  /** A finite number, of any sign. */
  signed(name: string, fallback: number): number;
  /** A number above 0; required unless there is a fallback. */
  positive(name: string, fallback?: number): number;
  /** `fallback` if the field is absent or null. */
  boolean(name: string, fallback: boolean): boolean;
  /** A rate: from 0, below 1. */
  rate(name: string, fallback: number): number;
  fault(message: string): PrefineError;
}

/**
 * @param commonNames a field's name -> transformers' common name for it (its attribute_map), whose value comes first.
 */
export function readConfigFields(
  json: Record<string, unknown>,
  where: string,
  commonNames: Readonly<Record<string, string>> = {},
): ConfigFields {
  const fault = (message: string) =>
    new PrefineError("model", `${where}: ${message}`, "Is this the model's own config.json?");
  const nameOf = (field: string) => {
    const common = Object.hasOwn(commonNames, field) ? commonNames[field] : field;
    return json[common] == null ? field : common;
  };
  const read = (field: string, fallback: number, expected: string, accepts: (value: number) => boolean) => {
    const name = nameOf(field);
    const value = json[name] ?? fallback;
    if (typeof value === "number" && accepts(value)) return value;
    throw fault(`${name}: expected ${expected}, found ${show(json[name])}`); // the fallback may be undefined
  };
  return {
    json,
    where,
    integer: (name, fallback, most = MOST) =>
      read(name, fallback, `a whole number from 1 to ${most}`, (v) => Number.isInteger(v) && v > 0 && v <= most),
    number: (name, fallback) => read(name, fallback, "a number of at least 0", (v) => v >= 0 && Number.isFinite(v)),
    signed: (name, fallback) => read(name, fallback, "a finite number", Number.isFinite),
    positive: (name, fallback = Number.NaN) =>
      read(name, fallback, "a number above 0", (v) => v > 0 && Number.isFinite(v)),
    boolean: (name, fallback) => {
      const value = json[name] ?? fallback;
      if (typeof value === "boolean") return value;
      throw fault(`${name}: expected true or false, found ${show(value)}`);
    },
    rate: (name, fallback) => read(name, fallback, "a number from 0, below 1", (v) => v >= 0 && v < 1),
    fault,
  };
}
