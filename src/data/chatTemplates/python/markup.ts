/** @file markupsafe: escaping for HTML, and the reverse. */
import { unsupported } from "./fault.ts";
import { spendText } from "./limits.ts";
import { SPACE } from "./strings.ts";
import { str } from "./text.ts";
import { Markup, type Value } from "./values.ts";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;" };

/** JavaScript ends the process where one search has too many matches. */
const PIECE = 1_000_000;

export function escapeText(text: string): string {
  let escaped = "";
  for (let start = 0; start < text.length; start += PIECE) {
    escaped += text.slice(start, start + PIECE).replace(/[&<>'"]/g, (character) => ENTITIES[character]);
  }
  if (escaped.length > text.length) spendText(escaped.length);
  return escaped;
}

/** markupsafe.escape: what is safe already stays as it is. */
export function escapeMarkup(value: Value): Markup {
  return value instanceof Markup ? value : new Markup(escapeText(str(value)));
}

/** Markup.striptags: the text without tags and comments, its white space as single spaces. */
export function stripTags(text: string): string {
  const parts: string[] = [];
  let [at, start] = [0, text.indexOf("<")];
  while (start >= 0) {
    const isComment = text.startsWith("<!--", start);
    const end = text.indexOf(isComment ? "-->" : ">", isComment ? start + 4 : start);
    if (end < 0) break;
    parts.push(text.slice(at, start));
    at = end + (isComment ? 3 : 1);
    start = text.indexOf("<", at);
  }
  parts.push(text.slice(at));
  return unescapeEntities(
    parts
      .join("")
      .split(WHITE_SPACE)
      .filter((part) => part !== "")
      .join(" "),
  );
}
const WHITE_SPACE = new RegExp(`[${SPACE}]+`, "u");

/** The entities that texts contain; HTML has 2,231 with names. */
const NAMED: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\xa0",
  copy: "\xa9",
  reg: "\xae",
  laquo: "\xab",
  raquo: "\xbb",
  hellip: "\u2026",
  ndash: "\u2013",
  mdash: "\u2014",
  lsquo: "\u2018",
  rsquo: "\u2019",
  ldquo: "\u201c",
  rdquo: "\u201d",
  bull: "\u2022",
  middot: "\xb7",
  times: "\xd7",
  deg: "\xb0",
  euro: "\u20ac",
  trade: "\u2122",
};

/** html.unescape. @throws NotImplementedError for named entities besides the frequent ones */
export function unescapeEntities(text: string): string {
  return text.replace(/&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]{0,31};)/g, (whole, name: string) => {
    if (name[0] === "#") return numbered(name.slice(1));
    const entity = name.slice(0, -1);
    if (Object.hasOwn(NAMED, entity)) return NAMED[entity];
    throw unsupported(`the entity ${whole}`);
  });
}

/** Windows-1252 for 0x80 to 0x9f, as browsers read them. */
const WINDOWS = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function numbered(digits: string): string {
  const isHex = /^[xX]/.test(digits);
  const code = Number.parseInt(digits.slice(isHex ? 1 : 0), isHex ? 16 : 10);
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  if (code >= 0x80 && code <= 0x9f) return WINDOWS[code - 0x80];
  const isInvalid = code < 9 || (code > 13 && code < 32) || code === 11 || code === 127 || (code & 0xfffe) === 0xfffe;
  return isInvalid || (code >= 0xfdd0 && code <= 0xfdef) ? "" : code === 13 ? "\r" : String.fromCodePoint(code);
}
