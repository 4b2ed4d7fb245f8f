/** @file The class of every model type and of every class name that transformers knows. */
import { expect, test } from "vitest";
import fixture from "../../../test/fixtures/tokenizer-names.json" with { type: "json" };
import { FROM_FILE } from "./classOfModel.ts";
import { TOKENIZER_CLASSES } from "./classParts.ts";
import { REFUSED_CLASSES, tokenizerClassOf } from "./tokenizerClasses.ts";

const { models, names, versions } = fixture;
const choice = { named: undefined, modelType: undefined, hasOwnCode: false, isByteLevel: true };
/** Parts of other tokenizers, which no file names. */
const PARTS = ["AutoTokenizer", "BasicTokenizer", "CharacterTokenizer", "MecabTokenizer", "WordpieceTokenizer"];

test(`transformers ${versions.transformers}: the class of a model type without a name in its files`, () => {
  // gpt-sw3 has GPT-2's config, which has GPT-2's tokenizer; refused here
  const expected: Record<string, string> = { ...models, "gpt-sw3": "GPTSw3Tokenizer" };
  const found = Object.keys(expected).map((modelType) => [modelType, tokenizerClassOf({ ...choice, modelType })]);
  expect(Object.fromEntries(found)).toEqual(expected);
});

test("each name is made, refused, or read from tokenizer.json where transformers has no such class", () => {
  const wrong: [string, unknown, string][] = [];
  for (const [named, made] of Object.entries(names)) {
    if (PARTS.includes(named.replace(/Fast$/, ""))) continue;
    const found = tokenizerClassOf({ ...choice, named, isByteLevel: false });
    if (made === null || made === "PythonBackend" || made === FROM_FILE) {
      if (found !== FROM_FILE && (found in TOKENIZER_CLASSES || REFUSED_CLASSES.has(found)))
        wrong.push([named, made, found]);
      continue;
    }
    const isKnown = found in TOKENIZER_CLASSES || REFUSED_CLASSES.has(found);
    const canonical = tokenizerClassOf({ ...choice, named: made, isByteLevel: false });
    if (found !== canonical || !isKnown) wrong.push([named, made, found]);
  }
  expect(wrong).toEqual([]);
});
