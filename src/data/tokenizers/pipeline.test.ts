/** @file Ids and texts equal those of Hugging Face's tokenizers for the tokenizers of common models. */
import { describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/tokenizers.json" with { type: "json" };
import { Tokenizer } from "./tokenizer.ts";

const kinds = Object.entries(fixture.kinds);
const load = (name: string, json: unknown) =>
  new Tokenizer({
    json: structuredClone(json) as Record<string, unknown>,
    config: {},
    isGpt2: false,
    where: name,
    name_or_path: name,
  });

describe(`tokenizers ${fixture.version}`, () => {
  test.each(kinds)("%s", (name, { json, texts, lists }) => {
    const tokenizer = load(name, json);
    expect(texts.length).toBeGreaterThan(60);
    for (const { text, ids } of texts) expect(tokenizer.encode(text), text).toEqual(ids);
    for (const { ids, decoded } of [...texts, ...lists]) expect(tokenizer.decode(ids)).toBe(decoded);
  });

  test.each(kinds)("%s: continuations, with each part tokenized once", (name, { json, texts }) => {
    const tokenizer = load(name, json);
    let shared = 0;
    for (let i = 0; i + 2 < texts.length; i++) {
      const [text, ...continuations] = texts.slice(i, i + 3).map((one) => one.text);
      for (const add_special_tokens of [true, false]) {
        const branches = tokenizer.encodeBranches(text, continuations, { add_special_tokens });
        const whole = (part: string) => tokenizer.encode(part, { add_special_tokens });
        expect([...branches.shared, ...branches.prompt]).toEqual(whole(text));
        const continued = continuations.map((continuation) => whole(text + continuation));
        expect(branches.continued.map((ids) => [...branches.shared, ...ids])).toEqual(continued);
        shared += branches.shared.length;
      }
    }
    expect(shared).toBeGreaterThanOrEqual(0);
  });
});

test("a word of 40,000 characters does not take quadratic time", () => {
  const [name, { json }] = kinds.find(([kind]) => kind === "llama 2")!;
  const tokenizer = load(name, json);
  const line = "Is a higher octane gasoline better for your car? ";
  const before = performance.now();
  const ids = tokenizer.encode(line.repeat(800));
  expect(performance.now() - before).toBeLessThan(2000);
  expect(tokenizer.decode(ids.slice(1))).toBe(line.repeat(800));
});

describe("on a vocabulary of eleven tokens, as in tokenizers 0.23.3", () => {
  const vocab = { "<unk>": 0, a: 1, t: 2, h: 3, e: 4, "<0xC3>": 5, "<0xA9>": 6, "1": 7, "!": 8, " ": 9, "\n": 10 };
  const flags = { fuse_unk: true, byte_fallback: true, ignore_merges: true, unk_token: "<unk>" };
  const token = { id: 11, content: "the", single_word: true, lstrip: false, rstrip: false, normalized: false };
  const split = (pattern: string) => ({
    pre_tokenizer: { type: "Split", pattern: { Regex: pattern }, behavior: "Removed", invert: false },
  });
  test.each<[what: string, parts: Record<string, unknown>, text: string, ids: number[]]>([
    ["no word becomes an added token", split("1"), "1the the", [2, 3, 4, 9, 11]],
    ["unknown characters come after bytes", {}, "€é€a", [5, 6, 0, 1]],
    ["^ and $ match at line boundaries", split("^a|e$"), "ae\nae\nta", [10, 10, 2, 1]],
    ["Punctuation", { pre_tokenizer: { type: "Punctuation", behavior: "Removed" } }, "a!e", [1, 4]],
    ["WhitespaceSplit", { pre_tokenizer: { type: "WhitespaceSplit" } }, "a e\nt", [1, 4, 2]],
    ["StripAccents", { normalizer: { type: "StripAccents" } }, "a\u0301e", [1, 4]],
  ])("%s", (what, parts, text, ids) => {
    const json = { added_tokens: [token], model: { type: "BPE", vocab, merges: [], ...flags }, ...parts };
    expect(load(what, json).encode(text)).toEqual(ids);
  });
});
