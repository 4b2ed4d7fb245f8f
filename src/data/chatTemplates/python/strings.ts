/** @file Parts of Python's str that methods and filters share: characters, white space, slices, lines, splitting. */
import { valueError } from "./fault.ts";
import { spend, spendText } from "./limits.ts";

/** Python's white space (str.isspace). Unlike JavaScript's `\s`: no U+FEFF, but U+001C to U+001F and U+0085. */
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const IS_SPACE = new RegExp(`[${SPACE}]`, "u");
const SPACES = new RegExp(`[${SPACE}]+`, "u");
const LINE_ENDS = "\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";
const LINE_END = new RegExp(`\\r\\n|[${LINE_ENDS}]`, "g");

const SURROGATE = /[\ud800-\udfff]/;

/** The text's characters; without surrogates, each is one unit. */
export const points = (text: string): string[] => (SURROGATE.test(text) ? Array.from(text) : text.split(""));

/** Offset in UTF-16 units of a character. */
export function unitOffset(text: string, point: number): number {
  if (!SURROGATE.test(text)) return Math.min(point, text.length);
  let unit = 0;
  for (let i = 0; i < point && unit < text.length; i++) unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  return unit;
}

export const isSpace = (point: string): boolean => IS_SPACE.test(point);

export type Side = "both" | "left" | "right";

/** str.strip, lstrip and rstrip. @param characters those to remove; by default white space */
export function strip(text: string, characters: string | undefined, side: Side): string {
  const set = characters === undefined ? undefined : new Set(characters);
  const goes = (point: string) => (set ? set.has(point) : isSpace(point));
  let [start, end] = [0, text.length];
  while (side !== "right" && start < end) {
    const point = String.fromCodePoint(text.codePointAt(start) ?? 0);
    if (!goes(point)) break;
    start += point.length;
  }
  while (side !== "left" && end > start) {
    const low = text.charCodeAt(end - 1);
    const isPair = low >= 0xdc00 && low <= 0xdfff && end - 2 >= start && (text.codePointAt(end - 2) ?? 0) > 0xffff;
    const point = text.slice(isPair ? end - 2 : end - 1, end);
    if (!goes(point)) break;
    end -= point.length;
  }
  return text.slice(start, end);
}

/** str.split and rsplit. @param separator by default runs of white space */
export function split(text: string, separator: string | undefined, limit: number, fromRight: boolean): string[] {
  if (separator === "") throw valueError("empty separator");
  if (separator === undefined) return fromRight ? splitSpacesRight(text, limit) : splitSpaces(text, limit);
  const parts = text.split(separator);
  spend(parts.length);
  if (limit < 0 || parts.length <= limit + 1) return fromRight ? rightParts(text, separator, limit) : parts;
  if (fromRight) return rightParts(text, separator, limit);
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

/** From the right, since "aaa" at "aa" is another split there. */
function rightParts(text: string, separator: string, limit: number): string[] {
  const parts: string[] = [];
  let end = text.length;
  while (limit < 0 || parts.length < limit) {
    const at = end < separator.length ? -1 : text.lastIndexOf(separator, end - separator.length);
    if (at < 0) break;
    parts.push(text.slice(at + separator.length, end));
    end = at;
  }
  return [...parts, text.slice(0, end)].reverse();
}

function splitSpaces(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = strip(text, undefined, "left");
  if (limit < 0) return text.split(new RegExp(SPACES, "gu")).filter((part) => part !== "");
  while (parts.length < limit && rest !== "") {
    const at = rest.search(SPACES);
    if (at < 0) break;
    parts.push(rest.slice(0, at));
    rest = strip(rest.slice(at), undefined, "left");
  }
  return rest === "" ? parts : [...parts, rest];
}

function splitSpacesRight(text: string, limit: number): string[] {
  if (limit < 0) return splitSpaces(text, limit);
  const reversed = (part: string) => Array.from(part).reverse().join("");
  return splitSpaces(reversed(text), limit).map(reversed).reverse();
}

/** str.splitlines. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const { index, 0: end } of text.matchAll(LINE_END)) {
    lines.push(text.slice(start, keepEnds ? index + end.length : index));
    start = index + end.length;
  }
  if (start < text.length) lines.push(text.slice(start));
  spend(lines.length);
  return lines;
}

/** str.replace. @param limit -1 for all */
export function replaceText(text: string, from: string, to: string, limit: number): string {
  const parts = from === "" ? ["", ...points(text), ""] : text.split(from);
  const times = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  spendText(text.length + times * to.length);
  if (times >= parts.length - 1) return parts.join(to);
  return parts.slice(0, times + 1).join(to) + from + parts.slice(times + 1).join(from);
}

/** text * times. */
export function repeat(text: string, times: number): string {
  if (times <= 0 || text === "") return "";
  spendText(text.length * times);
  return text.repeat(times);
}

/** Python's slice.indices: the first index, and the one that ends it. */
export function sliceBounds(
  length: number,
  start: number | undefined,
  stop: number | undefined,
  step: number,
): [first: number, end: number] {
  if (step === 0) throw valueError("slice step cannot be zero");
  const clamp = (value: number, low: number, high: number) => {
    const index = value < 0 ? value + length : value;
    return Math.max(low, Math.min(high, index));
  };
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const first = start === undefined ? (step > 0 ? low : high) : clamp(start, low, high);
  return [first, stop === undefined ? (step > 0 ? high : low) : clamp(stop, low, high)];
}

/** The indices of a slice. */
export function sliceIndices(
  length: number,
  start: number | undefined,
  stop: number | undefined,
  step: number,
): number[] {
  const [first, end] = sliceBounds(length, start, stop, step);
  const indices: number[] = [];
  for (let i = first; step > 0 ? i < end : i > end; i += step) indices.push(i);
  spend(indices.length);
  return indices;
}
