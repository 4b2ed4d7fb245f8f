/** @file Ids and texts of the kinds of tokenizers that models have equal those of Hugging Face's tokenizers. */
import { describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/tokenizers.json" with { type: "json" };
import { createBpePipeline } from "./bpePipeline.ts";
import { Tokenizer } from "./tokenizer.ts";
import { checkTokenizerJson, readVocabulary } from "./tokenizerJson.ts";

const kinds = Object.entries(fixture.kinds);
const load = (name: string, json: unknown) =>
  new Tokenizer({
    ...{ json: structuredClone(json) as Record<string, unknown>, config: {}, isGpt2: false, where: name },
    name_or_path: name,
  });

describe(`tokenizers ${fixture.version}`, () => {
  test.each(kinds)("%s", (name, { json, texts, lists }) => {
    const tokenizer = load(name, json);
    expect(texts.length).toBeGreaterThan(60);
    for (const { text, ids } of texts) expect(tokenizer.encode(text), text).toEqual(ids);
    for (const { ids, decoded } of [...texts, ...lists]) expect(tokenizer.decode(ids)).toBe(decoded);
  });

  test.each(kinds)("%s: continuations at the cost of each part once", (name, { json, texts }) => {
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

  test("all of them but Unigram have a codec of their own", () => {
    const own = kinds.filter(([name, { json }]) => {
      const checked = checkTokenizerJson(structuredClone(json) as Record<string, unknown>, name);
      return createBpePipeline(checked, readVocabulary(checked.model.vocab, name), name) !== undefined;
    });
    expect(own.map(([name]) => name)).toEqual(kinds.map(([name]) => name).filter((name) => name !== "unigram"));
    expect(own.length).toBe(9);
  });
});

test("a text of 40,000 characters that is one word takes no square of time", () => {
  const [name, { json }] = kinds.find(([kind]) => kind === "llama 2")!;
  const tokenizer = load(name, json);
  const line = "Is a higher octane gasoline better for your car? ";
  const before = performance.now();
  const ids = tokenizer.encode(line.repeat(800));
  expect(performance.now() - before).toBeLessThan(2000);
  expect(tokenizer.decode(ids.slice(1))).toBe(line.repeat(800));
});
