/** @file Parts of a text by characters: an index, a slice, the window of find and count. */
import { optionalIndex } from "./bind.ts";
import { spendReading } from "./limits.ts";
import { points, sliceIndices, unitOffset } from "./strings.ts";
import { pointCount, type Value } from "./values.ts";

/** The part of a text that `start` and `end` name, and its offset in characters. */
export function window(
  text: string,
  start: Value | undefined,
  end: Value | undefined,
): { part: string; first: number } | undefined {
  if ((start ?? null) === null && (end ?? null) === null) return { part: text, first: 0 };
  const length = pointCount(text);
  const clamp = (value: number) => Math.max(0, Math.min(length, value < 0 ? value + length : value));
  const first = optionalIndex(start) ?? 0;
  const [low, high] = [clamp(first), clamp(optionalIndex(end) ?? length)];
  if (first > length || low > high) return undefined;
  return { part: text.slice(unitOffset(text, low), unitOffset(text, high)), first: low };
}

/** text[index]. @returns undefined for an index beyond its ends */
export function characterAt(text: string, index: number): string | undefined {
  spendReading(text.length);
  const length = pointCount(text);
  const at = index < 0 ? index + length : index;
  if (at < 0 || at >= length) return undefined;
  const start = unitOffset(text, at);
  return String.fromCodePoint(text.codePointAt(start) ?? 0);
}

/** text[start:stop:step]. */
export function sliceText(text: string, start: number | undefined, stop: number | undefined, step: number): string {
  spendReading(text.length);
  if (step === 1) {
    const within = window(text, start === undefined ? null : BigInt(start), stop === undefined ? null : BigInt(stop));
    return within?.part ?? "";
  }
  const all = points(text);
  return sliceIndices(all.length, start, stop, step)
    .map((index) => all[index])
    .join("");
}
