/** @file The conditions under which transformers creates a LlamaTokenizer, and its changes to tokenizer.json. */
import { expect, test } from "vitest";
import { asLlama, isLlamaTokenizer } from "./llamaTokenizer.ts";

const json = { normalizer: { type: "Prepend", prepend: "▁" }, decoder: null, model: { type: "BPE", vocab: {} } };

test("by its class, unless the model type or the file says otherwise", () => {
  expect(isLlamaTokenizer("LlamaTokenizer", "llama", json)).toBe(true);
  expect(isLlamaTokenizer("LlamaTokenizer", undefined, json)).toBe(true);
  expect(isLlamaTokenizer("LlamaTokenizer", "mistral", json)).toBe(false);
  expect(isLlamaTokenizer("PreTrainedTokenizer", "llama", json)).toBe(false);
  expect(isLlamaTokenizer("LlamaTokenizer", "llama", { ...json, decoder: { type: "ByteLevel" } })).toBe(false);
  expect(isLlamaTokenizer("LlamaTokenizer", "llama", { ...json, model: { type: "Unigram" } })).toBe(false);
});

test.each([
  [{}, "first", 4],
  [{ legacy: false }, "first", 4],
  [{ legacy: true }, "always", 4],
  [{ legacy: true, add_prefix_space: false }, "never", 3],
])("%o", (config, prepend_scheme, decoders) => {
  const made = asLlama(json, config) as { pre_tokenizer: object; decoder: { decoders: unknown[] }; normalizer: null };
  expect(made.pre_tokenizer).toMatchObject({ type: "Metaspace", prepend_scheme, split: false });
  expect(made.decoder.decoders).toHaveLength(decoders);
  expect(made.normalizer).toBe(null);
});
