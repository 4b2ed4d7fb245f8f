/**
 * @file Extends the template library's interpreter where it differs from Python's Jinja: str methods with arguments,
 * True / False / None and lists as text, == by value, "+" between str and other types (an error), scope of variables
 * in a loop iteration, undefined in loops and as an object.
 */
import { FILTERS, type FilterTools, iterated } from "./filters.ts";
import { Interpreter, type Scope, type TemplateNode } from "./library.ts";
import { braceFormat, percentFormat, percentValues } from "./pythonFormat.ts";
import { type Arguments, STRING_METHODS } from "./pythonStrings.ts";
import { isLess } from "./sequenceFilters.ts";
import type { NewRound, Syntax } from "./syntax.ts";
import {
  entriesOf,
  isList,
  isMapping,
  isText,
  isUndefined,
  itemsOf,
  pythonEquals,
  pythonText,
  typeName,
  type Value,
} from "./values.ts";

const MAPPING_METHODS = new Set(["items", "keys", "values", "get"]);

export class PythonInterpreter extends Interpreter {
  private readonly syntax: Syntax;

  constructor(environment: Scope, syntax: Syntax) {
    super(environment);
    this.syntax = syntax;
  }

  override evaluate(node: TemplateNode | undefined, scope: Scope): Value {
    if (node === undefined) return super.evaluate(node, scope);
    if (node.type === "Held") return node.value as Value;
    if (node.type === "NewRound") return this.beginRound(node as NewRound, scope);
    let value = this.asPython(node, scope) ?? this.asLibrary(node, scope);
    if (this.syntax.outputs.has(node) && !isText(value)) value = this.text(pythonText(value));
    if (this.syntax.iterables.has(node)) value = iterated(value, this.make);
    return value;
  }

  /** Evaluates the nodes that the library evaluates differently; undefined for the rest. */
  private asPython(node: TemplateNode, scope: Scope): Value | undefined {
    switch (node.type) {
      case "CallExpression":
        return this.call(node, scope);
      case "MemberExpression":
        return this.member(node, scope);
      case "BinaryExpression":
        return this.binary(node, scope);
      case "FilterExpression":
        return this.filter(node, scope);
      case "TestExpression":
        return this.test(node, scope);
      default:
        return undefined;
    }
  }

  private asLibrary(node: TemplateNode | undefined, scope: Scope): Value {
    return super.evaluate(node, scope) ?? super.evaluate(undefined, scope);
  }

  private value(node: unknown, scope: Scope): Value {
    return this.evaluate(node as TemplateNode, scope);
  }

  private literal(type: string, value: unknown): Value {
    return this.asLibrary({ type, value }, this.global);
  }
  private readonly text = (value: string): Value => this.literal("StringLiteral", value);
  private readonly list = (items: Value[]): Value => this.literal("ArrayLiteral", items.map(held));
  private readonly truth = (value: boolean): Value => {
    const operator = { value: "not" };
    const argument = held(this.list(value ? [] : [this.text("")]));
    return this.asLibrary({ type: "UnaryExpression", operator, argument }, this.global);
  };
  private readonly make = {
    text: this.text,
    list: this.list,
    integer: (value: number): Value => this.literal("IntegerLiteral", value),
    number: (value: number, isFloat: boolean): Value =>
      this.literal(isFloat ? "FloatLiteral" : "IntegerLiteral", value),
    undefined: () => this.asLibrary(undefined, this.global),
  };

  private beginRound({ names }: NewRound, scope: Scope): Value {
    for (const name of [...scope.variables.keys()]) if (!names.has(name)) scope.variables.delete(name);
    return this.text("");
  }

  private call(node: TemplateNode, scope: Scope): Value | undefined {
    const callee = node.callee as TemplateNode;
    if (callee.type === "Identifier" && callee.value === "dict" && isUndefined(scope.lookupVariable("dict"))) {
      return this.dict(node.args as TemplateNode[], scope);
    }
    const property = callee.property as TemplateNode | undefined;
    if (callee.type !== "MemberExpression" || callee.computed || property?.type !== "Identifier") return undefined;
    const object = this.value(callee.object, scope);
    const name = String(property.value);
    if (isText(object) && name === "format") return this.text(this.format(object.value as string, node, scope));
    if (isText(object) && Object.hasOwn(STRING_METHODS, name)) {
      return this.fromPlain(STRING_METHODS[name](object.value as string, this.plainArguments(node, scope)));
    }
    const isMethod = isMapping(object) && MAPPING_METHODS.has(name); // even if a key has that name
    const called = isMethod ? held(object.builtins?.get(name) as Value) : { ...callee, object: held(object) };
    return this.asLibrary({ ...node, callee: called }, scope);
  }

  /** "{} {name}".format(...) */
  private format(text: string, { args }: TemplateNode, scope: Scope): string {
    const isNamed = ({ type }: TemplateNode) => type === "KeywordArgumentExpression";
    const positional = (args as TemplateNode[]).filter((arg) => !isNamed(arg)).map((arg) => this.value(arg, scope));
    const keywords = (args as TemplateNode[])
      .filter(isNamed)
      .map(({ key, value }): [string, Value] => [String((key as TemplateNode).value), this.value(value, scope)]);
    return braceFormat(text, positional, new Map(keywords));
  }

  /** dict(a=1, b=2) */
  private dict(args: TemplateNode[], scope: Scope): Value {
    const entries = args.flatMap((arg): [TemplateNode, TemplateNode][] => {
      if (arg.type === "KeywordArgumentExpression") {
        return [[{ type: "StringLiteral", value: (arg.key as TemplateNode).value }, arg.value as TemplateNode]];
      }
      return [...entriesOf(this.value(arg, scope))].map(([key, inner]) => [held(this.text(key)), held(inner)]);
    });
    return this.asLibrary({ type: "ObjectLiteral", value: new Map(entries) }, scope);
  }

  private plainArguments({ args }: TemplateNode, scope: Scope): Arguments {
    const values: Value[] = [];
    const named = new Map<string, ReturnType<typeof plain>>();
    for (const arg of args as TemplateNode[]) {
      const value = this.value(arg.type === "KeywordArgumentExpression" ? arg.value : arg, scope);
      if (arg.type === "KeywordArgumentExpression") named.set(String((arg.key as TemplateNode).value), plain(value));
      else values.push(value);
    }
    return { positional: values.map(plain), values, named };
  }

  private fromPlain(value: string | number | boolean | string[]): Value {
    if (Array.isArray(value)) return this.list(value.map((item) => this.text(item)));
    if (typeof value === "boolean") return this.truth(value);
    return typeof value === "number" ? this.make.integer(value) : this.text(value);
  }

  private member(node: TemplateNode, scope: Scope): Value {
    const object = this.value(node.object, scope);
    if (!isUndefined(object)) return this.asLibrary({ ...node, object: held(object) }, scope);
    const property = node.property as TemplateNode;
    const of = describe(node.object as TemplateNode);
    throw new Error(`${of} is undefined, cannot read ${String(property.value ?? "an item")} of it`);
  }

  private binary(node: TemplateNode, scope: Scope): Value | undefined {
    const operator = (node.operator as { value: string }).value;
    if (operator === "and" || operator === "or") return undefined;
    const left = this.value(node.left, scope);
    const right = this.value(node.right, scope);
    switch (operator) {
      case "==":
        return this.truth(pythonEquals(left, right));
      case "!=":
        return this.truth(!pythonEquals(left, right));
      case "~":
        return this.text(pythonText(left) + pythonText(right));
      case "in":
      case "not in":
        if (!isList(right)) break;
        return this.truth(itemsOf(right).some((item) => pythonEquals(item, left)) === (operator === "in"));
      case "*":
        if (isText(left) && right.type === "IntegerValue") {
          return this.text((left.value as string).repeat(Math.max(0, right.value as number)));
        }
        break;
      case "%":
        return this.remainder(left, right) ?? this.asLibrary({ ...node, left: held(left), right: held(right) }, scope);
      case "<":
      case ">":
      case "<=":
      case ">=":
        if (typeof left.value === "number" && typeof right.value === "number") break;
        return this.truth(isOrdered(left, right, operator));
      case "+":
        checkSum(left, right, node);
    }
    return this.asLibrary({ ...node, left: held(left), right: held(right) }, scope);
  }

  /** "%s" % value, and remainders: Python's takes the sign of the divisor, unlike JavaScript's. */
  private remainder(left: Value, right: Value): Value | undefined {
    if (isText(left)) return this.text(percentFormat(left.value as string, percentValues(right)));
    const [value, divisor] = [Number(left.value), Number(right.value)];
    if (divisor === 0 || value < 0 === divisor < 0) return undefined;
    const rest = value % divisor;
    const isFloat = left.type === "FloatValue" || right.type === "FloatValue";
    return this.make.number(rest === 0 ? 0 : rest + divisor, isFloat);
  }

  private filter(node: TemplateNode, scope: Scope): Value {
    const filter = node.filter as TemplateNode;
    const isCall = filter.type === "CallExpression";
    const name = String(isCall ? (filter.callee as TemplateNode).value : filter.value);
    const operand = this.value(node.operand, scope);
    const own = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
    const given = own && isCall ? this.plainArguments(filter, scope) : NO_ARGUMENTS;
    const tools = {
      ...this.make,
      filterItem: this.itemFilter(filter, scope),
      testOf: (test: string) => scope.tests.get(test),
    };
    const value = own?.(operand, given, tools as FilterTools);
    return value ?? this.asLibrary({ ...node, operand: held(operand), filter: renamed(filter, name) }, scope);
  }

  /** The function of `map("upper")`: the filter named by the first argument, with the other arguments. */
  private itemFilter(filter: TemplateNode, scope: Scope) {
    return (item: Value): Value => {
      const [name, ...args] = filter.args as TemplateNode[];
      const callee = { type: "Identifier", value: pythonText(this.value(name, scope)) };
      const inner = args.length > 0 ? { type: "CallExpression", callee, args } : callee;
      return this.value({ type: "FilterExpression", operand: held(item), filter: inner }, scope);
    };
  }

  private test(node: TemplateNode, scope: Scope): Value {
    const operand = this.value(node.operand, scope);
    const isIterable = isMapping(operand) || isUndefined(operand);
    if ((node.test as TemplateNode).value === "iterable" && isIterable) return this.truth(node.negate !== true);
    return this.asLibrary({ ...node, operand: held(operand) }, scope);
  }
}

/** Compares strings and lists as Python does. */
function isOrdered(left: Value, right: Value, operator: string): boolean {
  const [small, large] = operator === "<" || operator === ">=" ? [left, right] : [right, left];
  return isLess(small, large) === (operator === "<" || operator === ">");
}

/** A node for an evaluated value, so that no expression is evaluated twice. */
function held(value: Value): TemplateNode {
  return { type: "Held", value };
}

const NO_ARGUMENTS: Arguments = { positional: [], values: [], named: new Map() };
/** Filters with another name in the library. */
const LIBRARY_NAMES: Record<string, string> = { d: "default", count: "length" };

function renamed(filter: TemplateNode, name: string): TemplateNode {
  const callee = { type: "Identifier", value: LIBRARY_NAMES[name] ?? name };
  return filter.type === "CallExpression" ? { ...filter, callee } : callee;
}

/** An argument of a string method as a JavaScript value. */
function plain(value: Value): string | number | boolean | null | readonly string[] {
  if (isList(value)) return itemsOf(value).map(pythonText);
  const inner = value.value;
  return typeof inner === "string" || typeof inner === "number" || typeof inner === "boolean" ? inner : null;
}

/** Throws on string + another type, where JavaScript would write "[object Object]". */
function checkSum(left: Value, right: Value, node: TemplateNode): void {
  for (const [value, part] of [
    [left, node.left],
    [right, node.right],
  ] as [Value, TemplateNode][]) {
    if (isUndefined(value)) throw new Error(`${describe(part)} is undefined`);
  }
  if (isText(left) === isText(right)) return;
  const [other, part] = isText(left) ? [right, node.right] : [left, node.left];
  throw new Error(`can only concatenate str to str, but ${describe(part as TemplateNode)} is a ${typeName(other)}`);
}

/** Source text of an expression, for messages. */
function describe(node: TemplateNode): string {
  if (node.type === "Identifier") return String(node.value);
  if (node.type !== "MemberExpression") return "a part of an expression";
  const property = node.property as TemplateNode;
  const inner = property.type === "StringLiteral" ? `'${String(property.value)}'` : String(property.value ?? "...");
  return node.computed
    ? `${describe(node.object as TemplateNode)}[${inner}]`
    : `${describe(node.object as TemplateNode)}.${inner}`;
}
