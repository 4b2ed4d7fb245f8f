/** @file A tokenizer for tests: one token per byte (ids 0-255), `<|endoftext|>` is 256, through the real classes. */
import { Tokenizer } from "../../src/data/tokenizers/tokenizer.ts";

/** GPT-2's characters for bytes: printable ones are themselves, the others are characters from 256 on. */
function spellings(): string[] {
  const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173 && byte < 256);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
}

export function byteTokenizer(): Tokenizer {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const end = { id: 256, content: "<|endoftext|>", single_word: false, lstrip: false, rstrip: false };
  const json = {
    added_tokens: [{ ...end, normalized: false, special: true }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(spellings().map((spelling, byte) => [spelling, byte])),
      merges: [],
    },
  };
  const config = { eos_token: "<|endoftext|>", bos_token: "<|endoftext|>" };
  return new Tokenizer({ json, config, where: "byte tokenizer", name_or_path: "bytes", isGpt2: false });
}
