/** @file Normalizers of tokenizer.json, applied to a text before it is split. */
import { spellText } from "./byteAlphabet.ts";
import { isSpace } from "./characters.ts";
import { checkGrowth } from "./growth.ts";
import { type Kinds, readKind, readSequence, textSetting } from "./kinds.ts";
import { readPattern } from "./pattern.ts";
import { precompiledNormalizer } from "./precompiled.ts";
import { replaceMatches } from "./replaceMatches.ts";
import type { Component } from "./tokenizerJson.ts";

export type Normalizer = (text: string) => string;

const form = (name: "NFC" | "NFD" | "NFKC" | "NFKD") => () => (text: string) => text.normalize(name);

export const NORMALIZERS: Kinds<Normalizer> = {
  readers: {
    NFC: form("NFC"),
    NFD: form("NFD"),
    NFKC: form("NFKC"),
    NFKD: form("NFKD"),
    StripAccents: () => (text) => text.replace(/\p{M}/gu, ""),
    Lowercase: () => lowercase,
    Nmt: () => nmt,
    Strip: (component) => strip(component),
    Replace: (component, where) => {
      const finder = readPattern(component.pattern, where);
      const content = textSetting(component, "content", where);
      return (text) => replaceMatches(text, finder, content, where);
    },
    Prepend: (component, where) => {
      const prefix = textSetting(component, "prepend", where);
      return (text) => (text === "" ? text : prefix + text);
    },
    ByteLevel: () => spellText,
    BertNormalizer: (component) => bert(component),
    Precompiled: (component, where) =>
      precompiledNormalizer(textSetting(component, "precompiled_charsmap", where), where),
    Sequence: (component, where) => {
      const parts = readSequence(NORMALIZERS, component.normalizers, where);
      return (text) =>
        parts.reduce((value, part) => {
          const next = part(value);
          checkGrowth(text.length, next.length, where);
          return next;
        }, text);
    },
  },
  refused: {},
};

/** @param where names the file in messages. */
export function readNormalizer(component: Component | null, where: string): Normalizer {
  if (component === null) return (text) => text;
  const normalize = readKind(NORMALIZERS, component, `${where}: normalizer`);
  return (text) => {
    const normalized = normalize(text);
    checkGrowth(text.length, normalized.length, `${where}: normalizer`);
    return normalized;
  };
}

/** Character by character: a sigma at the end of a word becomes σ, too. */
function lowercase(text: string): string {
  return text.replaceAll("Σ", "σ").toLowerCase();
}

/** Walks from both ends: a pattern would try each run of white space at each of its characters. */
function strip({ strip_left, strip_right }: Component): Normalizer {
  return (text) => {
    let start = 0;
    let end = text.length;
    if (strip_left !== false) while (start < end && isSpace(text.charCodeAt(start))) start++;
    if (strip_right !== false) while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
    return text.slice(start, end);
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it removes them
const NMT_CONTROLS = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/g;
const NMT_SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/** Neural machine translation's: control characters go, odd spaces become spaces. */
function nmt(text: string): string {
  return text.replace(NMT_CONTROLS, "").replace(NMT_SPACES, " ");
}

const CHINESE = new RegExp(
  "[\\u4e00-\\u9fff\\u3400-\\u4dbf\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}\\u{2b740}-\\u{2b81f}" +
    "\\u{2b920}-\\u{2ceaf}\\uf900-\\ufaff\\u{2f800}-\\u{2fa1f}]",
  "gu",
);

const BERT_CONTROLS = /[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cn}\p{Co}]/gu;

function bert({ clean_text, handle_chinese_chars, strip_accents, lowercase: lowers }: Component): Normalizer {
  const isLower = lowers !== false;
  const stripsAccents = typeof strip_accents === "boolean" ? strip_accents : isLower;
  return (text) => {
    let out = text;
    if (clean_text !== false) {
      out = out.replace(BERT_CONTROLS, "").replace(/\p{White_Space}/gu, " ");
    }
    if (handle_chinese_chars !== false) out = out.replace(CHINESE, " $& ");
    if (stripsAccents) out = out.normalize("NFD").replace(/\p{Mn}/gu, "");
    return isLower ? lowercase(out) : out;
  };
}
