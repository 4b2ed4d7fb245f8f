/** @file Ids and texts equal transformers' for every layout of tokenizer files. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/tokenization.json" with { type: "json" };
import { hasReference, needsReference, referenceFolder, sharedFolder } from "../../../test/support/shared.ts";
import { DecodeStream } from "./decodeStream.ts";
import { AutoTokenizer, GPT2Tokenizer } from "./loadTokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const small = path("../../../test/fixtures/tokenizer");
const EOS = "<|endoftext|>";
const folder = mkdtempSync(join(tmpdir(), "prefine-tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of the small tokenizer's folder with files changed (null: removed). */
function variant(name: string, files: Record<string, unknown>): string {
  const directory = join(folder, name);
  cpSync(small, directory, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    if (content === null) rmSync(join(directory, file));
    else writeFileSync(join(directory, file), typeof content === "string" ? content : JSON.stringify(content));
  }
  return directory;
}

/** Feeds the ids one by one; no increment may contain a split character. */
function streamed(tokenizer: Tokenizer, ids: number[]): string {
  const stream = new DecodeStream(tokenizer);
  return ids.map((id) => stream.push(id)).join("") + stream.end();
}

describe(`a small GPT-2 tokenizer is transformers ${fixture.versions.transformers}'s`, () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await GPT2Tokenizer.from_pretrained(small);
  });

  test("ids, texts and streams of awkward texts, from vocab.json and merges.txt", () => {
    for (const { text, ids, decoded } of fixture.texts) {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(streamed(tokenizer, ids)).toBe(decoded);
    }
    expect(fixture.texts.length).toBe(51);
  });

  test("texts of ids that are incomplete characters", () => {
    for (const { ids, decoded, decoded_skip_special } of fixture.lists) {
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skip_special_tokens: true })).toBe(decoded_skip_special);
      expect(streamed(tokenizer, ids)).toBe(decoded);
    }
    expect(fixture.lists.length).toBe(20);
  });

  test("a bare tokenizer_config gives GPT-2's special tokens", () => {
    const { bos_token, eos_token, unk_token, pad_token, pad_token_id, model_max_length, vocabSize } = tokenizer;
    expect({ bos_token, eos_token, unk_token, pad_token, pad_token_id, model_max_length, vocabSize }).toEqual({
      bos_token: EOS,
      eos_token: EOS,
      unk_token: EOS,
      pad_token: null,
      pad_token_id: null,
      model_max_length: 64,
      vocabSize: 420,
    });
    expect(tokenizer.eos_token_id).toBe(0);
  });

  test("is called like the Python one", () => {
    const ids = tokenizer.encode("the car");
    expect(tokenizer("the car")).toEqual({ input_ids: ids, attention_mask: ids.map(() => 1) });
    expect(tokenizer(["the car", EOS]).input_ids).toEqual([ids, [0]]);
    expect(tokenizer.batch_decode([ids, [0]], { skip_special_tokens: true })).toEqual(["the car", ""]);
    expect(tokenizer.decode([])).toBe("");
  });

  test("branches equal the plain ids for any text at the boundary", () => {
    const bits = [
      "the octane",
      "  ",
      "\n",
      "'",
      "'re",
      "r",
      "e",
      " ",
      "é",
      "日",
      "\ud83d",
      "\ude00",
      "<|end",
      "oftext|>",
      EOS,
    ];
    let state = 1;
    const pick = () => {
      state = (state * 48271) % 2147483647;
      return bits[state % bits.length];
    };
    const text = (length: number) => Array.from({ length }, pick).join("");
    let shared = 0;
    for (let i = 0; i < 3000; i++) {
      const prompt = text(i % 12);
      const continuations = [text(1 + (i % 3)), text(i % 5)];
      const branches = tokenizer.encodeBranches(prompt, continuations);
      expect([...branches.shared, ...branches.prompt]).toEqual(tokenizer.encode(prompt));
      for (const [k, continuation] of continuations.entries()) {
        expect([...branches.shared, ...branches.continued[k]]).toEqual(tokenizer.encode(prompt + continuation));
      }
      shared += branches.shared.length;
    }
    expect(shared).toBeGreaterThan(3000); // the short cut was taken
  });
});

describe("files of a tokenizer", () => {
  test("a saved tokenizer loads with the same ids and pad token", async () => {
    const first = await AutoTokenizer.from_pretrained(small);
    first.pad_token = first.eos_token;
    await first.save_pretrained(join(folder, "saved"));
    const again = await AutoTokenizer.from_pretrained(join(folder, "saved"));
    for (const { text, ids } of fixture.texts) expect(again.encode(text)).toEqual(ids);
    expect([again.pad_token_id, again.eos_token, again.model_max_length]).toEqual([0, EOS, 64]);
    expect([...again.files.keys()]).toEqual(["tokenizer.json", "tokenizer_config.json"]);
    expect(again.files).toEqual(first.files);
    expect(JSON.parse(new TextDecoder().decode(again.files.get("tokenizer_config.json")))).toEqual({
      tokenizer_class: "GPT2Tokenizer",
      bos_token: EOS,
      eos_token: EOS,
      unk_token: EOS,
      pad_token: EOS,
      model_max_length: 64,
    });
  });

  test("special_tokens_map.json and added_tokens.json add tokens with transformers' ids", async () => {
    const map = { pad_token: { content: "<pad>", lstrip: false }, eos_token: "<eos>" };
    const directory = variant("added", { "special_tokens_map.json": map, "added_tokens.json": { "<extra>": 420 } });
    const tokenizer = await AutoTokenizer.from_pretrained(directory);
    expect([tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.vocabSize]).toEqual([421, 422, 423]);
    expect(tokenizer.encode("a<extra>b<eos>")).toEqual([65, 420, 66, 421]);
    expect(tokenizer.decode([65, 420, 66, 421], { skip_special_tokens: true })).toBe("a<extra>b");
    await tokenizer.save_pretrained(join(folder, "added-saved"));
    const again = await AutoTokenizer.from_pretrained(join(folder, "added-saved"));
    expect(again.encode("a<extra>b<eos><pad>")).toEqual([65, 420, 66, 421, 422]);
  });

  test("added_tokens_decoder in the config overrules special_tokens_map.json", async () => {
    const config = { added_tokens_decoder: { 420: { content: "<x>", special: false } }, eos_token: "<y>" };
    const directory = variant("decoder", {
      "tokenizer_config.json": config,
      "special_tokens_map.json": { eos_token: "<z>" },
    });
    const tokenizer = await AutoTokenizer.from_pretrained(directory);
    expect([tokenizer.eos_token, tokenizer.eos_token_id]).toEqual(["<y>", 421]);
    expect(tokenizer.encode("<x><y>")).toEqual([420, 421]);
  });

  test("add_bos_token and add_prefix_space apply without a tokenizer.json", async () => {
    const config = { add_bos_token: true, add_prefix_space: true };
    const tokenizer = await AutoTokenizer.from_pretrained(variant("bos", { "tokenizer_config.json": config }));
    const plain = await AutoTokenizer.from_pretrained(small);
    expect(tokenizer.encode("the")).toEqual([0, ...plain.encode(" the")]);
    expect(tokenizer.encode("the", { add_special_tokens: false })).toEqual(plain.encode(" the"));
    const { shared: head, continued } = tokenizer.encodeBranches("the car is", [" fine"]);
    expect([...head, ...continued[0]]).toEqual(tokenizer.encode("the car is fine"));
  });

  test("a normalizer, whose continuations may change the text before them", async () => {
    const saved = await AutoTokenizer.from_pretrained(small);
    const json = JSON.parse(new TextDecoder().decode(saved.files.get("tokenizer.json")));
    json.normalizer = { type: "NFC" };
    const tokenizer = await AutoTokenizer.from_pretrained(
      variant("nfc", {
        "tokenizer.json": json,
        "tokenizer_config.json": { tokenizer_class: "PreTrainedTokenizerFast" },
      }),
    );
    expect(tokenizer.encode("e\u0301 is")).toEqual(saved.encode("\u00e9 is"));
    expect(tokenizer.decode(tokenizer.encode("the 日本 ."))).toBe("the 日本 .");
    expect(tokenizer.decode([])).toBe("");
    expect(streamed(tokenizer, tokenizer.encode("the 日本 ."))).toBe("the 日本 .");
    const { shared: head, prompt, continued } = tokenizer.encodeBranches("e", ["\u0301t"]);
    expect([...head, ...prompt]).toEqual(tokenizer.encode("e"));
    expect([...head, ...continued[0]]).toEqual(saved.encode("\u00e9t"));
  });

  test("an adapter's folder without a tokenizer leads to its base model's", async () => {
    const directory = join(folder, "adapter");
    mkdirSync(directory);
    writeFileSync(join(directory, "adapter_config.json"), JSON.stringify({ base_model_name_or_path: small }));
    expect((await AutoTokenizer.from_pretrained(directory)).encode("the")).toEqual(
      (await AutoTokenizer.from_pretrained(small)).encode("the"),
    );
  });
});

describe.skipIf(!hasReference)(`reference values${needsReference}`, () => {
  const readJson = (file: string) => JSON.parse(readFileSync(join(referenceFolder, file), "utf8"));
  const gpt2Folder = join(sharedFolder, "gpt2-tokenizer");

  test("GPT-2's own tokenizer: ids and texts of awkward and real strings, streams, its files", async () => {
    const tokenizer = await AutoTokenizer.from_pretrained(gpt2Folder);
    const entries = readJson("gpt2_tokenization.json");
    let compared = 0;
    for (const { text, ids, decoded, decoded_skip_special } of entries) {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skip_special_tokens: true })).toBe(decoded_skip_special);
      expect(streamed(tokenizer, ids)).toBe(decoded);
      compared++;
    }
    expect(compared).toBe(entries.length);
    expect(compared).toBeGreaterThan(150);
    const file = readFileSync(join(gpt2Folder, "tokenizer.json"));
    expect(Buffer.from(tokenizer.files.get("tokenizer.json")!).equals(file)).toBe(true); // unchanged
  });

  test.each([
    ["models/tiny-gpt2", EOS, null],
    ["hub/models/gpt2", EOS, null],
    ["models/tiny-llama", "<|im_end|>", EOS],
    ["models/tiny-mistral", "<|im_end|>", EOS],
    ["models/tiny-qwen2", "<|im_end|>", EOS],
    ["models/tiny-qwen3", "<|im_end|>", EOS],
  ])("%s: special tokens, and the prompts of generation/greedy.json", async (model, eos, pad) => {
    const tokenizer = await AutoTokenizer.from_pretrained(join(referenceFolder, model));
    expect([tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token, tokenizer.vocabSize]).toEqual([
      EOS,
      eos,
      pad,
      768,
    ]);
    const name = model === "hub/models/gpt2" ? "tiny-gpt2" : model.slice("models/".length);
    let compared = 0;
    for (const { model: of, prompt, prompt_ids, output_ids, text } of readJson("generation/greedy.json")) {
      if (of !== name) continue;
      expect(tokenizer.encode(prompt)).toEqual(prompt_ids);
      expect(tokenizer.decode(output_ids, { skip_special_tokens: true })).toBe(text);
      compared++;
    }
    expect(compared).toBe(15);
  });
});
