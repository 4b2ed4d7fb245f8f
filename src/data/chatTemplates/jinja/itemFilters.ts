/** @file Filters on single items and mappings: attr, default, first, last, items, join, list, reverse, dictsort. */

import { attributeOf, getattr } from "../python/attributes.ts";
import { sorted } from "../python/compare.ts";
import { typeError } from "../python/fault.ts";
import { spend, spendText } from "../python/limits.ts";
import { escapeMarkup } from "../python/markup.ts";
import { flag } from "../python/numbers.ts";
import { PyDict } from "../python/pyDict.ts";
import { points } from "../python/strings.ts";
import { str } from "../python/text.ts";
import {
  isIterable,
  isText,
  isTrue,
  isUndefined,
  iterate,
  Markup,
  PyIterator,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "../python/values.ts";
import { attributeGetter, ignoreCase } from "./attributePath.ts";
import { argumentFault, type Environment } from "./environment.ts";
import { reversed } from "./objects.ts";

export const standard = (value: Value, [other, isBoolean]: Value[]): Value =>
  isUndefined(value) || (isTrue(isBoolean) && !isTrue(value)) ? other : value;

/** An attribute, never an item. */
export function attr(value: Value, [name]: Value[]): Value {
  if (!isText(name)) throw typeError(`attribute name must be string, not '${typeName(name)}'`);
  const attribute = textOf(name);
  if (isUndefined(value)) throw value.fault();
  const hasIt = attribute.startsWith("__") || getattr(value, attribute) !== undefined;
  if (hasIt) return attributeOf(value, attribute);
  return new Undefined(`'${typeName(value)} object' has no attribute '${attribute}'`);
}

export function first(value: Value): Value {
  for (const item of iterate(value)) return item;
  return new Undefined("No first item, sequence was empty.");
}

export function last(value: Value): Value {
  const items = reversed(value);
  if (!items) throw typeError(`'${typeName(value)}' object is not reversible`);
  for (const item of items) return item;
  return new Undefined("No last item, sequence was empty.");
}

export function list(value: Value): Value {
  const all = Array.from(iterate(value));
  spend(all.length);
  return all;
}

export function items(value: Value): Value {
  return new PyIterator("generator", pairsOf(value), "do_items");
}

/** Raises when it is read, as a generator does. */
function* pairsOf(value: Value): Generator<Value> {
  if (isUndefined(value)) return;
  if (!(value instanceof PyDict)) throw typeError("Can only get item pairs from a mapping.");
  for (const entry of value.entries()) yield new Tuple(entry);
}

export function reverse(value: Value): Value {
  if (isText(value)) {
    const text = points(textOf(value)).reverse().join("");
    return typeof value === "string" ? text : new Markup(text);
  }
  const backwards = reversed(value);
  if (backwards) return new PyIterator(Array.isArray(value) ? "list_reverseiterator" : "reversed", backwards);
  if (isIterable(value)) return Array.from(iterate(value)).reverse();
  throw argumentFault("argument must be iterable");
}

export function join(value: Value, [separator, attribute]: Value[], { autoescape }: Environment): Value {
  const get = attribute === null ? undefined : attributeGetter(attribute);
  const parts = Array.from(iterate(value), (item) => (get ? get(item) : item));
  const isSafe = autoescape && (separator instanceof Markup || parts.some((part) => part instanceof Markup));
  const texts = parts.map((part) => (isSafe ? escapeMarkup(part).text : str(part)));
  const between = isSafe ? escapeMarkup(separator).text : str(separator);
  spendText(texts.reduce((sum, text) => sum + text.length + between.length, 0));
  const text = texts.join(between);
  return isSafe ? new Markup(text) : text;
}

export function dictsort(value: Value, [caseSensitive, by, reverseOrder]: Value[]): Value {
  const name = isText(by) ? textOf(by) : "";
  if (name !== "key" && name !== "value") {
    throw argumentFault('You can only sort by either "key" or "value"');
  }
  if (!(value instanceof PyDict)) {
    if (isUndefined(value)) throw value.fault();
    throw typeError(`'${typeName(value)}' object has no attribute 'items'`);
  }
  const position = name === "key" ? 0 : 1;
  const keyOf = (pair: Value) => {
    const key = (pair as Tuple).items[position];
    return isTrue(caseSensitive) ? key : ignoreCase(key);
  };
  const pairs = value.entries().map((entry) => new Tuple(entry));
  return sorted(pairs, keyOf, flag(reverseOrder));
}
