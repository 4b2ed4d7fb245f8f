/**
 * @file GPT-2's words, found character by character, which with wordTable.ts is quicker than its regular expression:
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` with Unicode's white space as `\s`.
 */

/** Kinds of characters. */
const LETTER = 1;
const NUMBER = 2;
const OTHER = 3;
const SPACE = 4;
/** The first half of a pair: both halves decide. */
const HIGH_HALF = 5;

/** Kind by UTF-16 unit; 0: not looked up yet. */
const kinds = new Uint8Array(65_536);
const pairs = new Map<number, number>();

const BLANK = 0x20;
const APOSTROPHE = 0x27;
/** The second and third letters of 's, 't, 'm, 'd, 're, 've and 'll. */
const SHORT_ENDS = new Set(Array.from("stmd", (letter) => letter.charCodeAt(0)));
const LONG_ENDS = new Map(["re", "ve", "ll"].map(([first, second]) => [first.charCodeAt(0), second.charCodeAt(0)]));

function kindOf(character: string): number {
  if (/\p{L}/u.test(character)) return LETTER;
  if (/\p{N}/u.test(character)) return NUMBER;
  return /\p{White_Space}/u.test(character) ? SPACE : OTHER;
}

function learn(unit: number): number {
  const kind = unit >= 0xd800 && unit < 0xdc00 ? HIGH_HALF : kindOf(String.fromCharCode(unit));
  kinds[unit] = kind;
  return kind;
}

/** Kind of the character at a first half; a half without its second is one of the others. */
function kindOfPair(text: string, at: number): number {
  const codePoint = text.codePointAt(at) as number;
  if (codePoint <= 0xffff) return OTHER;
  const known = pairs.get(codePoint);
  if (known !== undefined) return known;
  const kind = kindOf(String.fromCodePoint(codePoint));
  pairs.set(codePoint, kind);
  return kind;
}

function kindAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  const kind = kinds[unit] || learn(unit);
  return kind === HIGH_HALF ? kindOfPair(text, at) : kind;
}

/** Where the characters of this kind end that begin at `at`. */
function runEnd(text: string, at: number, kind: number): number {
  let end = at;
  while (end < text.length) {
    const unit = text.charCodeAt(end);
    const own = kinds[unit] || learn(unit);
    if (own === kind) end++;
    else if (own === HIGH_HALF && kindOfPair(text, end) === kind)
      end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1;
    else break;
  }
  return end;
}

/** The end of the word that begins at `at`, which is within the text. */
export function wordEnd(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit === APOSTROPHE) {
    const next = text.charCodeAt(at + 1); // NaN at the end of the text
    if (SHORT_ENDS.has(next)) return at + 2;
    const last = LONG_ENDS.get(next);
    if (last !== undefined && text.charCodeAt(at + 2) === last) return at + 3;
  }
  const start = unit === BLANK && at + 1 < text.length ? at + 1 : at;
  const kind = kindAt(text, start);
  if (kind !== SPACE) return runEnd(text, start, kind);
  const end = runEnd(text, at, SPACE);
  return end < text.length && end - at > 1 ? end - 1 : end; // the last space belongs to the word behind it
}
