/** @file Regular expression -> syntax tree, in the syntax of Oniguruma (as Hugging Face's tokenizers) or of Python. */
import { BARE_WORD, escapedInClass, type Flavor } from "./classes.ts";
import { type Source, takeClass, takeCodePoint, takeEscape } from "./parseClass.ts";
import { type Assertion, lengthOf, type Node, UnsupportedSyntax } from "./syntax.ts";

/** Groups within groups: Python and Oniguruma have limits of the same order. */
const DEEPEST = 100;
const MOST_REPEATS = 100_000; // as in Oniguruma

interface Flags {
  ignoresCase: boolean;
  dotMatchesAll: boolean;
  isExtended: boolean;
  isMultiline: boolean;
}

const ANCHORS: Record<Flavor, Record<string, Assertion>> = {
  oniguruma: {
    A: "text start",
    z: "text end",
    Z: "text end or last line break",
    b: "word boundary",
    B: "no word boundary",
    G: "search start",
  },
  python: { A: "text start", Z: "text end", b: "word boundary", B: "no word boundary" },
};

/** Characters that Oniguruma's case folding makes of several: a pattern with these letters in a row matches them. */
const LIGATURES = /ss|ff|fi|fl|st|ß|ŉ|ǰ|ΐ|ΰ|և|[ẖ-ẚ]|ẞ|ﬀ|ﬁ|ﬂ|ﬃ|ﬄ|ﬅ|ﬆ|[ﬓ-ﬗ]|İ|i\u0307|ʼn/iu;
const FOLDS: Record<string, string> = { s: "sS\u017f", k: "kK\u212a" };

/** @throws UnsupportedSyntax for what is refused. */
export function parsePattern(text: string, flavor: Flavor): Node {
  const source: Source = { text, flavor, at: 0 };
  const flags: Flags = { ignoresCase: false, dotMatchesAll: false, isExtended: false, isMultiline: false };
  const node = takeChoice(source, flags, 0);
  if (source.at < text.length) throw new UnsupportedSyntax(") without (");
  return node;
}

/** Alternatives up to `)` or the end. In Oniguruma, `(?i)` holds for the following alternatives, too. */
function takeChoice(source: Source, outer: Flags, depth: number): Node {
  if (depth > DEEPEST) throw new UnsupportedSyntax(`more than ${DEEPEST} groups within each other`);
  const flags = { ...outer };
  const options: Node[] = [];
  for (;;) {
    const parts: Node[] = [];
    while (source.at < source.text.length && !"|)".includes(source.text[source.at])) {
      const rest = takeQuantified(source, flags, depth);
      if (rest === "rest") {
        // `a(?i)b|c` is `a(?i:b|c)` in Oniguruma
        parts.push(takeChoice(source, flags, depth + 1));
        break;
      }
      if (rest) parts.push(rest);
    }
    options.push(parts.length === 1 ? parts[0] : { kind: "sequence", parts });
    if (source.text[source.at] !== "|") break;
    source.at++;
  }
  return options.length === 1 ? options[0] : { kind: "choice", options };
}

/** One atom with its quantifiers; undefined for a comment, "rest" after flags that hold from here on. */
function takeQuantified(source: Source, flags: Flags, depth: number): Node | "rest" | undefined {
  const start = source.at;
  const atom = takeAtom(source, flags, depth);
  if (atom === undefined || atom === "rest") return atom;
  let node = atom;
  for (let isFirst = true; ; isFirst = false) {
    skipExtended(source, flags);
    const repeated = takeQuantifier(source, node);
    if (!repeated) break;
    if (source.flavor === "python" && !isFirst) throw new UnsupportedSyntax("a quantifier after a quantifier");
    node = repeated;
  }
  if (
    flags.ignoresCase &&
    source.flavor === "oniguruma" &&
    LIGATURES.test(source.text.slice(Math.max(0, start - 1), source.at))
  )
    throw new UnsupportedSyntax("letters with ligatures (ss, ff, fi, fl, st) in (?i)");
  return node;
}

function skipExtended(source: Source, flags: Flags): void {
  if (!flags.isExtended) return;
  const space = /(?:\s|#[^\n]*\n?)*/y;
  space.lastIndex = source.at;
  source.at += space.exec(source.text)?.[0].length ?? 0;
}

function takeQuantifier(source: Source, part: Node): Node | undefined {
  const { text, flavor } = source;
  const simple = { "*": [0, Number.POSITIVE_INFINITY], "+": [1, Number.POSITIVE_INFINITY], "?": [0, 1] }[
    text[source.at]
  ];
  if (simple) {
    const suffix = text[source.at + 1];
    source.at += suffix === "?" || suffix === "+" ? 2 : 1;
    return repeat(part, simple, suffix === "?" ? "lazy" : suffix === "+" ? "possessive" : "greedy");
  }
  const interval = /\{(\d*)(,?)(\d*)\}/y;
  interval.lastIndex = source.at;
  const match = interval.exec(text);
  if (!match || (match[1] === "" && match[3] === "")) return undefined;
  source.at += match[0].length;
  const min = match[1] === "" ? 0 : Number(match[1]);
  const max = match[2] === "" ? min : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
  if (max < min) throw new UnsupportedSyntax(match[0]);
  if (Math.max(min, Number.isFinite(max) ? max : 0) > MOST_REPEATS) throw new UnsupportedSyntax(match[0]);
  const suffix = text[source.at];
  if (suffix === "?") {
    source.at++;
    // in Ruby's syntax, {n}? makes {n} optional
    const fixed = flavor === "oniguruma" && match[2] === "";
    return fixed ? repeat(repeat(part, [min, max], "greedy"), [0, 1], "greedy") : repeat(part, [min, max], "lazy");
  }
  if (suffix === "+" && flavor === "python") {
    source.at++;
    return repeat(part, [min, max], "possessive");
  }
  return repeat(part, [min, max], "greedy");
}

type Mode = "greedy" | "lazy" | "possessive";

function repeat(part: Node, [min, max]: number[], mode: Mode): Node {
  return { kind: "repeat", part, min, max, mode };
}

function takeAtom(source: Source, flags: Flags, depth: number): Node | "rest" | undefined {
  skipExtended(source, flags);
  const { text, flavor } = source;
  const character = text[source.at];
  if (character === undefined || character === "|" || character === ")") return undefined;
  if ("*+?".includes(character)) throw new UnsupportedSyntax(`${character} without anything to repeat`);
  if (character === "(") return takeGroup(source, flags, depth);
  if (character === "[") {
    source.at++;
    return { kind: "set", set: takeClass(source), ignoresCase: flags.ignoresCase };
  }
  if (character === "\\") {
    source.at++;
    return takeEscaped(source, flags);
  }
  const codePoint = takeCodePoint(source);
  if (character === ".") return { kind: "set", set: flags.dotMatchesAll ? "[\\p{Any}]" : "[^\\n]", ignoresCase: false };
  const byLine = flavor === "oniguruma" || flags.isMultiline;
  if (character === "^") return { kind: "assert", at: byLine ? "line start" : "text start" };
  if (character === "$") return { kind: "assert", at: byLine ? "line end" : "text end or last line break" };
  return literal(codePoint, flags);
}

function literal(codePoint: number, { ignoresCase }: Flags): Node {
  const text = String.fromCodePoint(codePoint);
  if (!ignoresCase || text.toLowerCase() === text.toUpperCase())
    return { kind: "set", set: `[${escapedInClass(codePoint)}]`, ignoresCase: false };
  if (/[a-zA-Z]/.test(text)) {
    const lower = text.toLowerCase();
    return { kind: "set", set: `[${FOLDS[lower] ?? lower + lower.toUpperCase()}]`, ignoresCase: false };
  }
  return { kind: "set", set: `[${escapedInClass(codePoint)}]`, ignoresCase };
}

function takeEscaped(source: Source, flags: Flags): Node {
  const { text, flavor } = source;
  const letter = text[source.at] ?? "";
  if (Object.hasOwn(ANCHORS[flavor], letter)) {
    source.at++;
    return { kind: "assert", at: ANCHORS[flavor][letter] };
  }
  if (flavor === "oniguruma" && (letter === "R" || letter === "N" || letter === "O")) {
    source.at++;
    if (letter !== "R") return { kind: "set", set: letter === "N" ? "[^\\n]" : "[\\p{Any}]", ignoresCase: false };
    const one: Node = { kind: "set", set: "[\\n-\\r\\x85\\u2028\\u2029]", ignoresCase: false };
    const two: Node = { kind: "sequence", parts: [literal(13, flags), literal(10, flags)] };
    return { kind: "atomic", part: { kind: "choice", options: [two, one] } };
  }
  if (flavor === "oniguruma" && letter.toLowerCase() === "w") {
    source.at++;
    return { kind: "set", set: letter === "w" ? BARE_WORD : `[^${BARE_WORD}]`, ignoresCase: false };
  }
  const escaped = takeEscape(source);
  if (escaped === undefined)
    throw new UnsupportedSyntax(/\d/.test(letter) ? `the back-reference \\${letter}` : `\\${letter}`);
  if (typeof escaped === "number") return literal(escaped, flags);
  return { kind: "set", set: escaped, ignoresCase: false };
}

const GROUPS: Record<string, (part: Node) => Node> = {
  "(?:": (part) => part,
  "(?>": (part) => ({ kind: "atomic", part }),
  "(?=": (part) => ({ kind: "look", part, behind: false, negative: false }),
  "(?!": (part) => ({ kind: "look", part, behind: false, negative: true }),
  "(?<=": (part) => lookBehind(part, false),
  "(?<!": (part) => lookBehind(part, true),
};

/** Lengths of a look-behind that are tried one by one. */
const LONGEST_LOOK_BEHIND = 255;

function lookBehind(part: Node, negative: boolean): Node {
  if (lengthOf(part)[1] > LONGEST_LOOK_BEHIND) throw new UnsupportedSyntax("a look-behind without a bounded length");
  if (holdsSearchStart(part)) throw new UnsupportedSyntax("\\G in a look-behind");
  return { kind: "look", part, behind: true, negative };
}

function holdsSearchStart(node: Node): boolean {
  if (node.kind === "sequence") return node.parts.some(holdsSearchStart);
  if (node.kind === "choice") return node.options.some(holdsSearchStart);
  if (node.kind === "set") return false;
  return node.kind === "assert" ? node.at === "search start" : holdsSearchStart(node.part);
}

function takeGroup(source: Source, flags: Flags, depth: number): Node | "rest" | undefined {
  const { text, flavor } = source;
  const opening = /\(\?(?:<[=!]|[:>=!])|\(\?P?<\w+>|\(\?#[^)]*\)|\(\?[a-zA-Z]*(?:-[a-zA-Z]+)?[:)]|\((?![?*])/y;
  opening.lastIndex = source.at;
  const head = opening.exec(text)?.[0];
  if (head === undefined) throw new UnsupportedSyntax(text.slice(source.at, source.at + 4));
  source.at += head.length;
  if (head.startsWith("(?#")) return undefined;
  const simple = GROUPS[head];
  const isNamed = /^\(\?P?<\w/.test(head);
  if (isNamed && (flavor === "python") !== head.startsWith("(?P")) throw new UnsupportedSyntax(head);
  if (simple || isNamed || head === "(") {
    const part = takeChoice(source, flags, depth + 1);
    takeClosing(source);
    return simple ? simple(part) : part;
  }
  const changed = withFlags(head, flags, flavor);
  if (head.endsWith(":")) {
    const part = takeChoice(source, changed, depth + 1);
    takeClosing(source);
    return part;
  }
  if (flavor === "python") {
    // global flags: Python wants them at the start
    if (source.at !== head.length) throw new UnsupportedSyntax(`${head} after the start`);
    Object.assign(flags, changed);
    return undefined;
  }
  Object.assign(flags, changed);
  return "rest";
}

function takeClosing(source: Source): void {
  if (source.text[source.at] !== ")") throw new UnsupportedSyntax("( without )");
  source.at++;
}

/** Letters of inline flags: in Ruby's syntax, m lets `.` match line breaks; in Python's, that is s. */
function withFlags(head: string, flags: Flags, flavor: Flavor): Flags {
  const changed = { ...flags };
  let value = true;
  for (const letter of head.slice(2, -1)) {
    if (letter === "-") value = false;
    else if (letter === "i") changed.ignoresCase = value;
    else if (letter === "x") changed.isExtended = value;
    else if (letter === (flavor === "oniguruma" ? "m" : "s")) changed.dotMatchesAll = value;
    else if (letter === "m") changed.isMultiline = value;
    else if (!(letter === "u" && flavor === "python")) throw new UnsupportedSyntax(`the flag ${letter} of ${head}`);
  }
  return changed;
}
