/** @file Regular expressions: the splits of Oniguruma, refusals by name, and bounded time. */
import { describe, expect, test } from "vitest";
import fixture from "../../test/fixtures/patterns.json" with { type: "json" };
import { GPT2_WORDS, GPT4O_WORDS, LLAMA3_WORDS } from "./linearPatterns.ts";
import { readRegex } from "./regex.ts";

const oniguruma = (source: string) => readRegex(source, { where: "tokenizer.json", flavor: "oniguruma" });

/** A text, split at both ends of each match. */
function split(pattern: string, text: string): string[] {
  const cuts = new Set([0, text.length]);
  oniguruma(pattern).eachMatch(text, (start, end) => {
    cuts.add(start);
    cuts.add(end);
  });
  const places = [...cuts].sort((a, b) => a - b);
  return places.slice(1).map((end, i) => text.slice(places[i], end));
}

test(`splits as Oniguruma in tokenizers ${fixture.version}`, () => {
  const refused: string[] = [];
  let same = 0;
  for (const [pattern, text, parts] of fixture.splits as [string, string, string[]][]) {
    try {
      oniguruma(pattern);
    } catch {
      refused.push(pattern);
      continue;
    }
    expect([pattern, text, split(pattern, text)]).toEqual([pattern, text, parts]);
    same++;
  }
  expect(refused.every((pattern) => pattern.includes("(?<"))).toBe(true); // look-behind without a bounded length
  expect(same).toBeGreaterThan(550);
});

test.each([
  ["(a)\\1", "the back-reference \\1"],
  ["\\X", "\\X"],
  ["a\\Kb", "\\K"],
  ["(?~ab)", "(?~a"],
  ["(?(1)b|c)", "(?(1"],
  ["(*FAIL)", "(*FA"],
  ["(?<n>a)\\k<n>", "\\k"],
  ["(?<=a+)b", "a look-behind without a bounded length"],
  ["(?i:first)", "letters with ligatures"],
  ["(?W:\\w)", "the flag W"],
  ["\\p{InBasicLatin}", "\\p{InBasicLatin}"],
  ["[a", "[ without ]"],
  ["(a", "( without )"],
  ["a)", ") without ("],
  ["*a", "* without anything to repeat"],
  [`${"(".repeat(101)}a${")".repeat(101)}`, "more than 100 groups"],
  ["((((a{1000}){1000}){1000}))", "a pattern of this size"],
  ["a".repeat(50_001), "more than 50000 characters"],
])("%s is refused by name", (pattern, what) => {
  expect(() => oniguruma(pattern)).toThrow(what);
});

describe("bounded time", () => {
  test.each(["(a+)+$", "(a|a)*$", "(?=(a+)+b)"])("%s", (pattern) => {
    const search = () => split(pattern, `${"a".repeat(100)}d`);
    expect(search).toThrow("takes too many steps");
  });

  test("a long run neither overflows a stack nor takes quadratic steps", () => {
    const runs = { "(?:ab)*": "ab".repeat(50_000), "(?>\\s+)x|\\s": " ".repeat(2000), "[^b]*+b|a": "a".repeat(3000) };
    for (const [pattern, text] of Object.entries(runs)) expect(split(pattern, text).join("")).toBe(text);
  });

  test("word patterns of known tokenizers run natively, unknown ones on the machine", () => {
    for (const pattern of [GPT2_WORDS, LLAMA3_WORDS, GPT4O_WORDS, "\\s+", " ?\\p{L}+|\\p{N}{1,3}"])
      expect(oniguruma(pattern).isNative).toBe(true);
    for (const pattern of ["a+b", "(?:a|b)*c", "\\s*x", "a++"]) expect(oniguruma(pattern).isNative).toBe(false);
  });
});

describe("Python's syntax", () => {
  const matches = (pattern: string, text: string) =>
    readRegex(pattern, { where: "x", flavor: "python" }).matchesStart(text);
  test.each([
    ["(?P<x>a|b)c\\Z", "bc", true],
    ["a$", "a\n", true],
    ["a\\Z", "a\n", false],
    ["(?i)AB", "ab", true],
    ["\\d+\\.\\w", "12.é", true],
    ["(?>a*)a", "aaa", false],
    ["a{2}+a", "aaa", true],
    ["[a-c&&b]+\\Z", "a&b", true],
    ["(?!.*lm_head).*proj\\Z", "model.q_proj", true],
    ["(?!.*lm_head).*proj\\Z", "lm_head.proj", false],
    ["(?<=b)c", "c", false],
  ])("%s on %j", (pattern, text, isSo) => {
    expect(matches(pattern, text)).toBe(isSo);
  });
});
