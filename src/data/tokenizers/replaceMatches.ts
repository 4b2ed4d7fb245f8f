/** @file Replaces a pattern's matches, within the bounds of growth. */
import { checkGrowth } from "./growth.ts";
import type { Finder } from "./pattern.ts";

/** @param where names the step in messages. */
export function replaceMatches(text: string, finder: Finder, content: string, where: string): string {
  const parts: string[] = [];
  let end = 0;
  let length = 0;
  finder.eachMatch(text, (start, matchEnd) => {
    parts.push(text.slice(end, start), content);
    length += start - end + content.length;
    if (parts.length % 1024 === 0) checkGrowth(text.length, length, where);
    end = matchEnd;
  });
  if (parts.length === 0) return text;
  checkGrowth(text.length, length, where);
  parts.push(text.slice(end));
  return parts.join("");
}
