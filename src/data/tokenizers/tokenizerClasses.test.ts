/** @file The classes that transformers' AutoTokenizer makes, whose parts differ from tokenizer.json's. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/tokenizer-classes.json" with { type: "json" };
import { AutoTokenizer } from "./loadTokenizer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-tokenizer-classes-"));

interface Case {
  json: Record<string, unknown>;
  config: Record<string, unknown>;
  model_type: string;
  named: Record<string, string>;
  length: number;
  vocabulary: string;
  texts: { text: string; ids: number[]; plain: number[]; decoded: string; shown: string }[];
}

const cases = Object.entries(fixture.cases as unknown as Record<string, Case>);
const vocabularies = fixture.vocabularies as Record<string, object>;

function write(name: string, { json, config, model_type, vocabulary }: Case): string {
  const place = join(folder, name);
  mkdirSync(place);
  const whole = { ...json, model: { ...(json.model as object), ...vocabularies[vocabulary] } };
  writeFileSync(join(place, "tokenizer.json"), JSON.stringify(whole));
  writeFileSync(join(place, "tokenizer_config.json"), JSON.stringify(config));
  writeFileSync(join(place, "config.json"), JSON.stringify({ model_type }));
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
    const { bos_token, eos_token, unk_token, pad_token, vocabSize } = tokenizer;
    const named = { bos_token, eos_token, unk_token, pad_token };
    expect(Object.fromEntries(Object.entries(named).filter(([, token]) => token !== null))).toEqual(expected.named);
    expect(vocabSize).toBe(expected.length);
    await tokenizer.save_pretrained(join(folder, name));
    const again = await AutoTokenizer.from_pretrained(join(folder, name));
    for (const { text, ids } of expected.texts) expect(again.encode(text)).toEqual(ids);
  });

  test("the number of cases", () => expect(cases.length).toBe(42));
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
