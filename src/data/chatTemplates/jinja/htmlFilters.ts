/** @file Filters for HTML and URLs: escape, safe, striptags, urlencode, urlize, xmlattr. */
import { TemplateFault, typeError, valueError } from "../python/fault.ts";
import { escapeMarkup, escapeText, stripTags } from "../python/markup.ts";
import { indexNumber } from "../python/numbers.ts";
import { PyDict } from "../python/pyDict.ts";
import { repr, str } from "../python/text.ts";
import {
  isIterable,
  isText,
  isTrue,
  isUndefined,
  iterate,
  Markup,
  textOf,
  typeName,
  type Value,
} from "../python/values.ts";
import { argumentFault, type Environment } from "./environment.ts";
import { unpack } from "./objects.ts";
import { urlize } from "./urlize.ts";

export const escaped = (value: Value): Value => escapeMarkup(value);
export const forceEscape = (value: Value): Value => new Markup(escapeText(str(value)));
export const safe = (value: Value): Value => (value instanceof Markup ? value : new Markup(str(value)));
export const stripped = (value: Value): Value => stripTags(str(value));

/** urllib.parse.quote of UTF-8. @param isQuery "/" is quoted too, and a space is a "+" */
function quote(value: Value, isQuery: boolean): string {
  const bytes = new TextEncoder().encode(checkedText(str(value)));
  let out = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9_.~-]/.test(character) || (!isQuery && character === "/")) out += character;
    else out += isQuery && character === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function checkedText(text: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw valueError("'utf-8' codec can't encode a surrogate: surrogates not allowed");
}

export function urlEncode(value: Value): Value {
  if (isText(value) || !isIterable(value)) return quote(value, false);
  const pairs = value instanceof PyDict ? value.entries() : Array.from(iterate(value), (pair) => unpack(pair, 2));
  return pairs.map(([key, item]) => `${quote(key, true)}=${quote(item, true)}`).join("&");
}

export function xmlAttributes(value: Value, [autospace]: Value[], { autoescape }: Environment): Value {
  if (!(value instanceof PyDict)) {
    if (isUndefined(value)) throw value.fault();
    throw new TemplateFault("AttributeError", `'${typeName(value)}' object has no attribute 'items'`);
  }
  const attributes = value.entries().flatMap(([key, item]) => {
    if (item === null || isUndefined(item)) return [];
    if (!isText(key)) throw typeError(`expected string or bytes-like object, got '${typeName(key)}'`);
    if (/[ \t\n\r\f\v/>=]/.test(textOf(key))) {
      throw valueError(`Invalid character in attribute name: ${repr(key)}`);
    }
    return [`${escapeMarkup(key).text}="${escapeMarkup(item).text}"`];
  });
  const text = attributes.join(" ");
  const spaced = isTrue(autospace) && text !== "" ? ` ${text}` : text;
  return autoescape ? new Markup(spaced) : spaced;
}

const SCHEME = /^[\p{L}\p{N}_.+-]{2,}:\/{0,2}$/u;

export function urlizeFilter(value: Value, args: Value[], { autoescape }: Environment): Value {
  const [limit, nofollow, target, rel, schemes] = args;
  const rels = new Set([...str(rel ?? "").split(/\s+/), ...(isTrue(nofollow) ? ["nofollow"] : []), "noopener"]);
  rels.delete("");
  const extra = schemes === null ? [] : Array.from(iterate(schemes), str);
  for (const scheme of extra) {
    if (!SCHEME.test(scheme)) throw argumentFault(`'${scheme}' is not a valid URI scheme prefix.`);
  }
  const text = urlize(escapeMarkup(value).text, {
    limitOf: () => (limit === null ? undefined : indexNumber(limit)),
    rel: [...rels].sort().join(" "),
    target: target === null ? "" : str(target),
    schemes: extra,
  });
  return autoescape ? new Markup(text) : text;
}
