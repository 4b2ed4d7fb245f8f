/** @file Plurals, and words that a shell reads as they were meant. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { PrefineError } from "./errors.ts";
import { counted, graphemes, onOneLine, printable, printableJson, shellWord } from "./phrases.ts";

it("counts have their plural", () => {
  expect([0, 1, 2].map((n) => counted(n, "step"))).toEqual(["0 steps", "1 step", "2 steps"]);
  expect(counted(2, "entry", "entries")).toBe("2 entries");
});

const ODD = [
  "dpo",
  "a b",
  "it's",
  'say "hi"',
  "$HOME",
  "`id`",
  "a;b",
  "a&b",
  "(x)",
  "*",
  "~",
  "a\\b",
  "#1",
  "!!",
  "",
  "ä\nö",
  "a=b",
  "{a,b}",
];

it("a POSIX shell reads every word as it is", () => {
  const script = `printf '%s\\0' ${ODD.map(shellWord).join(" ")}`;
  expect(execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(ODD);
  expect(shellWord("runs/dpo-1.0")).toBe("runs/dpo-1.0");
  expect(shellWord("--run")).toBe("./--run");
});

const UNSEEN = "\u001b[2J\u009b31m\u0007\r\u007f\u202e\u2066\u061c\u200f\u2028";

it("escapes what a terminal acts on or reorders; letters of all scripts and emoji stay", () => {
  const escaped = "\\x1b[2J\\x9b31m\\x07\\x0d\\x7f\\u202e\\u2066\\u061c\\u200f\\u2028";
  expect(printable(`a\tb\r\n${UNSEEN}`)).toBe(`a\tb\n${escaped}`);
  expect(onOneLine(`a\tb\n${UNSEEN}`)).toBe(`a\\tb\\n${escaped}`);
  const fine = "é 日本 עברית 👩‍💻 e\u0301";
  expect(printable(fine)).toBe(fine);
});

it("JSON with escaped controls has the same value", () => {
  const json = printableJson(JSON.stringify({ [UNSEEN]: UNSEEN }, null, 2));
  expect(json).toMatch(/^[\n -~]+$/);
  expect(JSON.parse(json)).toEqual({ [UNSEEN]: UNSEEN });
});

it("messages and hints of errors are escaped", () => {
  const error = new PrefineError("data", `a column\n${UNSEEN}`, UNSEEN);
  expect(error.message + error.hint).toMatch(/^[\n -~]+$/);
});

it("graphemes are the segmenter's, wherever a block ends, in a time that grows with the text", () => {
  const whole = new Intl.Segmenter("en", { granularity: "grapheme" });
  const parts = ["e\u0301", "👩‍👩‍👧", "🇩🇪🇫🇷🇯🇵", "\r\n", "क्षि", "👍🏽", "日", "a", "\u0301".repeat(700), "\ud800", "각"];
  for (let first = 0; first < parts.length; first++) {
    const text =
      "x".repeat(250) +
      parts
        .map((_, i) => parts[(first + i) % parts.length])
        .join("")
        .repeat(3);
    for (const cut of [0, 3, 7]) {
      const expected = Array.from(whole.segment(text.slice(cut)), ({ segment }) => segment);
      expect([...graphemes(text.slice(cut))]).toEqual(expected);
    }
  }
  expect([...graphemes("日".repeat(200_000))]).toHaveLength(200_000);
}, 8000);

it("an error's message and hint stay short, whatever they quote", () => {
  const { message, hint } = new PrefineError("data", `a${"b".repeat(9e6)}`, `a${"\nb".repeat(1e5)}${"c".repeat(9e6)}`);
  expect(message).toHaveLength(600);
  expect(hint?.split("\n")).toHaveLength(61);
  expect(hint).toMatch(/\.\.\. 99941 more lines$/);
});
