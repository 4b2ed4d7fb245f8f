/** @file Parses expressions: jinja2/parser.py from parse_condexpr on, with its precedences. */

import { parseArguments, parseDict, parseList } from "./collections.ts";
import type { BinaryOperator, CallArguments, CompareOperator, Expression } from "./nodes.ts";
import { describe, type TokenStream } from "./tokenStream.ts";

const COMPARISONS = ["==", "!=", "<", "<=", ">", ">="];
const CONSTANTS: Record<string, null | boolean> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

/** An expression; without `choices` no `a if b`. */
export function parseExpression(stream: TokenStream, choices = true): Expression {
  return choices ? parseChoice(stream) : parseOr(stream);
}

function parseChoice(stream: TokenStream): Expression {
  let { line } = stream.current;
  let yes = parseOr(stream);
  while (stream.skipName("if")) {
    const test = parseOr(stream);
    const no = stream.skipName("else") ? parseChoice(stream) : undefined;
    yes = { type: "Choice", test, yes, no, line };
    line = stream.current.line;
  }
  return yes;
}

function parseOr(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parseAnd(stream);
  while (stream.skipName("or")) left = { type: "Or", left, right: parseAnd(stream), line };
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parseNot(stream);
  while (stream.skipName("and")) left = { type: "And", left, right: parseNot(stream), line };
  return left;
}

function parseNot(stream: TokenStream): Expression {
  const { line } = stream.current;
  return stream.skipName("not") ? { type: "Not", of: parseNot(stream), line } : parseCompare(stream);
}

function parseCompare(stream: TokenStream): Expression {
  const { line } = stream.current;
  const first = parseSum(stream);
  const rest: { operator: CompareOperator; value: Expression }[] = [];
  for (;;) {
    const operator = comparison(stream);
    if (!operator) break;
    rest.push({ operator, value: parseSum(stream) });
  }
  return rest.length === 0 ? first : { type: "Compare", first, rest, line };
}

/** Consumes an operator of comparison. */
function comparison(stream: TokenStream): CompareOperator | undefined {
  if (stream.isOperator(...COMPARISONS)) return stream.next().value as CompareOperator;
  if (stream.skipName("in")) return "in";
  if (!stream.isName("not") || stream.ahead.type !== "name" || stream.ahead.value !== "in") return undefined;
  stream.next();
  stream.next();
  return "not in";
}

function parseSum(stream: TokenStream): Expression {
  return parseBinary(stream, ["+", "-"], parseConcat);
}

function parseBinary(
  stream: TokenStream,
  operators: readonly string[],
  operand: (stream: TokenStream) => Expression,
): Expression {
  const { line } = stream.current;
  let left = operand(stream);
  while (stream.isOperator(...operators)) {
    const operator = stream.next().value as BinaryOperator;
    left = { type: "Binary", operator, left, right: operand(stream), line };
  }
  return left;
}

function parseConcat(stream: TokenStream): Expression {
  const { line } = stream.current;
  const items = [parseProduct(stream)];
  while (stream.skipOperator("~")) items.push(parseProduct(stream));
  return items.length === 1 ? items[0] : { type: "Concat", items, line };
}

const parseProduct = (stream: TokenStream): Expression =>
  parseBinary(stream, ["*", "/", "//", "%"], (inner) => parseBinary(inner, ["**"], parseUnary));

function parseUnary(stream: TokenStream, filters: unknown = true): Expression {
  const { line } = stream.current;
  let node: Expression;
  if (stream.skipOperator("-")) node = { type: "Negative", of: parseUnary(stream, false), line };
  else if (stream.skipOperator("+")) node = { type: "Positive", of: parseUnary(stream, false), line };
  else node = parsePrimary(stream);
  node = parsePostfix(stream, node);
  return filters === false ? node : parseFilters(stream, node);
}

function parsePrimary(stream: TokenStream): Expression {
  const token = stream.current;
  const { line } = token;
  switch (token.type) {
    case "name":
      stream.next();
      if (Object.hasOwn(CONSTANTS, token.value)) return { type: "Const", value: CONSTANTS[token.value], line };
      return { type: "Name", name: token.value, line };
    case "string": {
      let value = stream.next().value;
      while (stream.current.type === "string") value += stream.next().value;
      return { type: "Const", value, line };
    }
    case "integer":
    case "float":
      return { type: "Const", value: stream.next().number ?? 0n, line };
  }
  if (stream.skipOperator("(")) {
    const inner = parseTuple(stream, { isParenthesized: true });
    stream.expect("operator", ")");
    return inner;
  }
  if (stream.isOperator("[")) return parseList(stream, parseExpression);
  if (stream.isOperator("{")) return parseDict(stream, parseExpression);
  throw stream.fault(`unexpected '${describe(token)}'`, line);
}

interface TupleOptions {
  choices?: boolean;
  /** A name that ends it. */
  end?: string;
  /** In parentheses, where it may be empty. */
  isParenthesized?: boolean;
}

/** One expression, or several with commas as a tuple. */
export function parseTuple(
  stream: TokenStream,
  { choices = true, end, isParenthesized = false }: TupleOptions = {},
): Expression {
  let { line } = stream.current;
  const items: Expression[] = [];
  let isTuple = false;
  for (;;) {
    if (items.length > 0) stream.expect("operator", ",");
    if (isTupleEnd(stream, end)) break;
    items.push(parseExpression(stream, choices));
    if (!stream.isOperator(",")) break;
    isTuple = true;
    line = stream.current.line;
  }
  if (!isTuple && items.length > 0) return items[0];
  if (!isTuple && !isParenthesized) throw stream.fault(`Expected an expression, got '${describe(stream.current)}'`);
  return { type: "Tuple", items, line };
}

export function isTupleEnd(stream: TokenStream, end: string | undefined): boolean {
  const { type } = stream.current;
  if (type === "variable_end" || type === "block_end" || stream.isOperator(")")) return true;
  return end !== undefined && stream.isName(end);
}

/** Attributes, items and calls behind an expression. */
function parsePostfix(stream: TokenStream, first: Expression): Expression {
  let node = first;
  for (;;) {
    if (stream.isOperator(".")) node = parseAttribute(stream, node);
    else if (stream.isOperator("[")) node = parseItem(stream, node);
    else if (stream.isOperator("(")) node = parseCall(stream, node);
    else return node;
  }
}

function parseFilters(stream: TokenStream, first: Expression): Expression {
  let node = first;
  for (;;) {
    if (stream.isOperator("|")) node = parseFilter(stream, node) as Expression;
    else if (stream.isName("is")) node = parseTest(stream, node);
    else if (stream.isOperator("(")) node = parseCall(stream, node);
    else return node;
  }
}

function parseAttribute(stream: TokenStream, of: Expression): Expression {
  const { line } = stream.next();
  const token = stream.next();
  if (token.type === "name") return { type: "Attribute", of, name: token.value, line };
  if (token.type !== "integer") throw stream.fault("expected name or number", token.line);
  return { type: "Item", of, key: { type: "Const", value: token.number ?? 0n, line }, line };
}

function parseItem(stream: TokenStream, of: Expression): Expression {
  const { line } = stream.next();
  const keys: (Expression | "slice")[] = [];
  let slice: Expression | undefined;
  while (!stream.isOperator("]")) {
    if (keys.length > 0) stream.expect("operator", ",");
    const key = parseSubscript(stream, of, line);
    if (key.type === "Slice" && key.of === of) slice = key;
    keys.push(key);
  }
  stream.expect("operator", "]");
  if (keys.length === 1) return slice ?? { type: "Item", of, key: keys[0] as Expression, line };
  if (slice) throw stream.fault("a slice among several indices is not supported", line);
  return { type: "Item", of, key: { type: "Tuple", items: keys as Expression[], line }, line };
}

/** An index, or a slice of `of`. */
function parseSubscript(stream: TokenStream, of: Expression, line: number): Expression {
  const start = stream.isOperator(":") ? undefined : parseExpression(stream);
  if (start !== undefined && !stream.isOperator(":")) return start;
  stream.next();
  const part = () => (stream.isOperator(":", "]", ",") ? undefined : parseExpression(stream));
  const stop = part();
  const step = stream.skipOperator(":") ? part() : undefined;
  return { type: "Slice", of, ...(start && { start }), ...(stop && { stop }), ...(step && { step }), line };
}

function parseCall(stream: TokenStream, callee: Expression): Expression {
  const { line } = stream.current;
  return { type: "Call", callee, ...parseArguments(stream, parseExpression), line };
}

const NO_ARGUMENTS: CallArguments = { args: [], kwargs: [], spread: undefined, spreadKeywords: undefined };

/** A name with dots. */
function dottedName(stream: TokenStream): string {
  let name = stream.expect("name").value;
  while (stream.skipOperator(".")) name += `.${stream.expect("name").value}`;
  return name;
}

/** `|name(...)` one or more times. @param inline: the first one has no bar (a filter block) */
export function parseFilter(stream: TokenStream, of: Expression | undefined, inline = false): Expression | undefined {
  let node = of;
  let isFirst = inline;
  while (isFirst || stream.isOperator("|")) {
    if (!isFirst) stream.next();
    isFirst = false;
    const { line } = stream.current;
    const name = dottedName(stream);
    node = {
      type: "Filter",
      of: node,
      name,
      ...(stream.isOperator("(") ? parseArguments(stream, parseExpression) : NO_ARGUMENTS),
      line,
    };
  }
  return node;
}

function parseTest(stream: TokenStream, of: Expression): Expression {
  const { line } = stream.next();
  const isNegated = stream.skipName("not");
  const name = dottedName(stream);
  const node: Expression = { type: "Test", of, name, ...testArguments(stream), line };
  return isNegated ? { type: "Not", of: node, line } : node;
}

/** In parentheses, or one primary expression behind the name. */
function testArguments(stream: TokenStream): CallArguments {
  if (stream.isOperator("(")) return parseArguments(stream, parseExpression);
  const { type } = stream.current;
  const isOperand = ["name", "string", "integer", "float"].includes(type) || stream.isOperator("[", "{");
  if (!isOperand || stream.isName("else") || stream.isName("or") || stream.isName("and")) return NO_ARGUMENTS;
  if (stream.isName("is")) throw stream.fault("You cannot chain multiple tests with is");
  return { ...NO_ARGUMENTS, args: [parsePostfix(stream, parsePrimary(stream))] };
}
