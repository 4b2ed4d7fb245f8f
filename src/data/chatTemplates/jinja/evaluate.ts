/** @file Evaluates expressions of a template. */
import { attributeOf, itemOf, notCallable } from "../python/attributes.ts";
import { compare, equals, isIn } from "../python/compare.ts";
import { isFault, typeError } from "../python/fault.ts";
import { spend, spendReading, spendText } from "../python/limits.ts";
import { escapeMarkup } from "../python/markup.ts";
import { indexNumber } from "../python/numbers.ts";
import { binary, unary } from "../python/operators.ts";
import { PyDict } from "../python/pyDict.ts";
import { sliceIndices } from "../python/strings.ts";
import { str } from "../python/text.ts";
import { sliceText } from "../python/textParts.ts";
import {
  type Given,
  isText,
  isTrue,
  isUndefined,
  iterate,
  Markup,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "../python/values.ts";
import { type Environment, noSuch } from "./environment.ts";
import { FILTERS } from "./filters.ts";
import type { CallArguments, CompareOperator, Expression } from "./nodes.ts";
import type { Scope } from "./scope.ts";
import { TESTS } from "./tests.ts";

/** The state of a rendering that expressions read. */
export interface Evaluation extends Environment {
  /** Line of the current expression, for messages. */
  line: number;
  /** Within an output of constants alone. */
  isFolding: boolean;
}

/** The node of a type; some types share a shape. */
type Of<T extends Expression["type"]> = Expression extends infer Node
  ? Node extends { type: infer Types }
    ? T extends Types
      ? Node
      : never
    : never
  : never;
type Evaluator<T extends Expression["type"]> = (node: Of<T>, scope: Scope, run: Evaluation) => Value;

/** The value of an expression. @throws TemplateFault */
export function evaluate(node: Expression, scope: Scope, run: Evaluation): Value {
  spend(1);
  run.line = node.line;
  return (EVALUATORS[node.type] as (node: Expression, scope: Scope, run: Evaluation) => Value)(node, scope, run);
}

const EVALUATORS: { [T in Expression["type"]]: Evaluator<T> } = {
  Const: (node) => node.value,
  Name: ({ name }, scope) => {
    const value = scope.get(name);
    return value === undefined ? new Undefined(`'${name}' is undefined`) : value;
  },
  Tuple: (node, scope, run) => new Tuple(all(node.items, scope, run)),
  List: (node, scope, run) => all(node.items, scope, run),
  Dict: (node, scope, run) =>
    new PyDict(node.items.map(({ key, value }) => [evaluate(key, scope, run), evaluate(value, scope, run)])),
  Attribute: (node, scope, run) => attributeOf(evaluate(node.of, scope, run), node.name),
  Item: (node, scope, run) => itemOf(evaluate(node.of, scope, run), evaluate(node.key, scope, run)),
  Slice: evaluateSlice,
  Call: (node, scope, run) => call(evaluate(node.callee, scope, run), givenOf(node, scope, run)),
  Filter: (node, scope, run) => {
    if (!node.of) throw new Error("internal: a filter without a value");
    return run.callFilter(node.name, evaluate(node.of, scope, run), givenOf(node, scope, run));
  },
  Test: (node, scope, run) => run.callTest(node.name, evaluate(node.of, scope, run), givenOf(node, scope, run)),
  Not: (node, scope, run) => !isTrue(evaluate(node.of, scope, run)),
  Negative: (node, scope, run) => unary("-", evaluate(node.of, scope, run)),
  Positive: (node, scope, run) => unary("+", evaluate(node.of, scope, run)),
  Binary: ({ operator, left, right }, scope, run) =>
    binary(operator, evaluate(left, scope, run), evaluate(right, scope, run)),
  And: (node, scope, run) => {
    const left = evaluate(node.left, scope, run);
    return isTrue(left) ? evaluate(node.right, scope, run) : left;
  },
  Or: (node, scope, run) => {
    const left = evaluate(node.left, scope, run);
    return isTrue(left) ? left : evaluate(node.right, scope, run);
  },
  Concat: (node, scope, run) => concat(all(node.items, scope, run), run.autoescape),
  Compare: evaluateCompare,
  Choice: (node, scope, run) => {
    if (isTrue(evaluate(node.test, scope, run))) return evaluate(node.yes, scope, run);
    if (node.no) return evaluate(node.no, scope, run);
    const where = `the inline if-expression on line ${node.line}`;
    return new Undefined(`${where} evaluated to false and no else section was defined.`);
  },
};

function all(nodes: readonly Expression[], scope: Scope, run: Evaluation): Value[] {
  return nodes.map((node) => evaluate(node, scope, run));
}

/** `~`: texts side by side; Markup only where the template escapes and one of them is safe. */
function concat(values: readonly Value[], autoescape: boolean): Value {
  const isSafe = autoescape && values.some((value) => value instanceof Markup);
  const texts = values.map((value) => (isSafe ? escapeMarkup(value).text : str(value)));
  spendText(texts.reduce((sum, text) => sum + text.length, 0));
  return isSafe ? new Markup(texts.join("")) : texts.join("");
}

function evaluateCompare({ first, rest }: Of<"Compare">, scope: Scope, run: Evaluation): Value {
  let left = evaluate(first, scope, run);
  let result = true;
  for (const { operator, value } of rest) {
    const right = evaluate(value, scope, run);
    result = compared(operator, left, right);
    if (!result) return false;
    left = right;
  }
  return result;
}

function compared(operator: CompareOperator, left: Value, right: Value): boolean {
  switch (operator) {
    case "==":
      return equals(left, right);
    case "!=":
      return !equals(left, right);
    case "in":
      return isIn(left, right);
    case "not in":
      return !isIn(left, right);
    default:
      return compare(left, right, operator);
  }
}

/** In an output that Jinja computes while it compiles, its sandbox makes an undefined value of a slice that fails. */
function evaluateSlice(node: Of<"Slice">, scope: Scope, run: Evaluation): Value {
  const value = evaluate(node.of, scope, run);
  const range = [node.start, node.stop, node.step].map((part) => (part ? evaluate(part, scope, run) : null));
  if (isUndefined(value)) throw value.fault();
  try {
    return slice(value, range);
  } catch (error) {
    if (run.isFolding && isFault(error, "TypeError")) return new Undefined("a constant without such items");
    throw error;
  }
}

function slice(value: Value, [start, stop, step]: Value[]): Value {
  const isNumbered = isText(value) || Array.isArray(value) || value instanceof Tuple;
  if (!isNumbered) {
    const isObject = typeof value === "object" && value !== null && "slice" in value;
    const sliced = isObject ? value.slice?.(start, stop, step) : undefined;
    if (sliced !== undefined) return sliced;
    if (value instanceof PyDict) throw typeError("unhashable type: 'slice'");
    throw typeError(`'${typeName(value)}' object is not subscriptable`);
  }
  const message = "slice indices must be integers or None or have an __index__ method";
  const [from, to, by] = [start, stop, step].map((part) => (part === null ? undefined : indexNumber(part, message)));
  if (isText(value)) {
    const text = sliceText(textOf(value), from, to, by ?? 1);
    return value instanceof Markup ? new Markup(text) : text;
  }
  const items = Array.isArray(value) ? value : value.items;
  const chosen = sliceIndices(items.length, from, to, by ?? 1).map((index) => items[index]);
  return Array.isArray(value) ? chosen : new Tuple(chosen);
}

const NOTHING: Given = { args: [], kwargs: new Map() };

/** The arguments of a call. */
export function givenOf(node: CallArguments, scope: Scope, run: Evaluation): Given {
  if (node.args.length === 0 && node.kwargs.length === 0 && !node.spread && !node.spreadKeywords) return NOTHING;
  const args = all(node.args, scope, run);
  const kwargs = new Map(node.kwargs.map(({ key, value }) => [key, evaluate(value, scope, run)]));
  if (node.spread) for (const item of iterate(evaluate(node.spread, scope, run))) args.push(item);
  if (node.spreadKeywords) addKeywords(kwargs, evaluate(node.spreadKeywords, scope, run));
  return { args, kwargs };
}

function addKeywords(kwargs: Map<string, Value>, from: Value): void {
  if (!(from instanceof PyDict)) throw typeError(`argument after ** must be a mapping, not ${typeName(from)}`);
  for (const [key, value] of from.entries()) {
    if (!isText(key)) throw typeError("keywords must be strings");
    if (kwargs.has(textOf(key))) throw typeError(`got multiple values for keyword argument '${textOf(key)}'`);
    kwargs.set(textOf(key), value);
  }
}

/** Calls a value. @throws TypeError where it is no function */
export function call(callee: Value, given: Given): Value {
  if (isUndefined(callee)) throw callee.fault();
  const isObject = typeof callee === "object" && callee !== null && !Array.isArray(callee);
  if (isObject && "call" in callee && callee.call) return callee.call(given);
  throw notCallable(callee);
}

/** Applies a filter by its name. */
export function callFilter(name: string, value: Value, given: Given, run: Evaluation): Value {
  if (!Object.hasOwn(FILTERS, name)) throw noSuch("filter", name, run.line);
  if (isText(value)) spendReading(textOf(value).length);
  return FILTERS[name](value, given, run);
}

/** Applies a test by its name. */
export function callTest(name: string, value: Value, given: Given, run: Evaluation): boolean {
  if (!Object.hasOwn(TESTS, name)) throw noSuch("test", name, run.line);
  return TESTS[name](value, given, run);
}
