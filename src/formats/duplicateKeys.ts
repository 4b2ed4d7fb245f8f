/** @file Keys that a JSON object has twice: JSON.parse silently keeps the last one, which other readers may not. */

/** A string with the colon after it, if it is a key; or the begin or end of a value. Only for valid JSON. */
const TOKEN = /"((?:[^"\\]|\\.)*)"(\s*:)?|[{}[\]]/g;

/**
 * The first key that its object already has, in any depth; one pass.
 * @param text valid JSON.
 */
export function duplicateKey(text: string): string | undefined {
  const objects: (Set<string> | null)[] = []; // null: a list
  for (const [token, content, colon] of text.matchAll(TOKEN)) {
    if (token === "{") objects.push(new Set());
    else if (token === "[") objects.push(null);
    else if (token === "}" || token === "]") objects.pop();
    else if (colon !== undefined) {
      const key = content.includes("\\") ? (JSON.parse(`"${content}"`) as string) : content;
      const keys = objects.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
