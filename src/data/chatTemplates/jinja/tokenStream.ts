/** @file The tokens of a template as its parser reads them, with Jinja's messages. */
import { TemplateFault } from "../python/fault.ts";
import type { Token, TokenType } from "./lexer.ts";

const DESCRIPTIONS: Partial<Record<TokenType, string>> = {
  block_begin: "begin of statement block",
  block_end: "end of statement block",
  variable_begin: "begin of print statement",
  variable_end: "end of print statement",
  data: "template data / text",
  eof: "end of template",
};

export class TokenStream {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get current(): Token {
    return this.tokens[this.at];
  }
  get ahead(): Token {
    return this.tokens[Math.min(this.at + 1, this.tokens.length - 1)];
  }
  next(): Token {
    const token = this.current;
    if (token.type !== "eof") this.at++;
    return token;
  }

  isName(name: string): boolean {
    return this.current.type === "name" && this.current.value === name;
  }
  isOperator(...operators: string[]): boolean {
    return this.current.type === "operator" && operators.includes(this.current.value);
  }
  skipName(name: string): boolean {
    const is = this.isName(name);
    if (is) this.next();
    return is;
  }
  skipOperator(operator: string): boolean {
    const is = this.isOperator(operator);
    if (is) this.next();
    return is;
  }

  expect(type: TokenType, value?: string): Token {
    const { current } = this;
    if (current.type === type && (value === undefined || current.value === value)) return this.next();
    const wanted = value ?? DESCRIPTIONS[type] ?? type;
    if (current.type === "eof") throw this.fault(`unexpected end of template, expected '${wanted}'.`);
    throw this.fault(`expected token '${wanted}', got '${describe(current)}'`);
  }

  fault(message: string, line = this.current.line): TemplateFault {
    return new TemplateFault("TemplateSyntaxError", message, line);
  }
}

/** A token for messages. */
export function describe({ type, value }: Token): string {
  if (type === "name" || type === "operator") return value;
  return DESCRIPTIONS[type] ?? type;
}
