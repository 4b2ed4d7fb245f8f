/** @file GPT-2's words against its regular expression, and the table that remembers their ids. */
import { describe, expect, test } from "vitest";
import { Mt19937 } from "../../random.ts";
import { wordEnd } from "./gpt2Words.ts";
import { WordTable } from "./wordTable.ts";

/** The pattern in tokenizers' source, with Unicode's white space, which is not JavaScript's `\s`. */
const PATTERN = new RegExp(
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+" +
    "|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+",
  "gu",
);

function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = wordEnd(text, at);
    words.push(text.slice(at, end));
    at = end;
  }
  return words;
}

/** Of every kind, with neighbors that look alike: spaces that JavaScript or Unicode does not count, halves of pairs. */
const CHARACTERS = [
  ..."aZé'stmdrevl 09²½٣Ⅷ.,-_'’!\n\r\t\v\f",
  ...["\u0085", "\u00a0", "\u2003", "\u2028", "\u3000", "\u180e", "\u200b", "\ufeff", "\u001c", "\u0000"],
  ...["中", "ⅷ", "\u0301", "ª", "😀", "𝒳", "𝟙", "𐄇", "\ud83d", "\ude00"],
];

describe("GPT-2's words, as its regular expression finds them", () => {
  test("texts of all kinds of characters", () => {
    const random = new Mt19937(0);
    const draw = (count: number) => Math.floor(random.random() * count);
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: draw(12) }, () => CHARACTERS[draw(CHARACTERS.length)]).join("");
      expect(wordsOf(text), JSON.stringify(text)).toEqual(text.match(PATTERN) ?? []);
    }
  });

  test("every character of the first plane, between letters and behind a space", () => {
    const units = Array.from({ length: 65_536 }, (_, unit) => String.fromCharCode(unit));
    const odd = units.filter((unit) => {
      const text = `a${unit}b ${unit}1`;
      return wordsOf(text).join("\n\n") !== text.match(PATTERN)?.join("\n\n");
    });
    expect(odd).toEqual([]);
  });
});

describe("the table of words", () => {
  test("returns each word's own ids, through generations, for words of any length", () => {
    const encoded: string[] = [];
    const table = new WordTable(
      (word) => {
        encoded.push(word);
        return Array.from(word, (_, i) => word.charCodeAt(i)).concat(word.length);
      },
      { mostWords: 8 },
    );
    const random = new Mt19937(1);
    for (let round = 0; round < 3000; round++) {
      const length = Math.floor(random.random() ** 3 * 70);
      const word = Array.from({ length: length + 1 }, () => "ab\u4e2d"[Math.floor(3 * random.random())]).join("");
      const ids: number[] = [];
      table.append(`_${word}_`, 1, 1 + word.length, ids);
      expect(ids).toEqual([...Array.from(word, (_, i) => word.charCodeAt(i)), word.length]);
    }
    expect(encoded.length).toBeLessThan(3000);
  });

  test("encodes a frequent word once, however many rare ones come", () => {
    const encoded: string[] = [];
    const table = new WordTable((word) => [encoded.push(word)], { mostWords: 8 });
    for (let i = 0; i < 100; i++) {
      table.append("the", 0, 3, []);
      table.append(`${i}`, 0, `${i}`.length, []);
    }
    expect(encoded.filter((word) => word === "the")).toEqual(["the"]);
  });
});
