/** @file Typed reading of config.json: the file's name, the field, what was expected and what was found. */
import { PrefineError } from "../errors.ts";

export interface ConfigFields {
  json: Record<string, unknown>;
  /** The file, for messages. */
  where: string;
  /** A whole number above 0; `fallback` where the field is absent or null. */
  integer(name: string, fallback: number): number;
  number(name: string, fallback: number): number;
  fault(message: string): PrefineError;
}

export function readConfigFields(json: Record<string, unknown>, where: string): ConfigFields {
  const fault = (message: string) =>
    new PrefineError("model", `${where}: ${message}`, "Is this the model's own config.json?");
  const read = (name: string, fallback: number, expected: string, accepts: (value: number) => boolean) => {
    const value = json[name] ?? fallback;
    if (typeof value === "number" && accepts(value)) return value;
    throw fault(`${name}: expected ${expected}, found ${JSON.stringify(value)}`);
  };
  return {
    json,
    where,
    integer: (name, fallback) => read(name, fallback, "a whole number above 0", (v) => Number.isInteger(v) && v > 0),
    number: (name, fallback) => read(name, fallback, "a number", Number.isFinite),
    fault,
  };
}
