/** @file Tokenizers of all kinds of parts, put together at random, against Python's ids and texts; and hostile ones. */
import { describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/random-tokenizers.json" with { type: "json" };
import { numberAddedTokens } from "./addedIds.ts";
import { createPipeline } from "./pipeline.ts";
import { specialIdsOf } from "./specialIds.ts";
import { checkTokenizerJson, readVocabulary } from "./tokenizerJson.ts";

interface Texts {
  text: string;
  ids: number[];
  plain: number[];
  decoded: string;
  /** Without special tokens; then both of ids that were drawn. */
  skipped: string;
  drawn: number[];
  drawnDecoded: string;
  drawnSkipped: string;
}

interface Case {
  json: Record<string, unknown>;
  texts: Texts[];
}

function codecOf(json: Record<string, unknown>) {
  return readCodec(json).codec;
}

function readCodec(json: Record<string, unknown>) {
  const file = checkTokenizerJson(json, "file");
  const idOf = readVocabulary(file.model.vocab, "file");
  const checked = { ...file, added_tokens: numberAddedTokens(file.added_tokens, idOf) };
  const existing = new Set([...idOf.values(), ...checked.added_tokens.map(({ id }) => id)]);
  const special = specialIdsOf(checked, "file");
  const codec = createPipeline(checked, idOf, "file");
  const decode = (ids: number[], skip = false) =>
    codec.decode(ids.filter((id) => existing.has(id) && !(skip && special.has(id))));
  return { codec, decode };
}

test(`random tokenizers of tokenizers ${fixture.version}`, () => {
  let seen = 0;
  for (const { json, texts } of fixture.cases as unknown as Case[]) {
    const { codec, decode } = readCodec(json);
    for (const { text, ids, plain, decoded, skipped, drawn, drawnDecoded, drawnSkipped } of texts) {
      expect([text, codec.encode(text, true)]).toEqual([text, ids]);
      expect([text, codec.encode(text, false)]).toEqual([text, plain]);
      expect([text, decode(ids), decode(ids, true)]).toEqual([text, decoded, skipped]);
      expect([drawn, decode(drawn), decode(drawn, true)]).toEqual([drawn, drawnDecoded, drawnSkipped]);
      seen++;
    }
  }
  expect(seen).toBe(360);
});

const bytes = Array.from({ length: 256 }, (_, byte) => [`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, -5]);
const unigram = (parts: Record<string, unknown> = {}) => ({
  model: { type: "Unigram", unk_id: 0, byte_fallback: true, vocab: [["<unk>", 0], ["a", -1], ["aa", -1.5], ...bytes] },
  ...parts,
});

test("an added token of which the normalizer leaves nothing is refused by name", () => {
  const flags = { lstrip: false, rstrip: false, single_word: false, normalized: true, special: false };
  const parts = { added_tokens: [{ id: 3, content: "  ", ...flags }], normalizer: { type: "Strip" } };
  expect(() => codecOf(unigram(parts))).toThrow('the normalizer leaves nothing of "  ", which is "normalized"');
});

describe("long and hostile texts", () => {
  test("Unigram on 260,000 characters without a space", () => {
    const ids = codecOf(unigram()).encode("a".repeat(260_000), false);
    expect([ids.length, ids[0]]).toEqual([130_000, 2]);
  });

  test("added tokens beside 100,000 spaces are looked at once", () => {
    const flags = { single_word: true, normalized: false, special: true };
    const added_tokens = [
      { id: 259, content: "<l>", lstrip: true, rstrip: false, ...flags },
      { id: 260, content: "<r>", lstrip: false, rstrip: true, ...flags },
    ];
    const spaces = " ".repeat(100_000);
    expect(codecOf(unigram({ added_tokens })).encode(`${spaces}<l><r>${spaces}<l>`, false)).toEqual([259, 260, 259]);
  });

  test.each<[name: string, parts: Record<string, unknown>, message: string]>([
    [
      "a Replace that grows",
      { type: "Replace", pattern: { String: "a" }, content: "a".repeat(100_000) },
      "makes a text",
    ],
    [
      "a chain of them",
      {
        type: "Sequence",
        normalizers: Array.from({ length: 12 }, () => ({
          type: "Replace",
          pattern: { String: "a" },
          content: "a".repeat(50),
        })),
      },
      "makes a text",
    ],
    ["exponential time", { type: "Replace", pattern: { Regex: "(a+)+b" }, content: "" }, "takes too many steps"],
  ])("%s ends with one error", (_, normalizer, message) => {
    const codec = codecOf(unigram({ normalizer }));
    expect(() => codec.encode(`${"a".repeat(3000)}c`, false)).toThrow(message);
  });

  test("a row of 50 MB ends with one error", () => {
    const text = "a ".repeat(25_000_000);
    expect(() => codecOf(unigram()).encode(text, false)).toThrow("at most 16000000 characters, found one of 50000000");
    const word = "a".repeat(5_000_000);
    expect(() => codecOf(unigram()).encode(word, false)).toThrow("words of at most 4000000 characters");
  });

  test("kinds that are refused are named", () => {
    expect(() => codecOf(unigram({ pre_tokenizer: { type: "UnicodeScripts" } }))).toThrow('type "UnicodeScripts"');
    expect(() => codecOf({ model: { type: "BPE", dropout: 0.1, vocab: {}, merges: [] } })).toThrow("dropout 0.1");
    const processors = [0, 1].map((id) => ({ type: "BertProcessing", cls: ["a", id], sep: ["b", id] }));
    expect(() => codecOf(unigram({ post_processor: { type: "Sequence", processors } }))).toThrow("more than one");
    const twice = { type: "TemplateProcessing", single: [{ Sequence: { id: "A" } }, { Sequence: { id: "A" } }] };
    expect(() => codecOf(unigram({ post_processor: twice }))).toThrow("the text ($A) once");
  });
});
