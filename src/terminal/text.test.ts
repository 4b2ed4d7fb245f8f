/** @file Cells of wide and combining characters, cutting, wrapping, columns. */

import { describe, expect, it } from "vitest";
import { printable } from "../phrases.ts";
import { sideBySide } from "./sideBySide.ts";
import { cutText, padText, tableLines, textWidth, wrapText } from "./text.ts";

describe("cells", () => {
  it("counts wide, combined and joined characters", () => {
    const widths = {
      abc: 3,
      日本語: 6,
      한국: 4,
      "e\u0301": 1,
      "👍": 2,
      "👩‍👩‍👧": 2,
      ｆ: 2,
      é: 1,
      "": 0,
      "—": 1,
      "❤️": 2,
    };
    for (const [text, width] of Object.entries(widths)) expect(textWidth(text), text).toBe(width);
  });

  it("cuts by cells, on one line", () => {
    expect(cutText("one two three", 8)).toBe("one t...");
    expect(cutText("日本語日本語", 8)).toBe("日本...");
    expect(cutText("a\nb\tc", 20)).toBe("a\\nb\\tc");
    expect(cutText("x".repeat(100_000), 10)).toBe("xxxxxxx...");
    expect(cutText("exactly 10", 10)).toBe("exactly 10");
  });

  it("lets no control character through", () => {
    expect(printable("\u001b[31mred\r\nnext\u0007\ttab")).toBe("\\x1b[31mred\nnext\\x07\ttab");
  });
});

describe("wrapping", () => {
  it("breaks at spaces, and inside words that are too long", () => {
    expect(wrapText("the quick brown fox", 10)).toEqual(["the quick", "brown fox"]);
    expect(wrapText("abcdefghijkl", 5)).toEqual(["abcde", "fghij", "kl"]);
    expect(wrapText("日本語日本語", 5)).toEqual(["日本", "語日", "本語"]);
    expect(wrapText("as row 1: 日本語日本語日本語", 14)).toEqual(["as row 1: 日本", "語日本語日本語"]);
    expect(wrapText("one\n\ntwo", 10)).toEqual(["one", "", "two"]);
    expect(wrapText("  indented code", 40)).toEqual(["  indented code"]);
  });

  it("never exceeds the width", () => {
    const text = "Ein Satz, 日本語 mixed with https://example.org/a/very/long/path?query=1 and 👍👍👍👍👍 emoji";
    for (const width of [4, 7, 10, 23, 80]) {
      for (const line of wrapText(text, width)) expect(textWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it("keeps words whole on request, longer ones on separate lines", () => {
    const lines = wrapText("A plot is in /a/very/long/path.png (and .svg).", 12, { breakWords: false });
    expect(lines).toEqual(["A plot is in", "/a/very/long/path.png", "(and .svg)."]);
  });

  it("pads and aligns", () => {
    expect(padText("日本", 6)).toBe("日本  ");
    expect(
      tableLines(
        [
          ["a", "1", "x"],
          ["bbb", "1,000", "y"],
        ],
        new Set([1]),
      ),
    ).toEqual(["a        1  x", "bbb  1,000  y"]);
  });
});

describe("side by side", () => {
  const left = {
    title: "base: gpt2",
    text: "I don't know.\nMaybe, 日本語の答え, it depends on the car and the weather.",
  };
  const right = { title: "trained: dpo", text: "No." };

  it.each([80, 120, 60])("fits %i columns, the bar always in the same cell", (columns) => {
    const lines = sideBySide(left, right, { columns });
    const bars = new Set(lines.map((line) => textWidth(line.slice(0, line.search(/[│┼]/)))));
    expect(bars.size).toBe(1);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    expect(lines[0]).toMatch(/^base: gpt2 +│ trained: dpo$/);
    expect(lines[2]).toMatch(/^I don't know\. +│ No\.$/);
  });

  it("puts one below the other if there is no room", () => {
    const lines = sideBySide(left, right, { columns: 30, ascii: true });
    expect(lines.slice(0, 2)).toEqual(["base: gpt2", "I don't know."]);
    expect(lines.slice(-3)).toEqual(["trained: dpo", "No.", ""]);
  });

  it("uses ASCII on request, and shows empty answers", () => {
    const lines = sideBySide({ title: "a", text: "  \n" }, { title: "b", text: "x" }, { columns: 53, ascii: true });
    expect(lines).toEqual([
      `a${" ".repeat(25)}| b`,
      `${"-".repeat(26)}+${"-".repeat(26)}`,
      `(nothing)${" ".repeat(17)}| x`,
    ]);
  });
});

it("long lines, with words or without, take a time that grows with them", () => {
  const width = 80;
  for (const word of ["abc ", "abcdefgh", "日本語", " ", "\u0301", "é "]) {
    const lines = wrapText(word.repeat(15_000), width);
    expect(lines.every((line) => line.length <= width || word === "\u0301")).toBe(true);
  }
  expect(wrapText("abc ".repeat(60_000), width)).toHaveLength(3000);
  expect(wrapText("a".repeat(240_000), width)).toHaveLength(3000);
  const rows = Array.from({ length: 150_000 }, () => ["a", "bc"]);
  expect(tableLines(rows)[0]).toBe("a  bc");
}, 10_000);
