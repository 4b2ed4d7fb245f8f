/** @file JSON text -> plain values that lose nothing: see written.ts; integers beyond 2^53 are bigints. */
import { DEEPEST, parseJson } from "./parseJson.ts";
import { markFloats, orderedObject } from "./written.ts";

/** Numbers that JSON.parse would change, or keys that it would move; also where a string looks like one. */
const INEXACT = /[:[,]\s*-?(?:\d+(?:\.|[eE]|\d{15})|0[\s,\]}])|"\d+"\s*:/;

/**
 * @param notFinite what NaN, Infinity, Inf and their negatives become, which are no JSON: numbers, as Arrow reads them,
 *   or null, as pandas' ujson has them when it writes them again. Undefined: they are refused.
 * @throws SyntaxError for invalid JSON, or values nested too deeply.
 */
export function parseExactJson(text: string, notFinite?: "numbers" | "null"): unknown {
  if (notFinite !== undefined && NOT_FINITE.test(text)) return parseExactJson(withoutWords(text, notFinite));
  const value = parseJson(text); // checks the syntax, with its messages
  return INEXACT.test(text) || /^\s*-?\d/.test(text) ? new ExactReader(text).read() : value;
}

/** Numbers that are no JSON; also where a string looks like one. */
const NOT_FINITE = /[:[,]\s*-?(?:NaN|Inf(?:inity)?)\s*[,\]}]/;
/** Overflows to Infinity. */
const INFINITE = "1e999";
/** Read as NaN: a float that no program writes. */
const NOT_A_NUMBER = "0e-9999799";

/** The text with other numbers, or null, for those outside its strings that are not finite. */
function withoutWords(text: string, become: "numbers" | "null"): string {
  const pieces: string[] = [];
  const token = /"|-?(?:NaN|Inf(?:inity)?)(?=\s*[,\]}])/g;
  let from = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === '"') {
      token.lastIndex = endOfString(text, match.index);
      continue;
    }
    const number = match[0].endsWith("NaN") ? NOT_A_NUMBER : match[0].replace(/Inf.*/, INFINITE);
    pieces.push(text.slice(from, match.index), become === "null" ? "null" : number);
    from = token.lastIndex;
  }
  return [...pieces, text.slice(from)].join("");
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?\d+(\.\d+)?([eE][-+]?\d+)?/y;

/** The end of a string that begins here, after its quote; a pattern would overflow its stack on some megabytes. */
export function endOfString(text: string, start: number): number {
  for (let end = start + 1; ; end++) {
    end = text.indexOf('"', end);
    if (end < 0) throw new SyntaxError(`Unterminated string in JSON at position ${start}`);
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
}

/** Reads text that JSON.parse accepts: four to eight times slower, so only where it matters. */
class ExactReader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  read(): unknown {
    return this.value(0).value;
  }

  private match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) throw new SyntaxError(`Unexpected token in JSON at position ${this.at}`);
    this.at += match[0].length;
    return match;
  }

  /** The next character that is no white space. */
  private peek(): string {
    this.match(SPACE);
    return this.text[this.at];
  }

  private value(depth: number): { value: unknown; isFloat: boolean } {
    if (depth > DEEPEST) throw new SyntaxError(`values that nest more than ${DEEPEST} levels deep`);
    const first = this.peek();
    if (first === "{") return { value: this.object(depth), isFloat: false };
    if (first === "[") return { value: this.list(depth), isFloat: false };
    if (first === '"') return { value: this.string(), isFloat: false };
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return { value, isFloat: false };
    }
    const [digits, fraction, exponent] = this.match(NUMBER);
    if (digits === NOT_A_NUMBER) return { value: Number.NaN, isFloat: true };
    if (fraction !== undefined || exponent !== undefined) return { value: Number(digits), isFloat: true };
    const number = Number(digits);
    if (Object.is(number, -0)) return { value: 0, isFloat: false };
    return { value: Number.isSafeInteger(number) ? number : BigInt(digits), isFloat: false };
  }

  private string(): string {
    const start = this.at;
    this.at = endOfString(this.text, start);
    return JSON.parse(this.text.slice(start, this.at)) as string;
  }

  private object(depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    const floats: string[] = [];
    this.at++;
    while (this.peek() !== "}") {
      if (this.text[this.at] === ",") this.at++;
      this.peek();
      const key = this.string();
      this.peek();
      this.at++; // the colon
      const { value, isFloat } = this.value(depth + 1);
      entries.push([key, value]);
      if (isFloat && Number.isInteger(value)) floats.push(key);
    }
    this.at++;
    const object = orderedObject(entries);
    if (floats.length > 0) markFloats(object, floats);
    return object;
  }

  private list(depth: number): unknown[] {
    const items: unknown[] = [];
    const floats: string[] = [];
    this.at++;
    while (this.peek() !== "]") {
      if (this.text[this.at] === ",") this.at++;
      const { value, isFloat } = this.value(depth + 1);
      if (isFloat && Number.isInteger(value)) floats.push(String(items.length));
      items.push(value);
    }
    this.at++;
    if (floats.length > 0) markFloats(items, floats);
    return items;
  }
}

const WORDS: readonly [string, boolean | null][] = [
  ["true", true],
  ["false", false],
  ["null", null],
];
