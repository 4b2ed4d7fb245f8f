/** @file Python's str.format, as Jinja's sandbox runs it: attributes of arguments go through the sandbox. */
import { TemplateFault, typeError, valueError } from "./fault.ts";
import { format } from "./formatSpec.ts";
import { spendText } from "./limits.ts";
import { escapeText } from "./markup.ts";
import { ascii } from "./percent.ts";
import { PyDict } from "./pyDict.ts";
import { repr, str } from "./text.ts";
import { type Given, isUndefined, Markup, type Value } from "./values.ts";

/** How fields read attributes and items of their arguments: as the sandbox does. */
export interface Access {
  attributeOf(value: Value, name: string): Value;
  itemOf(value: Value, key: Value): Value;
}

interface Options {
  self: string | Markup;
  access: Access;
  /** format_map's. */
  mapping?: Value;
}

interface Source extends Given {
  mapping: Value | undefined;
  isSafe: boolean;
  access: Access;
  /** Numbers fields without a name; -1 after one that has a number. */
  next: number;
}

/** @throws ValueError, KeyError, IndexError as Python */
export function formatBraces(text: string, given: Given, { self, access, mapping }: Options): string {
  return fill(text, { ...given, access, mapping, isSafe: typeof self === "object", next: 0 }, 2);
}

/** @param depth fields of formats nest once: {:{width}} */
function fill(text: string, source: Source, depth: number): string {
  if (depth < 0) throw valueError("Max string recursion exceeded");
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "}") {
      if (text[++i] !== "}") throw valueError("Single '}' encountered in format string");
    } else if (character === "{") {
      if (text[i + 1] !== "{") {
        const end = fieldEnd(text, i + 1);
        out += field(text.slice(i + 1, end), source, depth);
        i = end;
        continue;
      }
      i++;
    }
    out += text[i];
  }
  spendText(out.length);
  return out;
}

function fieldEnd(text: string, start: number): number {
  let depth = 1;
  let inBrackets = false;
  for (let i = start; i < text.length; i++) {
    if (text[i] === "[" && depth === 1) inBrackets = true;
    else if (text[i] === "]") inBrackets = false;
    else if (text[i] === "{" && !inBrackets) depth++;
    else if (text[i] === "}" && !inBrackets && --depth === 0) return i;
  }
  throw valueError(
    start >= text.length ? "Single '{' encountered in format string" : "expected '}' before end of string",
  );
}

const FIELD = /^((?:[^!:[\]]|\[[^\]]*\])*)(?:!(.[^:]*)?)?(?::(.*))?$/s;

function field(text: string, source: Source, depth: number): string {
  const match = FIELD.exec(text);
  if (!match) throw valueError("expected '}' before end of string");
  const [, name, conversion, spec = ""] = match;
  if (text.includes("!") && conversion === undefined && name.length < text.length && text[name.length] === "!") {
    throw valueError("end of string while looking for conversion specifier");
  }
  const value = converted(lookUp(name, source), conversion);
  const filled = fill(spec, source, depth - 1);
  if (!source.isSafe) return isUndefined(value) && filled !== "" ? unsupportedFormat() : format(value, filled);
  if (!(value instanceof Markup)) return escapeText(format(value, filled));
  if (filled !== "") throw valueError("Unsupported format specification for Markup.");
  return value.text;
}

const unsupportedFormat = (): never => {
  throw typeError("unsupported format string passed to Undefined.__format__");
};

function converted(value: Value, conversion: string | undefined): Value {
  switch (conversion) {
    case undefined:
      return value;
    case "s":
      return str(value);
    case "r":
      return repr(value);
    case "a":
      return ascii(repr(value));
    default:
      throw valueError(`Unknown conversion specifier ${conversion}`);
  }
}

function lookUp(name: string, source: Source): Value {
  const [, first, rest] = /^([^.[]*)(.*)$/s.exec(name) as RegExpExecArray;
  let value = argument(first, source);
  for (const [, attribute, item] of rest.matchAll(/\.([^.[]*)|\[([^\]]*)\]/gs)) {
    const part = attribute ?? item;
    if (part === "") throw valueError("Empty attribute in format string");
    value =
      attribute === undefined
        ? source.access.itemOf(value, /^\d+$/.test(item) ? BigInt(item) : item)
        : source.access.attributeOf(value, attribute);
  }
  return value;
}

function argument(name: string, source: Source): Value {
  if (name === "" || /^\d+$/.test(name)) {
    if (source.mapping !== undefined) throw valueError("Format string contains positional fields");
    if ((name === "") !== source.next >= 0 && source.next !== 0) {
      const [from, to] =
        name === ""
          ? ["manual field specification", "automatic field numbering"]
          : ["automatic field numbering", "manual field specification"];
      throw valueError(`cannot switch from ${from} to ${to}`);
    }
    const index = name === "" ? source.next++ : Number(name);
    if (name !== "") source.next = -1;
    if (index < source.args.length) return source.args[index];
    throw new TemplateFault("IndexError", `Replacement index ${index} out of range for positional args tuple`);
  }
  const value = source.mapping instanceof PyDict ? source.mapping.get(name) : source.kwargs.get(name);
  if (value === undefined) throw new TemplateFault("KeyError", `'${name}'`);
  return value;
}
