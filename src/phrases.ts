/** @file Words of messages: counts with their plural, words of commands, characters as they are shown. */

/** `step` for 1, `steps` for other numbers. @param more the plural, if it is not `one` with an s. */
export function plural(value: number, one: string, more = `${one}s`): string {
  return value === 1 ? one : more;
}

/** `1 step`, `2 steps`. */
export function counted(value: number, one: string, more?: string): string {
  return `${value} ${plural(value, one, more)}`;
}

/** `1,234`: for counts that users compare. */
export const grouped = (value: number): string => value.toLocaleString("en-US");

/** Problems of one place: one on its line, several below it. */
export function problemsOf(where: string, problems: readonly string[]): string {
  return problems.length === 1 ? `${where}: ${problems[0]}` : [`${where}:`, ...problems].join("\n  ");
}

/**
 * A word of a command, as a POSIX shell reads it: quoted unless all its characters are plain. A path that begins with a
 * dash gets `./` in front, since commands read it as a flag.
 */
export function shellWord(text: string): string {
  const word = text.startsWith("-") ? `./${text}` : text;
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Characters that move a terminal's cursor, change its state, or reorder what a reader sees: controls except tab and
 * newline, Unicode's line and paragraph separators, and its marks and overrides of direction.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not reach a terminal
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escapeControl(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
}

/** Text from a model, a dataset or a file, safe to print: tabs and newlines stay, other controls are escaped. */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROLS, escapeControl);
}

/** `printable` on one line: newlines and tabs are escaped, too. */
export function onOneLine(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\t", "\\t").replace(CONTROLS, escapeControl);
}

/** JSON for a terminal: the same value, whose strings have their controls escaped as JSON does. */
export function printableJson(json: string): string {
  return json.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Made when first needed: it loads tables. */
let segmenter: Intl.Segmenter | undefined;
/** Characters that are segmented together: a segmenter's time grows with the square of their number. */
const BLOCK = 256;

/** The graphemes of a text, in a time proportional to it. */
export function* graphemes(text: string): Generator<string> {
  let size = BLOCK;
  for (let start = 0; start < text.length; ) {
    const isSplit = isHighSurrogate(text.charCodeAt(start + size - 1)); // a character of two units
    const block = text.slice(start, start + size + (isSplit ? 1 : 0));
    const isEnd = start + block.length === text.length;
    let used = 0;
    for (const segment of PLAIN.test(block) ? block : segmentsOf(block)) {
      if (!isEnd && used + segment.length === block.length) break; // what follows may belong to it
      used += segment.length;
      yield segment;
    }
    size = used > 0 ? BLOCK : 2 * size;
    start += used;
  }
}

/** ASCII without controls: each character is a grapheme. */
const PLAIN = /^[ -~]*$/;

function* segmentsOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xdc00;

/** A row of a file, from 0. */
export interface Place {
  /** The file's name in messages. */
  path: string;
  row: number;
}

/** The place of a row by its number; undefined: it is in no file. Holds no rows. */
export type PlaceOf = (row: number) => Place | undefined;

/** A row's name in messages, by its number in the split. */
export type RowName = (row: number) => string;

/**
 * `train row 40 (part-2.jsonl row 5)`; `train row 40 (pairs.jsonl)` where the row has the same number in its file;
 * `train row 40` where it is in no file.
 * @param rows a Dataset, or other rows, which have no files.
 */
export function rowNames(split: string, rows?: unknown): RowName {
  const hasPlaces =
    typeof rows === "object" && rows !== null && "placeOf" in rows && typeof rows.placeOf === "function";
  return (row) => {
    const name = `${split} row ${row}`;
    const place = hasPlaces ? (rows.placeOf as PlaceOf)(row) : undefined;
    if (place === undefined) return name;
    if (place.row === row && split.startsWith(place.path)) return name;
    return place.row === row ? `${name} (${place.path})` : `${name} (${place.path} row ${place.row})`;
  };
}
