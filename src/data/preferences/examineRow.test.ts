/** @file Whether a prompt fills max_length, from the prompt alone, against the tokens of prompt and answers. */
import { describe, expect, test } from "vitest";
import { byteTokenizer } from "../../../test/support/byteTokenizer.ts";
import { Mt19937 } from "../../random.ts";
import { Tokenizer } from "../tokenizers/tokenizer.ts";
import { longestPrompt, type PromptFill, rowExaminer } from "./examineRow.ts";
import type { ReadRow } from "./readRow.ts";

/** Words of letters, so that a prompt's end may merge with the answer; an unknown character is left out. */
function wordTokenizer(): Tokenizer {
  const vocab = { "<|endoftext|>": 0, a: 1, b: 2, " ": 3, "'": 4, aa: 5, bb: 6, aab: 7 };
  const json = {
    added_tokens: [{ id: 0, content: "<|endoftext|>", special: true, normalized: false }],
    model: { type: "BPE", vocab, merges: ["a a", "b b", "aa b"] },
  };
  const config = { eos_token: "<|endoftext|>" };
  return new Tokenizer({ json: json as never, config, where: "words", name_or_path: "words", isGpt2: false });
}

const MAX_LENGTH = 96;
const PARTS = ["a", "aa", "aab", "b", " ", "  ", "'", "'re", "é", "<|endoftext|>", "a".repeat(30)];

function randomRows(count: number): Extract<ReadRow, { kind: "texts" }>[] {
  const random = new Mt19937(0);
  const draw = (most: number) => Math.floor(most * random.random());
  const text = (most: number) =>
    Array.from({ length: draw(most) }, () => PARTS[draw(PARTS.length - 1 + draw(2))]).join("");
  return Array.from({ length: count }, () => ({
    ...{ kind: "texts" as const, prompt: text(110), chosen: text(4), rejected: text(4) },
  }));
}

describe.each([
  ["byte-level BPE", byteTokenizer()],
  ["a pipeline", wordTokenizer()],
])("%s", (_, tokenizer) => {
  test("never says that a prompt fills max_length, or fits, where it does not", () => {
    const settings = {
      truncation: { max_length: MAX_LENGTH, truncation_mode: "keep_start" as const },
      maxPromptLength: null,
      modelVocabSize: undefined,
    };
    const { promptFill, tokenizeAndExamine } = rowExaminer(tokenizer, settings);
    const counts: Record<PromptFill, number> = { full: 0, fits: 0, unsure: 0 };
    for (const row of randomRows(2000)) {
      const { untrainable } = tokenizeAndExamine(row).outcomes;
      const isFull = untrainable?.[0] === "promptFillsMaxLength";
      const fill = promptFill({ ...row, prompt: row.prompt.slice(0, longestPrompt(MAX_LENGTH)) });
      counts[fill]++;
      if (fill !== "unsure") expect(fill, JSON.stringify(row)).toBe(isFull ? "full" : "fits");
    }
    expect(counts.fits).toBeGreaterThan(300);
    if (tokenizer.concatenates) expect(counts.full).toBeGreaterThan(counts.unsure);
  });
});
