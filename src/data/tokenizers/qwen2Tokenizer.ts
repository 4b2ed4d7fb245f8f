/** @file Qwen2Tokenizer: transformers takes only vocabulary and merges from tokenizer.json. */
import { equalJson } from "../../formats/equalJson.ts";

/** Words, single digits, punctuation with its line breaks, white space. */
const WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|" +
  "\\s+(?!\\S)|\\s+";
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
const PARTS = {
  normalizer: { type: "NFC" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [{ type: "Split", pattern: { Regex: WORDS }, behavior: "Isolated", invert: false }, byteLevel],
  },
};

/**
 * Whether AutoTokenizer creates a Qwen2Tokenizer: for model_type qwen2, regardless of tokenizer_config.json (older
 * files name another class), otherwise if tokenizer_config.json names it.
 */
export function isQwen2Tokenizer(tokenizerClass: string, modelType: unknown): boolean {
  return tokenizerClass === "Qwen2Tokenizer" || modelType === "qwen2";
}

/** Adapts tokenizer.json to Qwen2Tokenizer; returns the same object if nothing changes. */
export function asQwen2(json: Record<string, unknown>): Record<string, unknown> {
  const decoder = { ...byteLevel, add_prefix_space: true, use_regex: true };
  const qwen2 = { ...json, ...PARTS, decoder };
  const decodes = (json.decoder as { type?: unknown } | null)?.type === "ByteLevel";
  const isSo = decodes && Object.entries(PARTS).every(([name, part]) => equalJson(json[name], part));
  return isSo ? json : qwen2;
}
