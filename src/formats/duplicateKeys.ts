/** @file Keys that a JSON object has twice: JSON.parse silently keeps the last one, which other readers may not. */
import { endOfString } from "./exactJson.ts";

/** Where a string, a list or an object begins or ends. */
const MARK = /["{}[\]]/g;
const COLON = /[ \t\n\r]*:/y;

/**
 * The first key that its object already has, in any depth; one pass.
 * @param text valid JSON.
 */
export function duplicateKey(text: string): string | undefined {
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
      const keys = objects.at(-1);
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
