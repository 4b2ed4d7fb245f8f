/**
 * @file Jinja's lexer with transformers' settings (trim_blocks, lstrip_blocks): template -> tokens with their lines.
 * Follows jinja2/lexer.py, rule by rule.
 */
import { TemplateFault } from "../python/fault.ts";
import { parseInteger } from "../python/numbers.ts";
import { isSpace, strip } from "../python/strings.ts";
import { unescapeString } from "./stringLiteral.ts";

export type TokenType =
  | "data"
  | "block_begin"
  | "block_end"
  | "variable_begin"
  | "variable_end"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "operator"
  | "eof";

export interface Token {
  type: TokenType;
  /** The text; of a string its value, of an operator its characters. */
  value: string;
  number?: bigint | number;
  line: number;
}

const syntax = (message: string, line: number) => new TemplateFault("TemplateSyntaxError", message, line);

const RAW = /\{%([-+]?)\s*raw\s*(?:-%\}\s*|%\})/y;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/g;
const COMMENT_END = /(?:\+#\}|-#\}\s*|#\}\n?)/g;
const BLOCK_END = /(?:\+%\}|-%\}\s*|%\}\n?)/y;
const VARIABLE_END = /-\}\}\s*|\}\}/y;
const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const INTEGER = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}\u00b7\u0387\u1369-\u1371\u19da]*/uy;
const STRING = /'(?:[^'\\]*(?:\\[\s\S][^'\\]*)*)'|"(?:[^"\\]*(?:\\[\s\S][^"\\]*)*)"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
/** In this order: 1.5 is no 1, and 1 no name. */
const TOKENS: readonly [TokenType, RegExp][] = [
  ["float", FLOAT],
  ["integer", INTEGER],
  ["name", NAME],
  ["string", STRING],
  ["operator", OPERATOR],
];
const CLOSING: Record<string, string> = { "(": ")", "[": "]", "{": "}" };

/** Python's `\s` in a pattern: its white space. */
function afterSpace(source: string, at: number): number {
  let end = at;
  while (end < source.length && isSpace(source[end])) end++;
  return end;
}

class Lexer {
  private readonly source: string;
  private readonly tokens: Token[] = [];
  private at = 0;
  private line = 1;
  /** Whether the text begins a line: after a line end that a tag has taken. */
  private lineStarting = true;

  constructor(template: string) {
    const lines = template.replace(/\r\n?/g, "\n");
    this.source = lines.endsWith("\n") ? lines.slice(0, -1) : lines;
  }

  run(): Token[] {
    while (this.at < this.source.length) this.root();
    this.tokens.push({ type: "eof", value: "", line: this.line });
    return this.tokens;
  }

  /** Text up to the next tag, and the tag. */
  private root(): void {
    const start = nextTag(this.source, this.at);
    if (start < 0) {
      this.data(this.source.slice(this.at));
      this.at = this.source.length;
      return;
    }
    const text = this.source.slice(this.at, start);
    RAW.lastIndex = start;
    const raw = RAW.exec(this.source);
    const kind = raw ? "raw" : this.source[start + 1];
    const sign = raw ? raw[1] : (/[-+]/.exec(this.source.charAt(start + 2))?.[0] ?? "");
    this.text(text, sign, kind !== "{");
    this.move(raw ? raw[0] : this.source.slice(start, start + 2 + sign.length), start);
    if (raw) this.raw();
    else if (kind === "#") this.comment();
    else this.code(kind === "{" ? "variable" : "block");
  }

  /** Text before a tag; "-" strips its end, lstrip_blocks the indentation of a block. */
  private text(text: string, sign: string, isBlock: boolean): void {
    const before = this.line;
    if (sign === "-") this.data(strip(text, undefined, "right"));
    else {
      const lineStart = text.lastIndexOf("\n") + 1;
      const isIndent = lineStart < text.length && strip(text.slice(lineStart), undefined, "left") === "";
      const isFirst = lineStart > 0 || this.lineStarting;
      this.data(sign !== "+" && isBlock && isFirst && isIndent ? text.slice(0, lineStart) : text);
    }
    this.line = before + count(text);
  }

  private data(text: string): void {
    if (text !== "") this.tokens.push({ type: "data", value: text, line: this.line });
    this.line += count(text);
  }

  /** Consumes a match. */
  private move(match: string, from: number): void {
    this.at = from + match.length;
    this.line += count(match);
    this.lineStarting = match.endsWith("\n");
  }

  private raw(): void {
    RAW_END.lastIndex = this.at;
    const end = RAW_END.exec(this.source);
    if (!end) throw syntax("Missing end of raw directive", this.line);
    const whole = spaced(this.source, end);
    this.text(this.source.slice(this.at, end.index), end[1], true);
    this.move(whole, end.index);
  }

  private comment(): void {
    COMMENT_END.lastIndex = this.at;
    const end = COMMENT_END.exec(this.source);
    if (!end) throw syntax("Missing end of comment tag", this.line);
    this.line += count(this.source.slice(this.at, end.index));
    this.move(spaced(this.source, end), end.index);
  }

  private code(kind: "block" | "variable"): void {
    this.push(`${kind}_begin`, "");
    const open: string[] = [];
    const end = kind === "block" ? BLOCK_END : VARIABLE_END;
    while (this.at < this.source.length) {
      const close = open.length === 0 ? match(end, this.source, this.at) : undefined;
      if (close) {
        this.push(`${kind}_end`, "");
        this.move(spaced(this.source, close), this.at);
        return;
      }
      this.token(open);
    }
  }

  private push(type: TokenType, value: string, number?: bigint | number): void {
    const token: Token = { type, value, line: this.line };
    if (number !== undefined) token.number = number;
    this.tokens.push(token);
  }

  /** One token of code. @param open closing brackets to come */
  private token(open: string[]): void {
    const { source, at } = this;
    const space = afterSpace(source, at);
    if (space > at) {
      this.move(source.slice(at, space), at);
      return;
    }
    const { type, text } = this.match(at);
    if (type === "float") this.push(type, text, Number(text.replaceAll("_", "")));
    else if (type === "integer") this.push(type, text, integer(text, this.line));
    else if (type === "string") this.push(type, unescapeString(text.slice(1, -1), this.line));
    else {
      if (type === "operator") this.balance(text, open);
      this.push(type, text);
    }
    this.move(text, at);
  }

  private match(at: number): { type: TokenType; text: string } {
    for (const [type, pattern] of TOKENS) {
      const text = match(pattern, this.source, at)?.[0];
      if (text !== undefined) return { type, text };
    }
    const character = String.fromCodePoint(this.source.codePointAt(at) ?? 0);
    throw syntax(`unexpected char '${character}' at ${at}`, this.line);
  }

  private balance(operator: string, open: string[]): void {
    if (Object.hasOwn(CLOSING, operator)) open.push(CLOSING[operator]);
    else if (operator === ")" || operator === "]" || operator === "}") {
      const expected = open.pop();
      if (expected === undefined) throw syntax(`unexpected '${operator}'`, this.line);
      if (expected !== operator) throw syntax(`unexpected '${operator}', expected '${expected}'`, this.line);
    }
  }
}

function match(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source) ?? undefined;
}

function integer(text: string, line: number): bigint {
  try {
    return parseInteger(text.replaceAll("_", ""), /^0[box]/i.test(text) ? 0 : 10);
  } catch (error) {
    throw syntax((error as Error).message, line);
  }
}

/** An end tag with "-" takes Python's white space behind it, of which JavaScript's `\s` is another set. */
function spaced(source: string, { 0: tag, index }: RegExpExecArray): string {
  const end = tag.search(/[%#}]\}/) + 2;
  if (!tag.includes("-%}") && !tag.includes("-#}") && !tag.includes("-}}")) return tag;
  return source.slice(index, afterSpace(source, index + end));
}

/** Offset of the next `{%`, `{{` or `{#`; -1 if there is none. */
function nextTag(source: string, from: number): number {
  for (let at = source.indexOf("{", from); at >= 0; at = source.indexOf("{", at + 1)) {
    const next = source[at + 1];
    if (next === "%" || next === "{" || next === "#") return at;
  }
  return -1;
}

function count(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** @throws TemplateFault("TemplateSyntaxError") with its line */
export const tokenize = (template: string): Token[] => new Lexer(template).run();
