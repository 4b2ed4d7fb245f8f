/** @file The methods of Markup: those of str, which escape their arguments and give Markup, and its own. */
import { positional } from "./bind.ts";
import type { Access } from "./braces.ts";
import { escapeMarkup, stripTags, unescapeEntities } from "./markup.ts";
import { STR_METHODS, type StrMethod } from "./strMethods.ts";
import { type Given, Markup, Tuple, type Value } from "./values.ts";

/** Methods of Markup besides those of str. */
export const MARKUP_METHODS: Readonly<Record<string, StrMethod>> = {
  escape: (_text, given) => escapeMarkup(positional("escape", given, 1, 1)[0]),
  striptags: (text) => stripTags(text),
  unescape: (text) => unescapeEntities(text),
};

/** Methods whose text arguments Markup escapes. */
const ESCAPED_ARGUMENTS: Record<string, readonly number[]> = { replace: [1], ljust: [1], rjust: [1], center: [1] };

/** Calls a method of a str or Markup. */
export function callStrMethod(self: string | Markup, name: string, given: Given, access: Access): Value {
  if (typeof self === "string") return STR_METHODS[name](self, given, self, access);
  if (Object.hasOwn(MARKUP_METHODS, name)) return MARKUP_METHODS[name](self.text, given, self, access);
  const escaped = ESCAPED_ARGUMENTS[name] ?? [];
  const args = given.args.map((value, i) => (escaped.includes(i) ? escapeMarkup(value).text : value));
  return marked(STR_METHODS[name](self.text, { args, kwargs: given.kwargs }, self, access));
}

/** The texts of a result as Markup. */
function marked(value: Value): Value {
  if (typeof value === "string") return new Markup(value);
  if (Array.isArray(value)) return value.map(marked);
  return value instanceof Tuple ? new Tuple(value.items.map(marked)) : value;
}
