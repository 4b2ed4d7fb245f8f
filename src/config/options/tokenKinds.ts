/** @file Kinds of generation options that are lists of token ids. */
import { parseJson } from "../../formats/parseJson.ts";
import { atLeast, float, int, type Kind, listOf } from "../kinds.ts";

/** A list, or a flag's text of one. */
function listFrom(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== "string" || !value.trimStart().startsWith("[")) return undefined;
  try {
    const list: unknown = parseJson(value);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

const id = atLeast(0, int);

/** Token ids, at least one. */
export const tokenIds: Kind<number[], number | readonly number[]> = {
  ...listOf(id),
  expected: "a list of token ids",
  placeholder: "IDS",
  words: "one",
  schema: { type: "array", items: id.schema, minItems: 1 },
  types: { value: "number[]", input: "number | readonly number[]" },
  read: (value) => {
    const list = listFrom(value) ?? [value];
    return list.length > 0 ? listOf(id).read(list) : undefined;
  },
};

/** Token ids, and a number: [[5, 6], -2.0]. */
export const weightedIds: Kind<[number[], number], readonly [readonly number[], number]> = {
  expected: "a list of token ids and a number ([[5, 6], -2.0])",
  placeholder: "JSON",
  words: "one",
  schema: { type: "array", prefixItems: [tokenIds.schema, float.schema], minItems: 2, maxItems: 2 },
  types: { value: "[number[], number]", input: "readonly [readonly number[], number]" },
  read: (value) => {
    const [list, number, ...others] = listFrom(value) ?? [];
    const ids = Array.isArray(list) ? tokenIds.read(list) : undefined;
    const weight = float.read(number);
    return ids && weight !== undefined && others.length === 0 ? [ids, weight] : undefined;
  },
};

/** A number of tokens and a factor: [20, 1.05]. */
export const growth: Kind<[number, number], readonly [number, number]> = {
  expected: "a number of tokens and a factor ([20, 1.05])",
  placeholder: "NUMBER",
  words: "many",
  schema: { type: "array", prefixItems: [{ type: "integer" }, { type: "number" }], minItems: 2, maxItems: 2 },
  types: { value: "[number, number]", input: "readonly [number, number]" },
  read: (value) => {
    const [start, factor, ...others] = listFrom(value) ?? [];
    const read = [int.read(start), float.read(factor)] as const;
    return read[0] !== undefined && read[1] !== undefined && others.length === 0 ? [read[0], read[1]] : undefined;
  },
};
