/** @file Filters on texts: methods of str, replace, title, indent, truncate, wordwrap, wordcount, format. */
import { callText } from "../python/attributes.ts";
import { TemplateFault, typeError } from "../python/fault.ts";
import { spendText } from "../python/limits.ts";
import { escapeMarkup } from "../python/markup.ts";
import { indexNumber } from "../python/numbers.ts";
import { binary } from "../python/operators.ts";
import { PyDict } from "../python/pyDict.ts";
import { repeat, replaceText, SPACE, splitLines, unitOffset } from "../python/strings.ts";
import { softText, str } from "../python/text.ts";
import { wrap } from "../python/textWrap.ts";
import {
  isText,
  isTrue,
  isUndefined,
  lengthOf,
  Markup,
  pointCount,
  Tuple,
  textOf,
  typeName,
  type Value,
} from "../python/values.ts";
import { argumentFault, type Environment, type Filter } from "./environment.ts";

/** A method of str on any value's text. */
export function method(value: Value, name: string, args: readonly Value[] = []): Value {
  return callText(softText(value), name, { args, kwargs: new Map() });
}

export const soft = (value: Value): Value => softText(value);

export function replace(value: Value, [from, to, count]: Value[], { autoescape }: Environment): Value {
  const limit = count === null ? -1 : indexNumber(count);
  if (!autoescape) return replaceText(str(value), str(from), str(to), limit);
  const isMarkup = (part: Value) => part instanceof Markup;
  const text = isMarkup(from) || (isMarkup(to) && !isMarkup(value)) ? escapeMarkup(value) : softText(value);
  const replacement = typeof text === "string" ? str(to) : escapeMarkup(to).text;
  const replaced = replaceText(textOf(text), str(from), replacement, limit);
  return typeof text === "string" ? replaced : new Markup(replaced);
}

const WORD_START = new RegExp(`([-${SPACE}({[<]+)`, "u");

export function title(value: Value): Value {
  return textOf(softText(value))
    .split(WORD_START)
    .map((part) => {
      const [first = ""] = part;
      return first.toUpperCase() + part.slice(first.length).toLowerCase();
    })
    .join("");
}

export function indent(value: Value, [width, first, blank]: Value[]): Value {
  if (!isText(value)) return notText(value, "indent");
  const indention = isText(width) ? textOf(width) : repeat(" ", indexNumber(width));
  const lines = splitLines(`${textOf(value)}\n`);
  spendText(textOf(value).length + lines.length * (indention.length + 1));
  const rest = lines.slice(1).map((line) => (isTrue(blank) || line !== "" ? indention + line : line));
  const text = (isTrue(first) ? indention : "") + [lines[0], ...rest].join("\n");
  return typeof value === "string" ? text : new Markup(text);
}

function notText(value: Value, filter: string): never {
  if (isUndefined(value)) throw value.fault();
  throw typeError(`${filter}: expected a str, not '${typeName(value)}'`);
}

export function truncate(value: Value, [lengthValue, killWords, endValue, leewayValue]: Value[]): Value {
  const length = indexNumber(lengthValue);
  const end = isText(endValue) ? textOf(endValue) : notText(endValue, "truncate");
  const leeway = leewayValue === null ? 5 : indexNumber(leewayValue);
  const endLength = pointCount(end);
  if (length < endLength) {
    throw new TemplateFault("AssertionError", `expected length >= ${endLength}, got ${length}`);
  }
  if (leeway < 0) throw new TemplateFault("AssertionError", `expected leeway >= 0, got ${leeway}`);
  if (isUndefined(value)) return value;
  if (!isText(value)) return lengthOf(value) <= length + leeway ? value : notText(value, "truncate");
  const text = textOf(value);
  if (pointCount(text) <= length + leeway) return value;
  const cut = text.slice(0, unitOffset(text, length - endLength));
  const space = isTrue(killWords) ? -1 : cut.lastIndexOf(" ");
  const kept = space < 0 ? cut : cut.slice(0, space);
  return typeof value === "string" ? kept + end : new Markup(kept + escapeMarkup(endValue).text);
}

export function wordCount(value: Value): Value {
  return BigInt(textOf(softText(value)).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0);
}

export function wordWrap(value: Value, [width, breakLong, wrapString, onHyphens]: Value[]): Value {
  const between =
    wrapString === null ? "\n" : isText(wrapString) ? textOf(wrapString) : notText(wrapString, "wordwrap");
  const text = isText(value) ? textOf(value) : notText(value, "wordwrap");
  const options = { width: indexNumber(width), breakLong: isTrue(breakLong), onHyphens: isTrue(onHyphens) };
  return splitLines(text)
    .map((line) => wrap(line, options).join(between))
    .join(between);
}

/** "%s"|format(value). */
export const format: Filter = (value, { args, kwargs }) => {
  if (args.length > 0 && kwargs.size > 0) {
    throw argumentFault("can't handle positional and keyword arguments at the same time");
  }
  return binary("%", softText(value), kwargs.size > 0 ? new PyDict(kwargs) : new Tuple(args));
};
