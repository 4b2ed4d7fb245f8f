/** @file Tokenizers that are made to grow, to take time or to fail: each ends with one message. */
import { expect, test } from "vitest";
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
