/** @file The methods of Python's str. Those of Markup escape their arguments and give Markup. */
import { bind, type Parameter, positional, textArgument } from "./bind.ts";
import { type Access, formatBraces } from "./braces.ts";
import { typeError, unsupported, valueError } from "./fault.ts";
import { spend, spendText } from "./limits.ts";
import { escapeMarkup } from "./markup.ts";
import { flag, indexNumber } from "./numbers.ts";
import { PyDict } from "./pyDict.ts";
import * as cases from "./strCase.ts";
import { points, repeat, replaceText, type Side, split, splitLines, strip } from "./strings.ts";
import { isPrintable } from "./text.ts";
import { window } from "./textParts.ts";
import {
  type Given,
  isText,
  isUndefined,
  iterate,
  type Markup,
  pointCount,
  Tuple,
  textOf,
  typeName,
  type Value,
} from "./values.ts";

/** A method: the text, the arguments, the text as str or Markup, and the sandbox's access to attributes. */
export type StrMethod = (text: string, given: Given, self: string | Markup, access: Access) => Value;

const noArguments = (name: string, method: (text: string) => Value): [string, StrMethod] => [
  name,
  (text, given) => {
    positional(`str.${name}`, given, 0);
    return method(text);
  },
];

const stripper = (name: string, side: Side): [string, StrMethod] => [
  name,
  (text, given) => {
    const [characters = null] = positional(name, given, 1);
    if (characters !== null && !isText(characters)) throw typeError(`${name} arg must be None or str`);
    return strip(text, characters === null ? undefined : textOf(characters), side);
  },
];

const SPLIT_PARAMETERS: readonly Parameter[] = [
  ["sep", null],
  ["maxsplit", -1n],
];

const splitter = (name: string, fromRight: boolean): [string, StrMethod] => [
  name,
  (text, given) => {
    const [separator, limit] = bind(name, SPLIT_PARAMETERS, given);
    if (separator !== null && !isText(separator)) throw typeError(`must be str or None, not ${typeName(separator)}`);
    const parts = split(text, separator === null ? undefined : textOf(separator), indexNumber(limit), fromRight);
    spend(parts.length);
    return parts;
  },
];

const finder = (name: string, last: boolean, mustBe: boolean): [string, StrMethod] => [
  name,
  (text, given) => {
    const [part, start, end] = positional(name, given, 3, 1);
    const where = textArgument(part, `${name}() argument 1`);
    const within = window(text, start, end);
    const at = within ? (last ? within.part.lastIndexOf(where) : within.part.indexOf(where)) : -1;
    if (at >= 0 && within) return BigInt(within.first + pointCount(within.part.slice(0, at)));
    if (mustBe) throw valueError("substring not found");
    return -1n;
  },
];

const affix = (name: "startswith" | "endswith"): [string, StrMethod] => [
  name,
  (text, given) => {
    const [affixes, start, end] = positional(name, given, 3, 1);
    const some = affixes instanceof Tuple ? affixes.items : [affixes];
    const within = window(text, start, end);
    return some.some((one) => {
      if (!isText(one)) {
        const found = typeName(one);
        if (affixes instanceof Tuple) throw typeError(`tuple for ${name} must only contain str, not ${found}`);
        throw typeError(`${name} first arg must be str or a tuple of str, not ${found}`);
      }
      return within ? within.part[name === "startswith" ? "startsWith" : "endsWith"](textOf(one)) : false;
    });
  },
];

const justifier = (name: string, place: (missing: number, width: number) => number): [string, StrMethod] => [
  name,
  (text, given) => {
    const [width, fill = " "] = positional(name, given, 2, 1);
    const character = textArgument(fill, `${name}() argument 2`);
    if (pointCount(character) !== 1) throw typeError("The fill character must be exactly one character long");
    const missing = indexNumber(width) - pointCount(text);
    if (missing <= 0) return text;
    const left = place(missing, indexNumber(width));
    return repeat(character, left) + text + repeat(character, missing - left);
  },
];

const divider = (name: string, last: boolean): [string, StrMethod] => [
  name,
  (text, given) => {
    const [mark] = positional(`str.${name}`, given, 1, 1);
    const separator = textArgument(mark, "separator");
    if (separator === "") throw valueError("empty separator");
    const at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (at < 0) return new Tuple(last ? ["", "", text] : [text, "", ""]);
    return new Tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
  },
];

function join(text: string, given: Given, self: string | Markup): Value {
  const [items] = positional("str.join", given, 1, 1);
  const isSafe = typeof self === "object";
  const parts = Array.from(iterate(items), (item, i) => {
    spend(1);
    if (isSafe) return escapeMarkup(item).text;
    if (isText(item)) return textOf(item);
    throw typeError(`sequence item ${i}: expected str instance, ${typeName(item)} found`);
  });
  const length = parts.reduce((sum, part) => sum + part.length, text.length * Math.max(0, parts.length - 1));
  spendText(length);
  return parts.join(text);
}

function count(text: string, given: Given): Value {
  const [part, start, end] = positional("count", given, 3, 1);
  const within = window(text, start, end);
  const where = textArgument(part, "count() argument 1");
  if (!within) return 0n;
  return BigInt(where === "" ? pointCount(within.part) + 1 : within.part.split(where).length - 1);
}

function replace(text: string, given: Given): Value {
  const [from, to, limit] = bind("replace", ["old", "new", ["count", -1n]], given);
  const [old, fresh] = [textArgument(from, "replace() argument 1"), textArgument(to, "replace() argument 2")];
  return replaceText(text, old, fresh, indexNumber(limit));
}

function zfill(text: string, given: Given): Value {
  const [width] = positional("str.zfill", given, 1, 1);
  const missing = indexNumber(width) - pointCount(text);
  if (missing <= 0) return text;
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + repeat("0", missing) + text.slice(sign.length);
}

function expandTabs(text: string, given: Given): Value {
  const [size] = bind("expandtabs", [["tabsize", 8n]], given);
  const width = indexNumber(size);
  let column = 0;
  return Array.from(text, (point) => {
    if (point === "\n" || point === "\r") column = 0;
    if (point !== "\t") {
      column += point === "\n" || point === "\r" ? 0 : 1;
      return point;
    }
    const spaces = width > 0 ? width - (column % width) : 0;
    column += spaces;
    return repeat(" ", spaces);
  }).join("");
}

function translate(text: string, given: Given): Value {
  const [table] = positional("str.translate", given, 1, 1);
  const entryAt = tableLookup(table);
  return Array.from(text, (point) => {
    const to = entryAt(point.codePointAt(0) ?? 0);
    if (to === undefined) return point;
    if (to === null) return "";
    if (isText(to)) return textOf(to);
    if (typeof to !== "bigint" && typeof to !== "boolean") {
      throw typeError("character mapping must return integer, None or str");
    }
    const code = Number(to);
    if (code >= 0 && code <= LAST_POINT) return String.fromCodePoint(code);
    throw valueError("character mapping must be in range(0x110000)");
  }).join("");
}

const LAST_POINT = 0x10ffff;

/** The entry of a code point, as `table[code]` gives it: of a dict by key, of a text or list by place. */
function tableLookup(table: Value = null): (code: number) => Value | undefined {
  if (table instanceof PyDict) return (code) => table.get(BigInt(code));
  const items = isText(table) ? points(textOf(table)) : table instanceof Tuple ? table.items : table;
  if (Array.isArray(items)) return (code) => items[code];
  return () => {
    if (isUndefined(table)) throw table.fault();
    if (typeof table === "object" && table !== null) throw unsupported("str.translate with a table of this type");
    throw typeError(`'${typeName(table)}' object is not subscriptable`);
  };
}

function makeTrans(_text: string, given: Given): Value {
  const [from, to, none] = positional("maketrans", given, 3, 1);
  const code = (value: Value) => (isText(value) ? BigInt(textOf(value).codePointAt(0) ?? 0) : value);
  if (to === undefined) {
    if (!(from instanceof PyDict)) {
      throw typeError("if you give only one argument to maketrans it must be a dict");
    }
    return new PyDict(from.entries().map(([key, value]) => [code(key), value]));
  }
  const [left, right] = [
    points(textArgument(from, "maketrans() argument 1")),
    points(textArgument(to, "maketrans() argument 2")),
  ];
  if (left.length !== right.length) {
    throw valueError("the first two maketrans arguments must have equal length");
  }
  const table = new PyDict(left.map((point, i) => [code(point), code(right[i])]));
  for (const point of none === undefined ? [] : points(textArgument(none, "maketrans() argument 3")))
    table.set(code(point), null);
  return table;
}

const withoutPrefix: StrMethod = (text, given) => {
  const prefix = textArgument(positional("str.removeprefix", given, 1, 1)[0], "removeprefix() argument");
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
};
const withoutSuffix: StrMethod = (text, given) => {
  const suffix = textArgument(positional("str.removesuffix", given, 1, 1)[0], "removesuffix() argument");
  return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
};
const formatMap: StrMethod = (text, given, self, access) => {
  if (given.kwargs.size > 0) throw typeError("format_map() takes no keyword arguments");
  const [mapping] = positional("format_map", given, 1, 1);
  return formatBraces(text, { args: [], kwargs: new Map() }, { self, access, mapping });
};

/** By Python's name. */
export const STR_METHODS: Readonly<Record<string, StrMethod>> = Object.fromEntries<StrMethod>([
  noArguments("capitalize", cases.capitalize),
  noArguments("casefold", cases.casefold),
  justifier("center", (missing, width) => (missing >> 1) + (missing & width & 1)),
  ["count", count],
  affix("endswith"),
  ["expandtabs", expandTabs],
  finder("find", false, false),
  ["format", (text, given, self, access) => formatBraces(text, given, { self, access })],
  ["format_map", formatMap],
  finder("index", false, true),
  noArguments("isalnum", cases.isAlnum),
  noArguments("isalpha", cases.isAlpha),
  noArguments("isascii", (text) => !/[^\0-\x7f]/.test(text)),
  noArguments("isdecimal", cases.isDecimal),
  noArguments("isdigit", cases.isDigit),
  noArguments("isidentifier", cases.isIdentifier),
  noArguments("islower", cases.isLower),
  noArguments("isnumeric", cases.isNumericText),
  noArguments("isprintable", (text) => Array.from(text).every(isPrintable)),
  noArguments("isspace", (text) => text !== "" && strip(text, undefined, "left") === ""),
  noArguments("istitle", cases.isTitle),
  noArguments("isupper", cases.isUpper),
  ["join", join],
  justifier("ljust", () => 0),
  noArguments("lower", (text) => text.toLowerCase()),
  stripper("lstrip", "left"),
  ["maketrans", makeTrans],
  divider("partition", false),
  ["removeprefix", withoutPrefix],
  ["removesuffix", withoutSuffix],
  ["replace", replace],
  finder("rfind", true, false),
  finder("rindex", true, true),
  justifier("rjust", (missing) => missing),
  divider("rpartition", true),
  splitter("rsplit", true),
  stripper("rstrip", "right"),
  splitter("split", false),
  ["splitlines", (text, given) => splitLines(text, flag(bind("splitlines", [["keepends", false]], given)[0]))],
  affix("startswith"),
  stripper("strip", "both"),
  noArguments("swapcase", cases.swapCase),
  noArguments("title", cases.title),
  ["translate", translate],
  noArguments("upper", (text) => text.toUpperCase()),
  ["zfill", zfill],
]);

/** What prefine refuses: bytes have no place in a template. */
export const REFUSED_STR_METHODS: readonly string[] = ["encode"];
