/** @file The classes that transformers' AutoTokenizer makes, whose parts differ from tokenizer.json's. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import fixture from "../../../test/fixtures/tokenizer-classes.json" with { type: "json" };
import { DecodeStream } from "./decodeStream.ts";
import { AutoTokenizer } from "./loadTokenizer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-tokenizer-classes-"));

interface Case {
  json: Record<string, unknown>;
  config: Record<string, unknown>;
  model_type: string;
  /** transformers' class. */
  made: string;
  /** Further files: name -> content. */
  files: Record<string, unknown>;
  /** special_tokens_map */
  named: Record<string, string>;
  length: number;
  vocabulary: string;
  texts: { text: string; ids: number[]; plain: number[]; decoded: string; shown: string }[];
}

const cases = Object.entries(fixture.cases as unknown as Record<string, Case>);
const vocabularies = fixture.vocabularies as Record<string, object>;

function write(name: string, { json, config, model_type, files, vocabulary }: Case): string {
  const place = join(folder, name);
  mkdirSync(place);
  const whole = { ...json, model: { ...(json.model as object), ...vocabularies[vocabulary] } };
  const all = { "tokenizer.json": whole, "tokenizer_config.json": config, "config.json": { model_type }, ...files };
  for (const [file, content] of Object.entries(all)) writeFileSync(join(place, file), JSON.stringify(content));
  return place;
}

describe(`transformers ${fixture.versions.transformers}`, () => {
  test.each(cases)("%s", async (name, expected) => {
    const tokenizer = await AutoTokenizer.from_pretrained(write(name, expected));
    for (const { text, ids, plain, decoded, shown } of expected.texts) {
      expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
      expect(tokenizer.encode(text, { add_special_tokens: false })).toEqual(plain);
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skip_special_tokens: true })).toBe(shown);
    }
    expect(tokenizer.special_tokens_map).toEqual(expected.named);
    expect(tokenizer.vocabSize).toBe(expected.length);
    const alone = join(folder, name, "saved"); // as in a run's folder: no config.json names the model's type
    mkdirSync(alone);
    await tokenizer.save_pretrained(alone);
    const saved = JSON.parse(readFileSync(join(alone, "tokenizer_config.json"), "utf8"));
    if (expected.made === "TokenizersBackend") expect(saved.tokenizer_class).toBe("PreTrainedTokenizerFast");
    const again = await AutoTokenizer.from_pretrained(alone);
    for (const { text, ids, shown } of expected.texts) {
      expect(again.encode(text)).toEqual(ids);
      expect(again.decode(ids, { skip_special_tokens: true })).toBe(shown);
    }
    expect(again.special_tokens_map).toEqual(expected.named);
  });

  test.each(cases)("%s: a stream of its texts is their text, in time proportional to it", async (name, { texts }) => {
    const tokenizer = await AutoTokenizer.from_pretrained(join(folder, name));
    const once = texts.flatMap(({ ids }) => ids);
    const ids = Array.from({ length: 6 }, () => once).flat();
    const decode = vi.spyOn(tokenizer, "decode");
    for (const skip_special_tokens of [false, true]) {
      const stream = new DecodeStream(tokenizer, { skip_special_tokens });
      const text = ids.map((id) => stream.push(id)).join("") + stream.end();
      const decoded = decode.mock.calls.reduce((sum, [all]) => sum + (all as number[]).length, 0);
      expect(decoded).toBeLessThan(90 * ids.length);
      expect(text).toBe(tokenizer.decode(ids, { skip_special_tokens }));
      decode.mockClear();
    }
  });

  test("the number of cases", () => expect(cases.length).toBe(66));
});

test.each(["T5Tokenizer", "ByT5Tokenizer", "WhisperTokenizerFast"])(
  "%s is refused by name",
  async (tokenizer_class) => {
    const [, first] = cases[0];
    const place = write(tokenizer_class, { ...first, config: { tokenizer_class } });
    const message = `tokenizer_class ${tokenizer_class.replace(/Fast$/, "")} is not supported`;
    await expect(AutoTokenizer.from_pretrained(place)).rejects.toThrow(message);
  },
);
