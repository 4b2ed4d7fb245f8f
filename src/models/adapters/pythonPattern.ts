/**
 * @file Regular expressions in PEFT's configs (Python's `re`) -> JavaScript's. Translates what the two languages write
 * differently and rejects what only Python has: a pattern never silently means something else.
 */
import { PrefineError, show } from "../../errors.ts";
import { endsWithin } from "../../host.ts";

/** Python's escapes outside character classes that JavaScript's unicode mode writes differently. */
const ESCAPES: Record<string, string> = { A: "(?<![\\s\\S])", Z: "(?![\\s\\S])", a: "\\x07" };
/** Characters that may follow a backslash in both languages. */
const SHARED_ESCAPE = /[\^$\\.*+?()[\]{}|/dDwWsSbBnrtfvxu0-9]/;

/** The body of the JavaScript pattern, and the flags of a leading `(?i)`. */
function translate(python: string): { body: string; flags: string } {
  const [inline, flags = ""] = /^\(\?([ims]+)\)/.exec(python) ?? [""];
  let body = "";
  let inClass = false;
  for (let i = inline.length; i < python.length; i++) {
    const rest = python.slice(i);
    const character = python[i];
    if (character === "\\" && i + 1 < python.length) {
      i += 1;
      body += escaped(python[i], inClass);
    } else if (!inClass && rest.startsWith("(?P<")) {
      i += 3;
      body += "(?<";
    } else if (!inClass && rest.startsWith("(?P=")) {
      const end = python.indexOf(")", i);
      body += `\\k<${python.slice(i + 4, end)}>`;
      i = end;
    } else {
      if (character === "[" && inClass) body += "\\";
      if (character === "[") inClass = true;
      if (character === "]") inClass = false;
      body += !inClass && rest.startsWith("{,") ? "{0" : character;
    }
  }
  return { body, flags };
}

function escaped(character: string, inClass: boolean): string {
  if (!inClass && character in ESCAPES) return ESCAPES[character];
  if (SHARED_ESCAPE.test(character)) return `\\${character}`;
  if (/[a-zA-Z]/.test(character)) return `\\${character}`; // unknown to both: compiling it fails
  return inClass && character === "-" ? "\\-" : character;
}

/** Longest search (ms) for a match of one name; real patterns take microseconds. */
const PATIENCE = 1000;
/** Patterns without a repeated group are quick, and need no timer. */
const REPEATED_GROUP = /\)[*+{]/;

/** @throws PrefineError("config") for a pattern that tries too many ways to match. */
export function testWithin(pattern: RegExp, name: string, where: string): boolean {
  if (!REPEATED_GROUP.test(pattern.source)) return pattern.test(name);
  let matches = false;
  const work = () => {
    matches = pattern.test(name);
  };
  if (endsWithin(PATIENCE, work)) return matches;
  const message = `${where}: expected a pattern that is quickly matched, found one that takes over 1 s on ${name}`;
  throw new PrefineError("config", message, "Avoid repeated groups within repeated groups, such as (a+)+.");
}

/**
 * Matches whole names, as `re.fullmatch(before + pattern + after, name)`.
 * @param where the option, for messages.
 * @throws PrefineError("config") for a pattern that is invalid, or that only Python understands.
 */
export function fullMatch(
  pattern: string,
  where: string,
  { before = "", after = "" }: { before?: string; after?: string } = {},
): (name: string) => boolean {
  const { body, flags } = translate(pattern);
  try {
    const compiled = new RegExp(`^(?:${before}(?:${body})${after})$`, `u${flags}`);
    return (name) => testWithin(compiled, name, `${where} ${show(pattern)}`);
  } catch (cause) {
    const reason = (cause as Error).message;
    const message = `${where}: expected a regular expression, found ${show(pattern)}: ${reason}`;
    throw new PrefineError("config", message, "Use only syntax that Python and JavaScript share.", { cause });
  }
}
