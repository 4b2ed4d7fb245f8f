/** @file Methods of Python's str for chat templates, besides those of the template library. */
import type { Value } from "./values.ts";

/** Python's white space (str.isspace). Unlike JavaScript's `\s`: no U+FEFF, but U+001C to U+001F and U+0085. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]+`, "u");
const LINE_ENDS = "\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";
const LINE_END = new RegExp(`\\r\\n|[${LINE_ENDS}]`);

type Argument = string | number | boolean | null | readonly string[];
/** Arguments of a method: positional and named. */
export interface Arguments {
  positional: readonly Argument[];
  /** The positional ones as interpreter values. */
  values: readonly Value[];
  named: ReadonlyMap<string, Argument>;
}
type Result = string | number | boolean | string[];

function strip(text: string, characters: Argument | undefined, side: "both" | "left" | "right"): string {
  const points = Array.from(text);
  const characterSet = typeof characters === "string" ? new Set(Array.from(characters)) : undefined;
  const goes = (point: string) => (characterSet ? characterSet.has(point) : SPACES.test(point));
  let [start, end] = [0, points.length];
  if (side !== "right") while (start < end && goes(points[start])) start++;
  if (side !== "left") while (end > start && goes(points[end - 1])) end--;
  return points.slice(start, end).join("");
}

/** Python's str.strip(). */
export const stripText = (text: string, characters?: Argument): string => strip(text, characters, "both");

/** Python's str.rstrip(). */
export const stripEnd = (text: string): string => strip(text, undefined, "right");

/** An argument by position or name. */
const pick = ({ positional, named }: Arguments, at: number, name: string) => positional[at] ?? named.get(name);

function split(text: string, given: Arguments, fromRight: boolean): string[] {
  const separator = pick(given, 0, "sep") ?? null;
  const limit = Number(pick(given, 1, "maxsplit") ?? -1);
  if (separator !== null && (typeof separator !== "string" || separator === "")) throw new Error("empty separator");
  const parts = separator === null ? text.split(SPACES).filter((part) => part !== "") : text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  if (separator !== null && fromRight) {
    const cut = parts.length - limit;
    return [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
  }
  if (separator !== null) return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
  return fromRight ? splitSpacesFromRight(text, limit) : splitSpaces(text, limit);
}

function splitSpaces(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = strip(text, undefined, "left");
  while (parts.length < limit && rest !== "") {
    const at = rest.search(SPACES);
    if (at < 0) break;
    parts.push(rest.slice(0, at));
    rest = strip(rest.slice(at), undefined, "left");
  }
  return rest === "" ? parts : [...parts, rest];
}

function splitSpacesFromRight(text: string, limit: number): string[] {
  const reversed = (part: string) => Array.from(part).reverse().join("");
  return splitSpaces(reversed(text), limit).map(reversed).reverse();
}

function isAll(text: string, pattern: RegExp): boolean {
  return text !== "" && Array.from(text).every((point) => pattern.test(point));
}

function startsOrEnds(text: string, given: Arguments, method: "startsWith" | "endsWith"): boolean {
  const affix = given.positional[0];
  if (typeof affix === "string") return text[method](affix);
  if (Array.isArray(affix)) return affix.some((one) => text[method](one));
  throw new Error("startswith and endswith take a string or a tuple of strings");
}

function textArgument({ positional }: Arguments, at: number): string {
  const value = positional[at];
  if (typeof value === "string") return value;
  throw new Error(`expected a string as argument ${at + 1} of a string's method`);
}

/** Index of `part` in code points, -1 if absent. */
function find(text: string, part: string, last: boolean): number {
  const at = last ? text.lastIndexOf(part) : text.indexOf(part);
  return at < 0 ? -1 : Array.from(text.slice(0, at)).length;
}

function replaceAll(text: string, given: Arguments): string {
  const [from, to] = [textArgument(given, 0), textArgument(given, 1)];
  const limit = Number(pick(given, 2, "count") ?? -1);
  const parts = from === "" ? ["", ...Array.from(text), ""] : text.split(from);
  if (limit < 0 || parts.length <= limit + 1) return parts.join(to);
  return parts.slice(0, limit + 1).join(to) + from + parts.slice(limit + 1).join(from);
}

function capitalize(text: string): string {
  const [first = "", ...rest] = Array.from(text);
  return first.toUpperCase() + rest.join("").toLowerCase();
}

function splitLines(text: string): string[] {
  const lines = text.split(LINE_END);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** By Python's name. */
export const STRING_METHODS: Readonly<Record<string, (text: string, given: Arguments) => Result>> = {
  strip: (text, { positional }) => strip(text, positional[0], "both"),
  lstrip: (text, { positional }) => strip(text, positional[0], "left"),
  rstrip: (text, { positional }) => strip(text, positional[0], "right"),
  split: (text, given) => split(text, given, false),
  rsplit: (text, given) => split(text, given, true),
  splitlines: splitLines,
  startswith: (text, given) => startsOrEnds(text, given, "startsWith"),
  endswith: (text, given) => startsOrEnds(text, given, "endsWith"),
  replace: replaceAll,
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  capitalize,
  find: (text, given) => find(text, textArgument(given, 0), false),
  rfind: (text, given) => find(text, textArgument(given, 0), true),
  count: (text, given) => text.split(textArgument(given, 0)).length - 1,
  removeprefix: (text, given) => {
    const prefix = textArgument(given, 0);
    return text.startsWith(prefix) ? text.slice(prefix.length) : text;
  },
  removesuffix: (text, given) => {
    const suffix = textArgument(given, 0);
    return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
  },
  join: (text, { positional: [parts] }) => {
    if (Array.isArray(parts) && parts.every((part) => typeof part === "string")) return parts.join(text);
    throw new Error("join takes a list of strings");
  },
  title: (text) => text.replace(/\p{L}+/gu, capitalize),
  index: (text, given) => {
    const at = find(text, textArgument(given, 0), false);
    if (at < 0) throw new Error("substring not found");
    return at;
  },
  zfill: (text, given) => {
    const [, sign, rest] = /^([+-]?)(.*)$/s.exec(text) as RegExpExecArray;
    return sign + rest.padStart(Number(given.positional[0]) - sign.length, "0");
  },
  partition: (text, given) => {
    const mark = textArgument(given, 0);
    const at = text.indexOf(mark);
    return at < 0 ? [text, "", ""] : [text.slice(0, at), mark, text.slice(at + mark.length)];
  },
  isnumeric: (text) => isAll(text, /\p{N}/u),
  isdecimal: (text) => isAll(text, /\p{Nd}/u),
  isspace: (text) => isAll(text, SPACES),
  isdigit: (text) => isAll(text, /\p{Nd}/u),
  isalpha: (text) => isAll(text, /\p{L}/u),
  isalnum: (text) => isAll(text, /[\p{L}\p{N}]/u),
  isupper: (text) => text !== text.toLowerCase() && text === text.toUpperCase(),
  islower: (text) => text !== text.toUpperCase() && text === text.toLowerCase(),
};
