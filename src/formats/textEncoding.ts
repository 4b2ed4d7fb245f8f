/** @file Recognizes UTF-16 and UTF-32, which some editors and PowerShell write, in a text that was read as UTF-8. */
import { PrefineError, type PrefineErrorCode } from "../errors.ts";
import { shellWord } from "../phrases.ts";

/** The encoding of a text that begins with an ASCII character, with a byte order mark or without; else undefined. */
function wideEncoding(text: string): string | undefined {
  const hasMark = text.startsWith("\ufffd\ufffd"); // what a decoder of UTF-8 makes of the mark's bytes
  const zeros = [...text.slice(hasMark ? 2 : 0, hasMark ? 6 : 4)].map((unit) => (unit === "\0" ? "0" : "x")).join("");
  if (zeros === "x000" || (hasMark && zeros === "00x0")) return "UTF-32LE";
  if (zeros.startsWith("000") || text.startsWith("\0\0\ufffd\ufffd")) return "UTF-32BE";
  if (zeros.startsWith("x0")) return "UTF-16LE";
  return zeros.startsWith("0x") ? "UTF-16BE" : undefined;
}

/**
 * @param text the beginning of a file, decoded as UTF-8.
 * @param where the file's path, for messages.
 * @throws PrefineError for a file in UTF-16 or UTF-32, with the command that converts it.
 */
export function refuseWideText(text: string, where: string, code: PrefineErrorCode = "data"): void {
  const encoding = wideEncoding(text);
  if (encoding === undefined) return;
  const hint = `Save it as UTF-8, or convert it: ${iconv(encoding, where)}`;
  throw new PrefineError(code, `${where}: expected a text in UTF-8, found ${encoding}`, hint);
}

/** The command that writes a copy beside the file. */
const iconv = (encoding: string, file: string) =>
  `iconv -f ${encoding} -t UTF-8 ${shellWord(file)} > ${shellWord(`${file}.utf8`)}`;

/** The text without UTF-8's byte order mark, which Windows' editors write. */
export const withoutMark = (text: string): string => text.replace(/^\ufeff/, "");

/** What to do about a file of bytes that are no UTF-8, most often written on Windows. */
export const toUtf8 = (where: string) => `Save it as UTF-8, or convert it: ${iconv("WINDOWS-1252", where)}`;
export const NO_UTF8 = "bytes that are no UTF-8";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }); // Python keeps U+FEFF, too

/** Undefined for bytes that are no UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes of the longest text: JavaScript's strings have no more characters. */
const LONGEST_TEXT = 2 ** 29 - 25;

/** @throws PrefineError("data") for a file that is longer than a text can be. */
export function refuseLongText(bytes: number, where: string): void {
  if (bytes <= LONGEST_TEXT) return;
  const message = `${where}: expected a text of less than 512 MiB, found ${(bytes / 2 ** 20).toFixed(0)} MiB`;
  throw new PrefineError("data", message, "Is it another file under this name? Download or write it again.");
}

/** Bytes as text; damaged characters become U+FFFD. @throws PrefineError("data") for a text that is too long. */
export function textOf(bytes: Uint8Array, where: string, options?: { ignoreBOM: boolean }): string {
  refuseLongText(bytes.length, where);
  return new TextDecoder("utf-8", options).decode(bytes);
}

/** @throws PrefineError("data") for bytes that are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array, where: string): string {
  const text = utf8Text(bytes);
  if (text !== undefined) return text;
  throw new PrefineError("data", `${where}: expected a text in UTF-8, found ${NO_UTF8}`, toUtf8(where));
}
