/** @file Characters that a tokenizer does not know, and texts or files that name its unk_token. */
import { expect, test } from "vitest";
import { Tokenizer } from "../tokenizers/tokenizer.ts";
import { examine } from "./doctor.ts";

test("characters that the tokenizer does not know", async () => {
  const words = ["[UNK]", "[END]", "Is", "tea", "zinc", "a", "drink", "?", "No", "Yes", "It", "depends", "."];
  const vocab = Object.fromEntries(words.filter((word) => word !== "zinc").map((word, id) => [word, id]));
  const model = { type: "WordLevel", vocab, unk_token: "[UNK]" };
  const [none, flags] = [{ normalizer: null, post_processor: null, decoder: null }, { single_word: false }];
  const added = (id: number) => ({ id, content: words[id], ...flags, lstrip: false, rstrip: false });
  const added_tokens = [0, 1].map((id) => ({ ...added(id), normalized: false, special: true }));
  const json = { added_tokens, ...none, pre_tokenizer: { type: "Whitespace" }, model };
  const config = { eos_token: "[END]", unk_token: "[UNK]" };
  const tokenizer = new Tokenizer({ json, config, where: "words", name_or_path: "words", isGpt2: false });
  const rows = [
    { prompt: "Is tea a drink?", chosen: " Yes.", rejected: " It depends." },
    { prompt: "Is tea a drink?", chosen: " No.", rejected: " It depends, zinc." },
    { prompt: "Is tea a drink? [UNK]", chosen: " No.", rejected: " It depends." },
  ];
  const checksWith = async (one: Tokenizer) => {
    const { findings } = await examine({
      train: { name: "train", rows: () => rows },
      tokenizer: one,
      max_length: null,
    });
    return findings
      .filter(({ check }) => check === "unknownTokens")
      .map(({ rows: numbers, example }) => [numbers, example]);
  };
  expect(await checksWith(tokenizer)).toEqual([[[1], '" It depends, zinc."']]);
  const asBos = { ...config, bos_token: "[UNK]" }; // as in GPT-2's files: whether a text gave it can't be told
  expect(
    await checksWith(new Tokenizer({ json, config: asBos, where: "words", name_or_path: "words", isGpt2: false })),
  ).toEqual([]);
});
