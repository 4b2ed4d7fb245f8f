/** @file Values of exactJson.ts as JSON text that loses nothing: 5.0 stays a float, long integers, the keys' order. */
import { pythonFloat } from "./pythonFloat.ts";
import { entriesOf, isFloat } from "./written.ts";

/** @param spaced with a space after commas and colons, as Python's json.dumps writes. */
export function exactJsonText(value: unknown, spaced = false): string {
  const [comma, colon] = spaced ? [", ", ": "] : [",", ":"];
  const write = (inner: unknown): string => {
    if (typeof inner === "bigint") return String(inner);
    if (typeof inner === "number" && !Number.isFinite(inner)) return notFinite(inner); // as Python's json.dumps
    if (inner instanceof Date) return JSON.stringify(inner);
    if (Array.isArray(inner)) return `[${inner.map((item, i) => member(inner, String(i), item)).join(comma)}]`;
    if (typeof inner !== "object" || inner === null) return JSON.stringify(inner) ?? "null";
    const entries = entriesOf(inner).filter(([, item]) => item !== undefined);
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}${colon}${member(inner, key, item)}`).join(comma)}}`;
  };
  const member = (owner: object, key: string, inner: unknown) =>
    typeof inner === "number" && Number.isInteger(inner) && isFloat(owner, key, inner)
      ? pythonFloat(inner)
      : write(inner);
  return write(value);
}

const notFinite = (value: number) => (Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
