/** @file Parses a template: jinja2/parser.py's statements, with loopcontrols and transformers' generation tag. */

import { isTupleEnd, parseExpression, parseFilter, parseTuple } from "./expressions.ts";
import { tokenize } from "./lexer.ts";
import type { Expression, Signature, Statement, Target, Template } from "./nodes.ts";
import { describe, TokenStream } from "./tokenStream.ts";
import { literalText, readsOf } from "./visit.ts";

type Parse = (parser: Parser, line: number) => Statement;

const LOADING: Parse = ({ stream }, line) => {
  const tag = stream.next().value;
  while (stream.current.type !== "block_end" && stream.current.type !== "eof") stream.next();
  return { type: "Loading", tag, line };
};

const STATEMENTS: Readonly<Record<string, Parse>> = {
  autoescape: (parser, line) => {
    parser.stream.next();
    const value = parseExpression(parser.stream);
    return { type: "Autoescape", value, body: parser.body(["endautoescape"]), line };
  },
  block: parseBlock,
  break: (parser, line) => parser.loopControl("Break", line),
  call: parseCallBlock,
  continue: (parser, line) => parser.loopControl("Continue", line),
  extends: LOADING,
  filter: (parser, line) => {
    parser.stream.next();
    const filter = parseFilter(parser.stream, undefined, true) as Expression;
    return { type: "FilterBlock", filter, body: parser.body(["endfilter"]), line };
  },
  for: parseFor,
  from: LOADING,
  generation: (parser, line) => {
    parser.stream.next();
    return { type: "Generation", body: parser.within("function", () => parser.body(["endgeneration"])), line };
  },
  if: parseIf,
  import: LOADING,
  include: LOADING,
  macro: (parser, line) => {
    parser.stream.next();
    const name = parser.stream.expect("name").value;
    const signature = parseSignature(parser.stream);
    const body = parser.within("function", () => parser.body(["endmacro"]));
    return { type: "Macro", name, ...signature, body, reads: readsOf(body), line };
  },
  print: ({ stream }, line) => {
    stream.next();
    const items: Expression[] = [];
    while (stream.current.type !== "block_end") {
      if (items.length > 0) stream.expect("operator", ",");
      items.push(parseExpression(stream));
    }
    return items.length === 1
      ? { type: "Output", value: items[0], line }
      : { type: "If", branches: [], otherwise: items.map((value) => ({ type: "Output", value, line })), line };
  },
  set: (parser, line) => {
    const { stream } = parser;
    stream.next();
    const target = parseTarget(stream, { namespaces: true });
    if (stream.skipOperator("=")) return { type: "Set", target, value: parseTuple(stream), line };
    const filter = parseFilter(stream, undefined);
    return { type: "SetBlock", target, filter, body: parser.body(["endset"]), line };
  },
  with: parseWith,
};

/** The tags that a template may have, for the table of kinds. */
export const TAGS: readonly string[] = Object.keys(STATEMENTS);

class Parser {
  readonly stream: TokenStream;
  readonly blocks = new Map<string, Statement & { type: "Block" }>();
  /** Tags that are open, and the names that end their parts. */
  private readonly open: string[] = [];
  private readonly ends: (readonly string[])[] = [];
  /** Loops around the current statement; a macro's body begins anew. */
  private loops = 0;

  constructor(template: string) {
    this.stream = new TokenStream(tokenize(template));
  }

  /** Statements up to one of these tags, which is left to be read. */
  statements(ends: readonly string[] | undefined): Statement[] {
    const { stream } = this;
    const body: Statement[] = [];
    if (ends) this.ends.push(ends);
    for (;;) {
      const { type, value, line } = stream.current;
      if (type === "eof") break;
      stream.next();
      if (type === "data") body.push({ type: "Data", text: value, line });
      else if (type === "variable_begin") {
        body.push({ type: "Output", value: parseTuple(stream), line });
        stream.expect("variable_end");
      } else if (type === "block_begin") {
        if (ends && stream.current.type === "name" && ends.includes(stream.current.value)) break;
        body.push(this.statement());
        stream.expect("block_end");
      }
    }
    if (ends && stream.current.type === "eof") throw this.unfinished(undefined);
    if (ends) this.ends.pop();
    return body;
  }

  /** The body of a tag, and its end tag. @returns the name that ended it in `end` */
  part(ends: readonly string[]): { body: Statement[]; end: string } {
    this.stream.skipOperator(":");
    this.stream.expect("block_end");
    const body = this.statements(ends);
    return { body, end: this.stream.next().value };
  }

  body(ends: readonly string[]): Statement[] {
    return this.part(ends).body;
  }

  /** Parses with `loops` around it: one more in a loop, none in a function. */
  within<T>(loops: "loop" | "function", parse: () => T): T {
    const before = this.loops;
    this.loops = loops === "loop" ? before + 1 : 0;
    const parsed = parse();
    this.loops = before;
    return parsed;
  }

  loopControl(type: "Break" | "Continue", line: number): Statement {
    this.stream.next();
    if (this.loops > 0) return { type, line };
    const message = type === "Break" ? "'break' outside loop" : "'continue' not properly in loop";
    throw this.stream.fault(message, line);
  }

  private statement(): Statement {
    const { type, value, line } = this.stream.current;
    if (type !== "name") throw this.stream.fault("tag name expected");
    if (!Object.hasOwn(STATEMENTS, value)) throw this.unfinished(value);
    this.open.push(value);
    const statement = STATEMENTS[value](this, line);
    this.open.pop();
    return statement;
  }

  /** Jinja's message for an unknown tag, or the end of the template within one. */
  private unfinished(name: string | undefined) {
    const words = [name === undefined ? "Unexpected end of template." : `Encountered unknown tag '${name}'.`];
    const wanted = this.ends
      .at(-1)
      ?.map((end) => `'${end}'`)
      .join(" or ");
    const isNesting = name !== undefined && this.ends.some((ends) => ends.includes(name));
    if (wanted && isNesting) {
      words.push(
        `You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for ${wanted}.`,
      );
    } else if (wanted) words.push(`Jinja was looking for the following tags: ${wanted}.`);
    const innermost = this.open.at(-1);
    if (innermost) words.push(`The innermost block that needs to be closed is '${innermost}'.`);
    return this.stream.fault(words.join(" "));
  }
}

function parseFor(parser: Parser, line: number): Statement {
  const { stream } = parser;
  stream.next();
  const target = parseTarget(stream, { end: "in" });
  if (namesOf(target).includes("loop")) {
    throw stream.fault("Can't assign to special loop variable in for-loop target", line);
  }
  stream.expect("name", "in");
  const iterable = parseTuple(stream, { choices: false, end: "recursive" });
  const test = stream.skipName("if") ? parseExpression(stream) : undefined;
  const isRecursive = stream.skipName("recursive");
  const { body, end } = parser.within("loop", () => parser.part(["endfor", "else"]));
  const otherwise = end === "else" ? parser.body(["endfor"]) : [];
  return { type: "For", target, iterable, test, isRecursive, body, otherwise, line };
}

function parseIf(parser: Parser, line: number): Statement {
  const branches: { test: Expression; body: Statement[] }[] = [];
  let otherwise: Statement[] = [];
  for (let end = "elif"; end !== "endif"; ) {
    if (end === "else") {
      otherwise = parser.body(["endif"]);
      break;
    }
    if (branches.length === 0) parser.stream.next();
    const test = parseTuple(parser.stream, { choices: false });
    const part = parser.part(["elif", "else", "endif"]);
    branches.push({ test, body: part.body });
    end = part.end;
  }
  return { type: "If", branches, otherwise, line };
}

function parseWith(parser: Parser, line: number): Statement {
  const { stream } = parser;
  stream.next();
  const targets: Target[] = [];
  const values: Expression[] = [];
  while (stream.current.type !== "block_end") {
    if (targets.length > 0) stream.expect("operator", ",");
    targets.push(parseTarget(stream, {}));
    stream.expect("operator", "=");
    values.push(parseExpression(stream));
  }
  return { type: "With", targets, values, body: parser.body(["endwith"]), line };
}

function parseBlock(parser: Parser, line: number): Statement {
  const { stream } = parser;
  stream.next();
  const name = stream.expect("name").value;
  const isScoped = stream.skipName("scoped");
  const isRequired = stream.skipName("required");
  if (parser.blocks.has(name)) throw stream.fault(`block '${name}' defined twice`, line);
  const body = parser.within("function", () => parser.body(["endblock"]));
  stream.skipName(name);
  const block = { type: "Block" as const, name, isScoped, isRequired, body, line };
  parser.blocks.set(name, block);
  return block;
}

function parseCallBlock(parser: Parser, line: number): Statement {
  const { stream } = parser;
  stream.next();
  const signature = stream.isOperator("(") ? parseSignature(stream) : { parameters: [] };
  const call = parseExpression(stream);
  if (call.type !== "Call") throw stream.fault("expected call", line);
  const body = parser.within("function", () => parser.body(["endcall"]));
  return { type: "CallBlock", ...signature, call, body, reads: readsOf(body), line };
}

function parseSignature(stream: TokenStream): Signature {
  const parameters: Signature["parameters"] = [];
  stream.expect("operator", "(");
  while (!stream.isOperator(")")) {
    if (parameters.length > 0) stream.expect("operator", ",");
    const name = stream.expect("name").value;
    const standard = stream.skipOperator("=") ? parseExpression(stream) : undefined;
    if (!standard && parameters.at(-1)?.standard) {
      throw stream.fault("non-default argument follows default argument");
    }
    parameters.push({ name, standard });
  }
  stream.expect("operator", ")");
  return { parameters };
}

/** A name, `namespace.attribute`, or several of them with commas or in parentheses. */
function parseTarget(stream: TokenStream, options: { end?: string; namespaces?: boolean }): Target {
  const items: Target[] = [];
  let isTuple = false;
  for (;;) {
    if (items.length > 0) stream.expect("operator", ",");
    if (isTupleEnd(stream, options.end)) break;
    items.push(parseOneTarget(stream, options.namespaces === true));
    if (!stream.isOperator(",")) break;
    isTuple = true;
  }
  if (isTuple) return { type: "Targets", items };
  if (items.length === 1) return items[0];
  throw stream.fault(`Expected an expression, got '${describe(stream.current)}'`);
}

const RESERVED = new Set(["true", "false", "none", "True", "False", "None"]);

function parseOneTarget(stream: TokenStream, namespaces: boolean): Target {
  if (stream.skipOperator("(")) {
    const inner = parseTarget(stream, { namespaces });
    stream.expect("operator", ")");
    return inner;
  }
  if (stream.current.type !== "name") throw stream.fault(`can't assign to '${describe(stream.current)}'`);
  const { value: name } = stream.next();
  if (RESERVED.has(name)) throw stream.fault("can't assign to 'const'");
  if (!namespaces || !stream.skipOperator(".")) return { type: "Name", name };
  return { type: "NamespaceAttribute", name, attribute: stream.expect("name").value };
}

/** The names that a target sets. */
function namesOf(target: Target): string[] {
  return target.type === "Targets" ? target.items.flatMap(namesOf) : [target.name];
}

/** @throws TemplateFault("TemplateSyntaxError") with its line */
export function parseTemplate(template: string): Template {
  const parser = new Parser(template);
  const body = parser.statements(undefined);
  return { body, blocks: parser.blocks, literalText: literalText(body) };
}
