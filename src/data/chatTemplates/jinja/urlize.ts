/** @file Links of a text: jinja2.utils.urlize. */
import { spendText } from "../python/limits.ts";
import { escapeText } from "../python/markup.ts";
import { SPACE, unitOffset } from "../python/strings.ts";
import { pointCount } from "../python/values.ts";

interface Options {
  /** Characters of a shown address; undefined: all. Asked, and found to be no number, where there is an address. */
  limitOf: () => number | undefined;
  rel: string;
  target: string;
  schemes: readonly string[];
}

const W = "\\p{L}\\p{N}_";
const DIGIT = "[\\p{Nd}]";
const HEX = "[\\p{Nd}a-f]";
const DOMAINS = [
  `(https?://|www\\.)(([${W}%-]+\\.)+)?([a-z]{2,63}|xn--[${W}%]{2,59})`,
  `([${W}%-]{2,63}\\.)+(com|net|int|edu|gov|org|info|mil)`,
  `(https?://)((${DIGIT}{1,3}(\\.${DIGIT}{1,3}){3})|(\\[(${HEX}{0,4}:){2}(${HEX}{0,4}:?){1,6}\\]))`,
];
const HTTP = new RegExp(`^(${DOMAINS.join("|")})(?::${DIGIT}{1,5})?(?:[/?#][^${SPACE}]*)?$`, "iu");
const EMAIL = new RegExp(`^[^${SPACE}]+@[${W}][${W}.-]*\\.[${W}]+$`, "u");
const BRACKETS = [
  ["(", ")"],
  ["<", ">"],
  ["&lt;", "&gt;"],
] as const;
/** An address is shorter; a pattern that goes back and forth over a longer word would take seconds. */
const LONGEST_WORD = 4096;

/** @param text escaped already */
export function urlize(text: string, options: Options): string {
  const words = text.split(new RegExp(`([${SPACE}]+)`, "u")).map((word) => link(word, options));
  const linked = words.join("");
  spendText(linked.length);
  return linked;
}

const count = (text: string, part: string) => text.split(part).length - 1;

function link(word: string, options: Options): string {
  if (word.length > LONGEST_WORD) return word;
  const head = /^([(<]|&lt;)+/.exec(word)?.[0] ?? "";
  let middle = word.slice(head.length);
  let tail = /([)>.,\n]|&gt;)+$/.exec(middle)?.[0] ?? "";
  middle = middle.slice(0, middle.length - tail.length);
  for (const [open, close] of BRACKETS) {
    const opened = count(middle, open);
    if (opened <= count(middle, close)) continue;
    for (let i = Math.min(opened, count(tail, close)); i > 0; i--) {
      const end = tail.indexOf(close) + close.length;
      middle += tail.slice(0, end);
      tail = tail.slice(end);
    }
  }
  return head + anchor(middle, options) + tail;
}

function anchor(address: string, { limitOf, rel, target, schemes }: Options): string {
  const attributes = (rel && ` rel="${escapeText(rel)}"`) + (target && ` target="${escapeText(target)}"`);
  if (HTTP.test(address)) {
    const href = /^https?:\/\//.test(address) ? address : `https://${address}`;
    const limit = limitOf();
    const isLong = limit !== undefined && pointCount(address) > limit;
    const shown = isLong ? `${address.slice(0, unitOffset(address, limit))}...` : address;
    return `<a href="${href}"${attributes}>${shown}</a>`;
  }
  if (address.startsWith("mailto:") && EMAIL.test(address.slice(7))) {
    return `<a href="${address}">${address.slice(7)}</a>`;
  }
  const mayBeMail = address.includes("@") && !/^(www\.|@)/.test(address) && !address.includes(":");
  if (mayBeMail && EMAIL.test(address)) return `<a href="mailto:${address}">${address}</a>`;
  let linked = address;
  for (const scheme of schemes) {
    if (linked !== scheme && linked.startsWith(scheme)) linked = `<a href="${linked}"${attributes}>${linked}</a>`;
  }
  return linked;
}
