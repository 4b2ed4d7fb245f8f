/** @file Stop strings inside one token, across tokens, at split characters, or present earlier. */
import { describe, expect, it } from "vitest";
import { endsWithStopString } from "./stopStrings.ts";

/** Byte-level: ids 0-255 are bytes, the others are longer tokens. */
const LONGER: Record<number, string> = { 300: "stop", 301: "topper", 302: "las", 303: "opera", 304: " the end" };
const tokenizer = {
  decode: (ids: number[]) =>
    Buffer.concat(ids.map((id) => (id < 256 ? Buffer.of(id) : Buffer.from(LONGER[id])))).toString(),
};
const bytes = (text: string) => [...Buffer.from(text)];
const ends = (ids: number[], ...stops: string[]) => endsWithStopString(ids, stops, tokenizer);

describe("stop strings", () => {
  it("are found in one token, across several, and with extra text at both ends", () => {
    expect(ends([300], "stop")).toBe(true);
    expect(ends(bytes("please stop"), "stop")).toBe(true);
    expect(ends([302, 301], "stop")).toBe(true); // la[s|top]per
    expect(ends([...bytes("st"), 303], "stop")).toBe(true); // [st|op]era
    expect(ends([304], "end", "never")).toBe(true);
  });

  it("are not found before they are complete, nor again after", () => {
    expect(ends(bytes("please sto"), "stop")).toBe(false);
    expect(ends(bytes("stop!"), "stop")).toBe(false);
    expect(ends([300, 302], "stop")).toBe(false);
    expect(ends([], "stop")).toBe(false);
    expect(ends(bytes("stop"))).toBe(false);
    expect(ends(bytes("stop"), "")).toBe(false);
  });

  it("may begin in the prompt and end in a character of several bytes", () => {
    const euro = bytes("10 €");
    expect(ends(euro.slice(0, -1), "0 €")).toBe(false);
    expect(ends(euro, "0 €")).toBe(true);
    expect(ends(bytes("€€"), "€€")).toBe(true);
    expect(ends([...bytes("\u{1f600}").slice(0, 3)], "\u{1f600}")).toBe(false);
    expect(ends(bytes("\u{1f601}\u{1f600}"), "\u{1f601}\u{1f600}")).toBe(true);
  });
});
