/** @file The embedded model's folder: its tokenizer, which the scripts make in the same way, and its weights. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { makeEntries, pretrainingTexts } from "../../scripts/demo/entries.ts";
import { END_OF_TEXT, VOCABULARY } from "../../scripts/demo/settings.ts";
import { trainTokenizer } from "../../scripts/demo/tokenizerTraining.ts";
import { tokenizerFiles } from "../../scripts/demo/writeTokenizer.ts";
import { AutoTokenizer } from "../../src/data/tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "../../src/data/tokenizers/tokenizer.ts";
import { fromFloat32 } from "../../src/formats/narrowFloats.ts";
import { toFloat32 } from "../../src/formats/safetensors.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";

const demo = fileURLToPath(new URL("../../demo", import.meta.url));
const folder = join(demo, "everyday-gpt2");
const floatToHalf = (value: number) => new Uint16Array(fromFloat32(Float32Array.of(value), "F16").buffer)[0];

describe("the tokenizer", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await AutoTokenizer.from_pretrained(folder);
  });

  it("equals the one that the scripts train", () => {
    const trained = trainTokenizer(pretrainingTexts(makeEntries()), { size: VOCABULARY, endOfText: END_OF_TEXT });
    for (const [name, text] of tokenizerFiles(trained)) expect(readFileSync(join(folder, name), "utf8")).toBe(text);
  });

  it("decodes every text that it encodes", () => {
    const texts = [...pretrainingTexts(makeEntries()), "Größe: 5 € (日本語)\n\n\tend 🙂", " ", ""];
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it("has GPT-2's form: bytes first, the end of text last", () => {
    expect(tokenizer.vocabSize).toBe(VOCABULARY);
    expect(tokenizer.eos_token_id).toBe(VOCABULARY - 1);
    expect(tokenizer.encode("!")).toEqual([0]);
    expect(tokenizer.encode(`Why?${END_OF_TEXT}`).at(-1)).toBe(VOCABULARY - 1);
  });

  it("starts a token at the start of an answer", () => {
    for (const { prompt, direct } of makeEntries()) {
      const ids = tokenizer.encode(prompt);
      expect(tokenizer.encode(prompt + direct).slice(0, ids.length)).toEqual(ids);
    }
  });
});

describe("the model", () => {
  it("is a GPT-2 of at most 5 M parameters, in a folder that fits into the package", async () => {
    const { architecture, weights, generationConfig } = await loadModel(folder);
    const sizes = [...architecture.parameters.values()].map((shape) =>
      (shape as readonly number[]).reduce((product, n) => product * n, 1),
    );
    expect(sizes.reduce((a, b) => a + b)).toBeLessThanOrEqual(5_000_000);
    expect(architecture.vocabSize).toBe(VOCABULARY);
    expect([...weights.values()].every(({ as }) => as === "F16")).toBe(true);
    expect(generationConfig.eos_token_id).toBe(VOCABULARY - 1);
    const files = readdirSync(demo, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(demo, name)));
    const bytes = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
    expect(bytes).toBeLessThanOrEqual(10 * 2 ** 20);
  });

  it("is saved in float16, rounded to nearest", () => {
    const halves = Uint16Array.from({ length: 0x7c00 }, (_, i) => i); // all positive finite values
    const values = toFloat32(new Uint8Array(halves.buffer), "F16", "halves");
    const wrong = [...values.keys()].filter(
      (i) => floatToHalf(values[i]) !== i || floatToHalf(-values[i]) !== i + 0x8000,
    );
    expect(wrong).toEqual([]);
    const tie = (i: number) => (values[i] + values[i + 1]) / 2; // exact in float32: goes to the even one
    for (const i of [0, 1, 1022, 1023, 1024, 0x3bff, 0x3c00, 0x7bfe]) {
      expect(floatToHalf(tie(i))).toBe(i % 2 === 0 ? i : i + 1);
      expect(floatToHalf(tie(i) * (1 - 2 ** -20))).toBe(i);
      expect(floatToHalf(tie(i) * (1 + 2 ** -20))).toBe(i + 1);
    }
  });
});
