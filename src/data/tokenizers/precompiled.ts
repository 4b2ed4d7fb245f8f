/** @file SentencePiece's compiled table of replacements: the normalizer Precompiled (T5, XLM-R, ALBERT). */
import { graphemes } from "../../phrases.ts";
import { checkGrowth } from "./growth.ts";
import { damaged } from "./kinds.ts";

/** The table: a double-array trie over UTF-8 bytes, whose values are places in a list of texts. */
interface CharactersMap {
  units: Uint32Array;
  texts: Uint8Array;
}

/** Graphemes of up to 5 bytes are looked up whole, then character by character. */
const LONGEST_GRAPHEME = 5;

/** @param base64 uint32 size of the trie, the trie's units (little-endian uint32), and texts that end in a zero. */
export function precompiledNormalizer(base64: string, where: string): (text: string) => string {
  const map = readMap(base64, where);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const lookUp = (part: string): string | undefined => {
    const start = firstValue(map.units, encoder.encode(part));
    if (start === undefined) return undefined;
    const end = map.texts.indexOf(0, start);
    return decoder.decode(map.texts.subarray(start, end < 0 ? undefined : end));
  };
  const known = new Map<string, string>(); // graphemes, few of which differ
  const normalizeGrapheme = (grapheme: string): string => {
    const whole = encoder.encode(grapheme).length <= LONGEST_GRAPHEME ? lookUp(grapheme) : undefined;
    return whole ?? Array.from(grapheme, (character) => lookUp(character) ?? character).join("");
  };
  return (text) => {
    const parts: string[] = [];
    let length = 0;
    for (const grapheme of graphemes(text)) {
      let normalized = known.get(grapheme);
      if (normalized === undefined) {
        normalized = normalizeGrapheme(grapheme);
        if (known.size > 100_000) known.clear();
        if (grapheme.length <= 16) known.set(grapheme, normalized);
      }
      length += normalized.length;
      checkGrowth(text.length, length, where);
      parts.push(normalized);
    }
    return parts.join("");
  };
}

function readMap(base64: string, where: string): CharactersMap {
  const bytes = decodeBase64(base64);
  const view = bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view && view.byteLength >= 4 ? view.getUint32(0, true) : 0;
  if (!bytes || !view || size === 0 || size % 4 !== 0 || size + 4 > bytes.length) {
    throw damaged(`${where}.precompiled_charsmap`, "a compiled table in base64", base64);
  }
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  return { units, texts: bytes.subarray(4 + size) };
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** How far a unit's children are from it. */
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 512) >>> 6);

/** The value of the shortest prefix of a key that the trie has. */
function firstValue(units: Uint32Array, key: Uint8Array): number | undefined {
  let place = offsetOf(units[0]);
  for (const byte of key) {
    if (byte === 0) return undefined;
    place ^= byte;
    const unit = units[place];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    place ^= offsetOf(unit);
    if ((unit & 256) !== 0) return units[place] === undefined ? undefined : units[place] & 0x7fffffff;
  }
  return undefined;
}
