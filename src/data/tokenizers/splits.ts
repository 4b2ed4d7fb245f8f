/** @file Splits a text at a pattern's matches, with Hugging Face's behaviors. */
import type { Finder } from "./pattern.ts";

/** A part of a text, in UTF-16 units: a match, or what is between two of them. May be empty. */
interface Part {
  start: number;
  end: number;
  isMatch: boolean;
}

function partsOf(text: string, finder: Finder, inverted: boolean): Part[] {
  const parts: Part[] = [];
  let last = 0;
  finder.eachMatch(text, (start, end) => {
    if (start > last) parts.push({ start: last, end: start, isMatch: inverted });
    parts.push({ start, end, isMatch: !inverted });
    last = end;
  });
  if (last < text.length) parts.push({ start: last, end: text.length, isMatch: inverted });
  return parts;
}

/** Joins each part for which `joins` holds to the part before it. */
function joined(parts: Part[], joins: (part: Part, before: Part) => boolean): Part[] {
  const out: Part[] = [];
  parts.forEach((part, i) => {
    const before = out.at(-1);
    if (before && joins(part, parts[i - 1])) before.end = part.end;
    else out.push({ ...part });
  });
  return out;
}

/** What becomes of matches. A match that is dropped at the start leaves an empty part there. */
const BEHAVIORS: Record<string, (parts: Part[]) => Part[]> = {
  Isolated: (parts) => parts,
  Removed: (parts) => {
    const rest = parts.filter(({ isMatch }) => !isMatch);
    return parts[0]?.isMatch ? [{ start: 0, end: 0, isMatch: false }, ...rest] : rest;
  },
  MergedWithPrevious: (parts) => joined(parts, (part, before) => part.isMatch && !before.isMatch),
  MergedWithNext: (parts) => joined(parts, (part, before) => before.isMatch && !part.isMatch),
  Contiguous: (parts) => joined(parts, (part, before) => part.isMatch === before.isMatch),
};

export const BEHAVIOR_NAMES: readonly string[] = Object.keys(BEHAVIORS);

/** Splits a text. @param behavior one of BEHAVIOR_NAMES. */
export function splitAt(text: string, finder: Finder, behavior: string, inverted = false): string[] {
  const whole = behavior === "Isolated" ? finder.wholeSplit?.(text) : undefined;
  return whole ?? BEHAVIORS[behavior](partsOf(text, finder, inverted)).map(({ start, end }) => text.slice(start, end));
}
