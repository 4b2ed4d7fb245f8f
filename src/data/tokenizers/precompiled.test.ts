/** @file SentencePiece's compiled tables: texts and ids equal those of Hugging Face's tokenizers. */
import { expect, test } from "vitest";
import fixture from "../../../test/fixtures/precompiled.json" with { type: "json" };
import { precompiledNormalizer } from "./precompiled.ts";
import { Tokenizer } from "./tokenizer.ts";

const { charsmap, texts, versions } = fixture;

function load(): Tokenizer {
  const json = structuredClone(fixture.json) as unknown as Record<string, unknown>;
  const [table, ...others] = fixture.json.normalizer.normalizers;
  json.normalizer = { type: "Sequence", normalizers: [{ ...table, precompiled_charsmap: charsmap }, ...others] };
  return new Tokenizer({ json, config: {}, isGpt2: false, where: "t.json", name_or_path: "t" });
}

test(`texts as tokenizers ${versions.tokenizers} normalizes them`, () => {
  const normalize = precompiledNormalizer(charsmap, "t.json");
  expect(texts.filter(({ text, normalized }) => text !== normalized).length).toBeGreaterThan(300);
  for (const { text, normalized } of texts) expect([text, normalize(text)]).toEqual([text, normalized]);
});

test("ids and decoded texts of a Unigram model with such a table", () => {
  const tokenizer = load();
  for (const { text, ids, decoded } of texts) {
    expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
    expect(tokenizer.decode(ids)).toBe(decoded);
  }
});
