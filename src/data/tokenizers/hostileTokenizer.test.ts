/** @file Tokenizers that are made to grow, to take time or to fail: each ends with one message. */
import { expect, test } from "vitest";
import { byteTokenizer } from "../../../test/support/byteTokenizer.ts";
import { Tokenizer } from "./tokenizer.ts";

const BPE = { type: "BPE", vocab: { a: 0, b: 1, constructor: 2, __proto__: 3 }, merges: [] };
const tokenizerOf = (parts: Record<string, unknown>) =>
  new Tokenizer({ json: { model: BPE, ...parts }, config: {}, isGpt2: false, where: "t.json", name_or_path: "t" });

test.each([[[1]], [[null]], [[{}]], [["a"]], [["constructor toString"]], [[[1, 2]]], [[["a", null]]]])(
  "the merges %j",
  (merges) => {
    expect(() => tokenizerOf({ model: { ...BPE, merges } })).toThrow(
      /^t.json: BPE: merge 1: .* names a token that is not/,
    );
  },
);

test("a vocabulary and added tokens with names that objects have", () => {
  const vocab = JSON.parse('{"a":0,"constructor":1,"__proto__":2,"toString":3,"hasOwnProperty":4}');
  const added_tokens = [{ id: 5, content: "valueOf", special: false }];
  const model = { type: "WordLevel", vocab, unk_token: "a" };
  const tokenizer = tokenizerOf({ model, added_tokens, pre_tokenizer: { type: "WhitespaceSplit" } });
  expect(tokenizer.encode("constructor __proto__ toString hasOwnProperty isPrototypeOf valueOf")).toEqual([
    1, 2, 3, 4, 0, 5,
  ]);
});

test("a compiled table that makes a megabyte of a character", () => {
  const units = Buffer.alloc(4096);
  for (let at = 0; at < units.length; at += 4) units.writeUInt32LE(0x61 | 256 | (1 << 10), at);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(units.length);
  const precompiled_charsmap = Buffer.concat([size, units, Buffer.alloc(2e6, "b")]).toString("base64");
  const tokenizer = tokenizerOf({ normalizer: { type: "Precompiled", precompiled_charsmap } });
  expect(() => tokenizer.encode("a".repeat(1000))).toThrow(/^t.json: normalizer: Precompiled: makes a text of 1000/);
});

test("decoders that lengthen what others have lengthened", () => {
  const step = { type: "Replace", pattern: { Regex: "." }, content: "aaaaaaaaaaaaaaaaaa" };
  const tokenizer = tokenizerOf({ decoder: { type: "Sequence", decoders: Array(9).fill(step) } });
  expect(() => tokenizer.decode(Array(100).fill(0))).toThrow(/makes a text of 200 characters 10497600 characters long/);
});

test("a Unigram vocabulary of ever longer tokens", () => {
  const vocab = [["?", 0], ...Array.from({ length: 3000 }, (_, i) => ["a".repeat(i + 1), -i])];
  const tokenizer = tokenizerOf({ model: { type: "Unigram", unk_id: 0, vocab } });
  expect(() => tokenizer.encode("a".repeat(20_000))).toThrow(/too many steps on a word of 20000 characters/);
}, 30_000);

test("a text that would take gigabytes, in every kind of tokenizer", () => {
  const text = "a".repeat(16_000_001);
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: true };
  const WordPiece = { type: "WordPiece", vocab: { a: 0, "##a": 1, "[UNK]": 2 }, unk_token: "[UNK]" };
  const kinds = [
    byteTokenizer(),
    tokenizerOf({ pre_tokenizer: byteLevel }),
    tokenizerOf({ model: WordPiece }),
    tokenizerOf({ model: { type: "Unigram", vocab: [["a", 0]], unk_id: 0 } }),
    tokenizerOf({ model: { type: "WordLevel", vocab: { a: 0 }, unk_token: "a" } }),
  ];
  for (const tokenizer of kinds) {
    const message = /expected texts of at most 16000000 characters, found one of 16000001/;
    expect(() => tokenizer.encode(text)).toThrow(message);
    expect(() => tokenizer.encodeBranches("a", [text])).toThrow(/of at most 16000000 characters/);
  }
});

test("a compiled table on a long text: its time grows with the text", () => {
  const precompiled_charsmap = Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]).toString("base64");
  const tokenizer = tokenizerOf({ normalizer: { type: "Precompiled", precompiled_charsmap } });
  expect(tokenizer.encode("ab".repeat(30_000))).toHaveLength(60_000);
  expect(tokenizer.encode("é日".repeat(30_000))).toEqual([]);
}, 8000);

test("a template that adds 200,000 tokens, and so many added tokens", () => {
  const content = "<x>";
  const single = [
    { Sequence: { id: "A", type_id: 0 } },
    ...Array(200_000).fill({ SpecialToken: { id: content, type_id: 0 } }),
  ];
  const special_tokens = { [content]: { id: content, ids: [4], tokens: [content] } };
  const post_processor = { type: "TemplateProcessing", single, pair: [], special_tokens };
  const added_tokens = [{ id: 4, content, special: true }];
  const tokenizer = tokenizerOf({ post_processor, added_tokens });
  expect(tokenizer.encode("ab")).toHaveLength(200_002);
  expect(tokenizer.encodeBranches("a", ["b"]).continued[0].length).toBeGreaterThan(200_000);
});
