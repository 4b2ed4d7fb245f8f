/** @file The tokenizer of a GGUF file: byte-level and SentencePiece's BPE, control tokens, the chat template. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeGguf } from "../../../test/support/writeGguf.ts";
import { WORD_RULES } from "./ggufPreTokenizers.ts";
import { ggufTokenizer } from "./ggufTokenizer.ts";
import { AutoTokenizer } from "./loadTokenizer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-gguf-"));

/** Byte-level tokens: a few letters, digits, `Ġ` for the space, two merges and two control tokens. */
const TOKENS = ["<|end|>", "<|user|>", "a", "b", "1", "2", "Ġ", "ab", "Ġab", "12", "."];
const BYTE_LEVEL = {
  "general.architecture": "llama",
  "llama.context_length": 64,
  "tokenizer.ggml.model": "gpt2",
  "tokenizer.ggml.pre": "gpt-2",
  "tokenizer.ggml.tokens": TOKENS,
  "tokenizer.ggml.token_type": TOKENS.map((_, id) => (id < 2 ? 3 : 1)),
  "tokenizer.ggml.merges": ["a b", "Ġ ab", "1 2"],
  "tokenizer.ggml.eos_token_id": 0,
  "tokenizer.chat_template": "{{ messages }}",
};

async function load(metadata: Parameters<typeof writeGguf>[1], name = "one.gguf") {
  writeGguf(join(folder, name), metadata, {});
  return AutoTokenizer.from_pretrained(join(folder, name));
}

describe("byte-level BPE", () => {
  it("encodes and decodes with the vocabulary", async () => {
    const tokenizer = await load(BYTE_LEVEL);
    expect(tokenizer.encode("ab ab12.")).toEqual([7, 8, 9, 10]);
    expect(tokenizer.decode([7, 8, 9, 10])).toBe("ab ab12.");
    expect(tokenizer.encode("<|user|>ab<|end|>")).toEqual([1, 7, 0]);
    expect([tokenizer.eos_token, tokenizer.model_max_length, tokenizer.vocabSize]).toEqual(["<|end|>", 64, 11]);
  });

  it("splits digits if the model does", async () => {
    const tokenizer = await load({ ...BYTE_LEVEL, "tokenizer.ggml.pre": "smollm" });
    expect(tokenizer.encode("ab12")).toEqual([7, 4, 5]);
  });

  it.each([
    ["llama-bpe", true],
    ["tekken", true],
    ["glm4", true],
    ["glm5", true],
    ["chatglm-bpe", false],
    ["dbrx", false],
    ["gpt-2", false],
  ])("%s keeps a word that is a token without a merge: %s", async (pre, isWhole) => {
    const tokens = [...TOKENS, "ba"];
    const lists = { "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": tokens.map(() => 1) };
    const metadata = { ...BYTE_LEVEL, ...lists, "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.pre": pre };
    const tokenizer = await load(metadata, `${pre}.gguf`);
    expect(tokenizer.encode("ba", { add_special_tokens: false })).toEqual(isWhole ? [11] : [3, 2]);
  });

  it.each(Object.keys(WORD_RULES))("splits by the rule of %s", async (pre) => {
    const metadata = { ...BYTE_LEVEL, "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.pre": pre };
    const tokenizer = await load(metadata, "rule.gguf");
    const ids = tokenizer.encode("ab 12. ab\u00e9", { add_special_tokens: false });
    expect(tokenizer.decode(ids)).toMatch(/^ab 12\. ab/);
  });

  it("takes well-known ends and parts of infilled code for control tokens whatever their type, as llama.cpp", async () => {
    const tokens = [...TOKENS, "<|im_end|>", "<|fim_prefix|>", "<|im_start|>"];
    const types = tokens.map((_, id) => (id === 11 ? 4 : 1));
    const tokenizer = await load({
      ...BYTE_LEVEL,
      "tokenizer.ggml.tokens": tokens,
      "tokenizer.ggml.token_type": types,
    });
    expect(tokenizer.encode("ab<|im_end|><|fim_prefix|><|end|>")).toEqual([7, 11, 12, 0]);
    expect(tokenizer.decode([7, 11, 12, 0], { skip_special_tokens: true })).toBe("ab");
    expect(tokenizer.encode("<|im_start|>")).not.toContain(13);
  });

  it("normalizes as GPT-NeoX does; old files of some architectures have no name of a rule", async () => {
    const tokens = [...TOKENS, "Ã", "©", "e", "Ì", "ģ"]; // é as one character, and as two
    const lists = { "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": tokens.map(() => 1) };
    const idsOf = async (architecture: string, pre = "default") => {
      const metadata = { ...BYTE_LEVEL, ...lists, "general.architecture": architecture, "tokenizer.ggml.pre": pre };
      const tokenizer = await load(metadata, `${architecture}-${pre}.gguf`);
      return tokenizer.encode("e\u0301 12");
    };
    for (const pre of ["olmo", "mpt"]) expect(await idsOf("olmo2", pre)).toEqual([11, 12, 6, 9]);
    expect(await idsOf("gptneox")).toEqual([11, 12, 6, 9]);
    expect(await idsOf("gpt2")).toEqual([13, 14, 15, 6, 9]);
    expect(await idsOf("starcoder2")).toEqual([13, 14, 15, 6, 4, 5]);
  });

  it("puts bos before every text if the file asks for it", async () => {
    const tokenizer = await load({
      ...BYTE_LEVEL,
      "tokenizer.ggml.bos_token_id": 1,
      "tokenizer.ggml.add_bos_token": true,
    });
    expect(tokenizer.encode("ab")).toEqual([1, 7]);
    expect(tokenizer.encode("ab", { add_special_tokens: false })).toEqual([7]);
  });

  it("saves files that load again, with the chat template", async () => {
    const tokenizer = await load(BYTE_LEVEL);
    await tokenizer.save_pretrained(join(folder, "saved"));
    const again = await AutoTokenizer.from_pretrained(join(folder, "saved"));
    expect(again.encode("<|user|>ab ab12.")).toEqual(tokenizer.encode("<|user|>ab ab12."));
    expect(ggufTokenizer({ metadata: new Map(Object.entries(BYTE_LEVEL)) }, "x").config.chat_template).toBe(
      "{{ messages }}",
    );
  });
});

describe("SentencePiece's BPE", () => {
  const tokens = ["<unk>", "<s>", "</s>", "<0x41>", "<0xC3>", "<0xA9>", "▁", "a", "b", "▁a", "ab", "▁ab", "c"];
  const metadata = {
    "general.architecture": "llama",
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": tokens,
    "tokenizer.ggml.scores": tokens.map((_, id) => (id < 6 ? 0 : [-4, -5, -6, -1, -2, -3, -7][id - 6])),
    "tokenizer.ggml.token_type": tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 6 ? 6 : 1)),
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.unknown_token_id": 0,
  };

  it("merges by score, marks spaces, falls back to bytes, begins with bos", async () => {
    const tokenizer = await load(metadata, "two.gguf");
    // ▁a (-1) goes before ab (-2) and ▁ab (-3): "▁ab" is reached from ▁a + b
    expect(tokenizer.encode("ab c")).toEqual([1, 11, 6, 12]);
    expect(tokenizer.encode("é", { add_special_tokens: false })).toEqual([6, 4, 5]);
    expect(tokenizer.decode([1, 11, 6, 12, 4, 5], { skip_special_tokens: true })).toBe("ab cé");
  });
});

describe("SentencePiece's BPE of Phi-3 and Gemma", () => {
  const tokens = ["<unk>", "<s>", "<|user|>", "<|endoftext|>", "<0x0A>", "▁", "a", "▁a", "\n\n", "  "];
  const kinds = [2, 3, 3, 3, 6, 1, 1, 1, 4, 4];
  const metadata = {
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": tokens,
    "tokenizer.ggml.scores": [0, 0, -1000, -1000, 0, -2, -3, -1, -1000, -1000],
    "tokenizer.ggml.token_type": kinds,
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.add_bos_token": false,
  };

  it("takes the white space behind a turn's token in Phi-3, by architecture or name", async () => {
    const idsOf = async (more: Record<string, string>, name: string) =>
      (await load({ ...metadata, ...more }, name)).encode("<|user|>\na<|endoftext|>\na");
    const phi3 = [2, 7, 3, 5, 4, 6];
    expect(await idsOf({ "general.architecture": "phi3" }, "phi3.gguf")).toEqual(phi3);
    expect(await idsOf({ "general.architecture": "llama", "general.name": "Phi-3 Mini" }, "named.gguf")).toEqual(phi3);
    expect(await idsOf({ "general.architecture": "llama" }, "plain.gguf")).toEqual([2, 5, 4, 6, 3, 5, 4, 6]);
  });

  it("has no space before a text of Gemma, and runs of lines and spaces are tokens", async () => {
    const gemma = { ...metadata, "general.architecture": "gemma", "tokenizer.ggml.add_space_prefix": false };
    const { "tokenizer.ggml.add_bos_token": _, ...withBos } = gemma;
    expect((await load(withBos, "gemma.gguf")).encode("a a\n\na  a\n")).toEqual([1, 6, 7, 8, 6, 9, 6, 4]);
    expect((await load(gemma, "gemma.gguf")).decode([1, 6, 7, 8, 6, 9, 6, 4])).toBe("<s>a a\n\na  a\n");
  });
});

describe("unsupported and damaged metadata", () => {
  it.each([
    [
      { "tokenizer.ggml.pre": "deepseek" },
      /tokenizer\.ggml\.pre "deepseek" is not supported \(llama\.cpp has no such name/,
    ],
    [{ "tokenizer.ggml.model": "bert" }, /tokenizers of type "bert" are not supported/],
    [{ "tokenizer.ggml.tokens": 3 }, /tokenizer\.ggml\.tokens: expected a list of strings, found 3/],
    [{ "tokenizer.ggml.merges": ["abc"] }, /tokenizer\.ggml\.merges: expected two parts, found "abc"/],
  ])("%j", async (change, message) => {
    await expect(load({ ...BYTE_LEVEL, ...change }, "wrong.gguf")).rejects.toThrow(message);
  });
});
