/** @file Reads escapes and bracketed classes of a regular expression. */
import { escapedInClass, type Flavor, letterClass, posixClass, propertyClass } from "./classes.ts";
import { UnsupportedSyntax } from "./syntax.ts";

/** A pattern and the place that is read next, in UTF-16 units. */
export interface Source {
  readonly text: string;
  readonly flavor: Flavor;
  at: number;
}

const CONTROLS: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };

/** The code point at the source's place, which moves on. */
export function takeCodePoint(source: Source): number {
  const codePoint = source.text.codePointAt(source.at);
  if (codePoint === undefined) throw new UnsupportedSyntax("an end after \\ or [");
  source.at += codePoint > 0xffff ? 2 : 1;
  return codePoint;
}

function takeMatch(source: Source, pattern: RegExp): string | undefined {
  pattern.lastIndex = source.at;
  const match = pattern.exec(source.text)?.[0];
  if (match !== undefined) source.at += match.length;
  return match;
}

/** A class or a code point of an escape whose backslash was read; undefined if its letter means something else. */
export function takeEscape(source: Source): string | number | undefined {
  const { flavor, text } = source;
  const letter = text[source.at] ?? "";
  const named = letterClass(letter, flavor);
  if (named !== undefined) {
    source.at++;
    return named;
  }
  if (flavor === "oniguruma" && (letter === "p" || letter === "P")) return takeProperty(source);
  if (Object.hasOwn(CONTROLS, letter) && !(flavor === "python" && letter === "e")) {
    source.at++;
    return CONTROLS[letter];
  }
  if (letter === "x" || letter === "u" || letter === "U" || letter === "0") return takeNumber(source);
  if (/[a-zA-Z1-9]/.test(letter)) return undefined;
  return takeCodePoint(source);
}

function takeProperty(source: Source): string {
  const match = takeMatch(source, /[pP](?:\{(\^?)([^{}]*)\}|([A-Za-z]))/y);
  const [, not, name, short] = /^[pP](?:\{(\^?)([^{}]*)\}|([A-Za-z]))$/.exec(match ?? "") ?? [];
  if (match === undefined || short !== undefined) throw new UnsupportedSyntax("\\p without {...}");
  const set = propertyClass(name);
  return (match[0] === "P") !== (not === "^") ? `[^${set}]` : set;
}

function takeNumber(source: Source): number {
  const forms =
    source.flavor === "python"
      ? /x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|0[0-7]{0,2}/y
      : /x\{[\da-fA-F]{1,6}\}|x[0-7][\da-fA-F]|u[\da-fA-F]{4}|0[0-7]{0,2}/y;
  const match = takeMatch(source, forms);
  if (match === undefined) throw new UnsupportedSyntax(`\\${source.text.slice(source.at, source.at + 4)}`);
  const digits = match.replace(/[xuU{}]/g, "");
  const value = Number.parseInt(digits, match.startsWith("0") ? 8 : 16);
  if (value > 0x10ffff) throw new UnsupportedSyntax(`\\${match}`);
  return value;
}

/** A class whose `[` was read: as a class of the `v` flag. */
export function takeClass(source: Source, depth = 0): string {
  if (depth > 20) throw new UnsupportedSyntax("classes within more than 20 classes");
  const isNegated = source.text[source.at] === "^";
  if (isNegated) source.at++;
  const sides: string[] = [];
  let inside = "";
  for (let isFirst = true; ; isFirst = false) {
    if (source.at >= source.text.length) throw new UnsupportedSyntax("[ without ]");
    if (source.text[source.at] === "]" && !isFirst) break;
    if (source.flavor === "oniguruma" && source.text.startsWith("&&", source.at)) {
      source.at += 2;
      sides.push(inside);
      inside = "";
    } else {
      inside += takeMember(source, depth);
    }
  }
  source.at++;
  sides.push(inside);
  const body = sides.length === 1 ? inside : sides.map((side) => `[${side}]`).join("&&");
  return `[${isNegated ? "^" : ""}${body}]`;
}

/** One item of a class: a code point, a range, a named or nested class. */
function takeMember(source: Source, depth: number): string {
  const first = takeItem(source, depth);
  if (typeof first === "string") return first;
  const { text } = source;
  const isRange = text[source.at] === "-" && text[source.at + 1] !== "]" && source.at + 1 < text.length;
  if (!isRange) return escapedInClass(first);
  source.at++;
  const last = takeItem(source, depth);
  if (typeof last === "string" || last < first) throw new UnsupportedSyntax("a range without an end in a class");
  return `${escapedInClass(first)}-${escapedInClass(last)}`;
}

function takeItem(source: Source, depth: number): string | number {
  const { text, flavor } = source;
  if (text[source.at] === "\\") {
    source.at++;
    if (text[source.at] === "b") {
      source.at++;
      return 8;
    }
    const item = takeEscape(source);
    if (item === undefined) throw new UnsupportedSyntax(`\\${text[source.at] ?? ""} in a class`);
    return item;
  }
  if (text[source.at] === "[" && flavor === "oniguruma") {
    const posix = takeMatch(source, /\[:\^?[a-z]+:\]/y);
    if (posix !== undefined) {
      const set = posixClass(posix.replace(/[^a-z]/g, ""));
      return posix[2] === "^" ? `[^${set}]` : set;
    }
    source.at++;
    return takeClass(source, depth + 1);
  }
  return takeCodePoint(source);
}
