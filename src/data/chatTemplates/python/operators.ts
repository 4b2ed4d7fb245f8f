/** @file Python's binary and unary operators on values. */
import type { BinaryOperator } from "../jinja/nodes.ts";
import { typeError } from "./fault.ts";
import { spend, spendText } from "./limits.ts";
import { escapeMarkup, escapeText } from "./markup.ts";
import { arithmetic, numeric } from "./numbers.ts";
import { percentFormat } from "./percent.ts";
import { repeat } from "./strings.ts";
import { isText, isUndefined, Markup, Tuple, textOf, typeName, type Value } from "./values.ts";

/** left operator right. @throws TypeError, ZeroDivisionError, UndefinedError and others, as Python */
export function binary(operator: BinaryOperator, left: Value, right: Value): Value {
  const number = arithmetic(operator, left, right);
  if (number !== undefined) return number;
  if (operator === "%" && isText(left)) return percent(left, right);
  if (isUndefined(left)) throw left.fault();
  if (isUndefined(right)) throw right.fault();
  if (operator === "+") return add(left, right);
  const product = operator === "*" ? (repeated(left, right) ?? repeated(right, left)) : undefined;
  if (product !== undefined) return product;
  throw unsupportedOperands(operator === "**" ? "** or pow()" : operator, left, right);
}

const unsupportedOperands = (operator: string, left: Value, right: Value) =>
  typeError(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);

function percent(left: string | Markup, right: Value): Value {
  if (typeof left === "string") return percentFormat(left, right);
  return new Markup(percentFormat(left.text, right, escapeText));
}

function add(left: Value, right: Value): Value {
  if (isText(left) && isText(right)) {
    if (typeof left === "string" && typeof right === "string") {
      spendText(left.length + right.length);
      return left + right;
    }
    return new Markup(escapeMarkup(left).text + escapeMarkup(right).text);
  }
  if (Array.isArray(left) && Array.isArray(right)) return joinItems(left, right);
  if (left instanceof Tuple && right instanceof Tuple) return new Tuple(joinItems(left.items, right.items));
  const name = typeName(left);
  if (isText(left) || Array.isArray(left) || left instanceof Tuple) {
    const kind = isText(left) ? "str" : name;
    throw typeError(`can only concatenate ${kind} (not "${typeName(right)}") to ${kind}`);
  }
  throw unsupportedOperands("+", left, right);
}

function joinItems(left: readonly Value[], right: readonly Value[]): Value[] {
  spend(left.length + right.length);
  return [...left, ...right];
}

/** A sequence several times; undefined if `value` is no sequence. */
function repeated(value: Value, times: Value): Value | undefined {
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (!items && !isText(value)) return undefined;
  const count = numeric(times);
  if (typeof count !== "bigint") {
    throw typeError(`can't multiply sequence by non-int of type '${typeName(times)}'`);
  }
  const whole = Number(count);
  if (isText(value)) {
    const text = repeat(textOf(value), whole);
    return typeof value === "string" ? text : new Markup(text);
  }
  spend(Math.max(0, whole) * (items as Value[]).length);
  const all = Array.from({ length: Math.max(0, whole) }, () => items as Value[]).flat();
  return Array.isArray(value) ? all : new Tuple(all);
}

/** -value and +value. */
export function unary(operator: "-" | "+", value: Value): Value {
  if (isUndefined(value)) throw value.fault();
  const number = numeric(value);
  if (number === undefined) throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  return operator === "-" ? -number : number;
}
