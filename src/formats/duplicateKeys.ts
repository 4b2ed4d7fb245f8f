/** @file Keys that a JSON object has twice: JSON.parse silently keeps the last one, which other readers may not. */
import { endOfString } from "./exactJson.ts";

/** Where a string, a list or an object begins or ends. */
const MARK = /["{}[\]]/g;
const COLON = /[ \t\n\r]*:/y;

/**
 * The first key that its object already has, in any depth; one pass.
 * @param text valid JSON.
 * @param isOutermost looks at the outermost object alone.
 */
export function duplicateKey(text: string, isOutermost = false): string | undefined {
  const objects: (Set<string> | null)[] = []; // null: a list
  MARK.lastIndex = 0;
  for (let mark = MARK.exec(text); mark; mark = MARK.exec(text)) {
    const [token] = mark;
    if (token === "{") objects.push(new Set());
    else if (token === "[") objects.push(null);
    else if (token !== '"') objects.pop();
    else {
      const end = endOfString(text, mark.index);
      MARK.lastIndex = end;
      const keys = isOutermost && objects.length > 1 ? null : objects.at(-1);
      COLON.lastIndex = end;
      if (!keys || !COLON.test(text)) continue;
      const quoted = text.slice(mark.index, end);
      const key = quoted.includes("\\") ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/**
 * A column that a row has twice, which Arrow, and so datasets, refuses; it keeps the last one in nested objects.
 * @param row the value of `text`: rows without such a column have as many keys as the text has colons after quotes,
 *   unless a string holds some. Counting those takes a fraction of the time of looking at each key.
 */
export function repeatedColumn(text: string, row: object): string | undefined {
  const isPlain = colonsAfterQuotes(text) === keysIn(row) && !SPACED_COLON.test(text);
  return isPlain ? undefined : duplicateKey(text, true);
}

const SPACED_COLON = /"\s+:/;

function colonsAfterQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) count++;
  return count;
}

function keysIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const nested = Object.values(value);
  let count = Array.isArray(value) ? 0 : nested.length;
  for (const one of nested) count += keysIn(one);
  return count;
}
