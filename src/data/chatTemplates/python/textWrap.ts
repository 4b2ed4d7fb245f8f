/** @file Python's textwrap.wrap, with the settings of Jinja's wordwrap: no tabs expanded, no white space replaced. */
import { valueError } from "./fault.ts";
import { spend } from "./limits.ts";
import { strip, unitOffset } from "./strings.ts";
import { pointCount } from "./values.ts";

interface Options {
  width: number;
  breakLong: boolean;
  onHyphens: boolean;
}

const WHITE = "\\t\\n\\v\\f\\r ";
const WORD = `[\\p{L}\\p{N}_!"'&.,?]`;
const LETTER = "[\\p{L}\\p{M}\\p{Nl}\\p{No}_]";
/** TextWrapper.wordsep_re: words, hyphenated parts and em dashes. */
const HYPHEN = `-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${LETTER}-))(?=${LETTER}-?${LETTER})`;
const DASH = "-{2,}(?=[\\p{L}\\p{N}_])";
const PART = `[^${WHITE}](?:[^${WHITE}])*?(?:${HYPHEN}|(?=[${WHITE}]|$)|(?<=${WORD})(?=${DASH}))`;
const WITH_HYPHENS = new RegExp(`([${WHITE}]+|(?<=${WORD})${DASH}|${PART})`, "u");
const BY_SPACE = new RegExp(`([${WHITE}]+)`, "u");
const isBlank = (chunk: string) => strip(chunk, undefined, "left") === "";

/** The lines of one paragraph. */
export function wrap(text: string, { width, breakLong, onHyphens }: Options): string[] {
  if (width <= 0) throw valueError(`invalid width ${width} (must be > 0)`);
  spend(text.length);
  const chunks = text.split(onHyphens ? WITH_HYPHENS : BY_SPACE).filter((chunk) => chunk !== "");
  chunks.reverse();
  spend(chunks.length);
  const lines: string[] = [];
  while (chunks.length > 0) {
    const line: string[] = [];
    let length = 0;
    if (lines.length > 0 && isBlank(chunks[chunks.length - 1])) chunks.pop();
    while (chunks.length > 0) {
      const size = pointCount(chunks[chunks.length - 1]);
      if (length + size > width) break;
      line.push(chunks.pop() as string);
      length += size;
    }
    const next = chunks.at(-1);
    spend(next?.length ?? 0); // a long chunk is counted once per line that it is cut into
    if (next !== undefined && pointCount(next) > width) {
      breakChunk(chunks, line, { space: width - length, breakLong, onHyphens });
    }
    if (line.length > 0 && isBlank(line[line.length - 1])) line.pop();
    if (line.length > 0) lines.push(line.join(""));
  }
  return lines;
}

/** A chunk wider than a line: cut, or alone on a line. */
function breakChunk(
  chunks: string[],
  line: string[],
  { space, breakLong, onHyphens }: { space: number; breakLong: boolean; onHyphens: boolean },
): void {
  if (!breakLong) {
    if (line.length === 0) line.push(chunks.pop() as string);
    return;
  }
  const chunk = chunks.pop() as string;
  let end = space;
  if (onHyphens && pointCount(chunk) > space) {
    const hyphen = chunk.slice(0, unitOffset(chunk, space)).lastIndexOf("-");
    const before = chunk.slice(0, Math.max(0, hyphen));
    if (hyphen > 0 && /[^-]/.test(before)) end = pointCount(before) + 1;
  }
  const cut = unitOffset(chunk, end);
  line.push(chunk.slice(0, cut));
  if (cut < chunk.length) chunks.push(chunk.slice(cut));
}
