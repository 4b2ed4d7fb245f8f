/** @file Escapes in a string literal of a template: Python's unicode-escape. */
import { TemplateFault } from "../python/fault.ts";

const SIMPLE: Record<string, string> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g;
const HEX_DIGITS: Record<string, string> = { x: "\\xXX", u: "\\uXXXX", U: "\\UXXXXXXXX" };

/** @throws TemplateFault("TemplateSyntaxError") for a broken escape */
export function unescapeString(text: string, line: number): string {
  if (!text.includes("\\")) return text;
  const fault = (message: string) => new TemplateFault("TemplateSyntaxError", message, line);
  const replaced = text.replace(ESCAPE, (whole, octal, x, u, long, other) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    const hex = x ?? u ?? long;
    if (hex !== undefined) {
      const code = Number.parseInt(hex, 16);
      if (code > 0x10ffff) throw fault("illegal Unicode character");
      return String.fromCodePoint(code);
    }
    if (Object.hasOwn(SIMPLE, other)) return SIMPLE[other];
    if (Object.hasOwn(HEX_DIGITS, other)) throw fault(`truncated ${HEX_DIGITS[other]} escape`);
    if (other === "N") throw fault("the escape \\N{...} is not supported: write the character itself");
    return whole;
  });
  return replaced;
}
