/**
 * @file Generation equal to transformers' in every way: alone, in a batch, streamed, with the pipeline, for every model
 * of generation/greedy.json. PREFINE_REFERENCE names another folder of the same layout.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AutoTokenizer } from "../../src/data/tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "../../src/data/tokenizers/tokenizer.ts";
import type { CausalLM, GenerateOptions } from "../../src/generation/causalLM.ts";
import { AutoModelForCausalLM } from "../../src/pretrained/autoModel.ts";
import { pipeline } from "../../src/pretrained/pipeline.ts";
import { hasReference, isElsewhere, needsReference, ownReference, referenceFolder } from "../support/shared.ts";

const folderOf = (model: string) => join(referenceFolder, "models", model);

interface Case {
  model: string;
  prompt: string;
  prompt_ids: number[];
  config: { do_sample: boolean; max_new_tokens: number; num_beams?: number };
  output_ids: number[];
  text: string;
}

const greedyFile = join(referenceFolder, "generation", "greedy.json");
const allCases = existsSync(greedyFile) ? (JSON.parse(readFileSync(greedyFile, "utf8")) as Case[]) : [];
const models = [...new Set(allCases.map(({ model }) => model))];

describe.skipIf(!hasReference)(`models that generate${needsReference}`, () => {
  it.skipIf(isElsewhere)("are five", () => expect(models).toHaveLength(5));
});

describe.skipIf(!hasReference).each(models)(`generation of %s${needsReference}`, (name) => {
  const cases = allCases.filter(({ model }) => model === name);
  const configs = [...new Map(cases.map(({ config }) => [JSON.stringify(config), config])).values()];
  let model: CausalLM;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    model = await AutoModelForCausalLM.from_pretrained(folderOf(name));
    tokenizer = await AutoTokenizer.from_pretrained(folderOf(name));
  });
  afterAll(() => model.dispose());

  it.skipIf(isElsewhere)("covers three prompts under five configs, one of them with beams", () => {
    expect(cases).toHaveLength(15);
    expect(configs).toHaveLength(5);
    expect(configs.filter(({ num_beams }) => num_beams === 4)).toHaveLength(1);
  });

  it.each(cases)("$prompt $config", async ({ prompt, prompt_ids, config, output_ids, text }) => {
    const generation_config = { ...config, pad_token_id: 0 };
    const inputs = tokenizer(prompt);
    expect(inputs.input_ids).toEqual(prompt_ids);
    const outputs = await model.generate({ ...inputs, generation_config });
    expect(outputs[0]).toEqual(output_ids);
    expect(tokenizer.decode(outputs[0], { skip_special_tokens: true })).toBe(text);
  });

  const casesOf = (config: Case["config"]) =>
    cases.filter((one) => one.config === config || JSON.stringify(one.config) === JSON.stringify(config));

  it.each(configs)("all prompts in one batch: %o", async (config) => {
    const expected = casesOf(config);
    const outputs = await model.generate(
      expected.map(({ prompt }) => prompt),
      { ...config, pad_token_id: 0 },
    );
    const longest = Math.max(...expected.map(({ prompt_ids }) => prompt_ids.length));
    const padding = (length: number) => new Array(length).fill(0);
    const padded = expected.map(({ prompt_ids, output_ids }) => [
      ...padding(longest - prompt_ids.length),
      ...output_ids,
    ]);
    const width = Math.max(...padded.map((ids) => ids.length));
    // rows that end before the others are padded after their end
    expect([...outputs]).toEqual(padded.map((ids) => [...ids, ...padding(width - ids.length)]));
  });

  it.each(configs.filter(({ num_beams }) => !num_beams))("all prompts in one batch, streamed: %o", async (config) => {
    const expected = casesOf(config);
    const prompts = expected.map(({ prompt }) => prompt);
    const ids: number[][] = prompts.map(() => []);
    const texts = prompts.map(() => "");
    for await (const { index, id, text } of model.generateStream(prompts, { ...config, pad_token_id: 0 })) {
      ids[index].push(id);
      texts[index] += text;
    }
    for (const [i, { prompt_ids, output_ids }] of expected.entries()) {
      const completion = output_ids.slice(prompt_ids.length);
      expect(ids[i]).toEqual(completion);
      expect(texts[i]).toBe(tokenizer.decode(completion, { skip_special_tokens: true }));
    }
    const outputs = await model.generate(prompts, { ...config, pad_token_id: 0 });
    expect(outputs.completions).toEqual(ids);
    expect(outputs.texts).toEqual(texts);
  });

  it("the pipeline's text is the prompt and the generated text", async () => {
    const generate = await pipeline("text-generation", { model, tokenizer });
    const [{ prompt, prompt_ids, config, output_ids }] = cases;
    const [{ generated_text }] = await generate(prompt, config);
    expect(generated_text).toBe(
      prompt + tokenizer.decode(output_ids.slice(prompt_ids.length), { skip_special_tokens: true }),
    );
  });

  it("sampling with a seed does not depend on the rest of the batch", async () => {
    const options = { do_sample: true, temperature: 0.8, seed: 4, max_new_tokens: 20 };
    const prompts = ["Tell me about", "Is a higher octane gasoline better for your car?"];
    const together = await model.generate(prompts, options);
    for (const [i, prompt] of prompts.entries()) {
      expect((await model.generate(prompt, options)).completions[0]).toEqual(together.completions[i]);
    }
    expect((await model.generate(prompts[0], { ...options, seed: 5 })).completions[0]).not.toEqual(
      together.completions[0],
    );
  });
});

interface FixtureCase {
  prompts: string[];
  options: GenerateOptions;
  output_ids: number[][];
}

interface Fixture {
  cases: FixtureCase[];
  beams: (FixtureCase & { scores: number[] })[];
  adapters: (FixtureCase & { adapter: string })[];
}

/** The fixture's model is next to the checkout. */
const hasOwn = existsSync(ownReference);
const needsOwn = hasOwn ? "" : " (SKIPPED: ../shared/reference is absent)";

describe.skipIf(!hasOwn)(`generation as in transformers and PEFT${needsOwn}`, () => {
  const folder = join(ownReference, "models", "tiny-gpt2");
  const file = new URL("../fixtures/generation.json", import.meta.url);
  const { cases, beams, adapters } = JSON.parse(readFileSync(file, "utf8")) as Fixture;
  const common = { do_sample: false, pad_token_id: 0, onWarning: () => {} };

  it("stop strings, end-of-sequence ids, lengths, penalties; alone and in batches", async () => {
    const model = await AutoModelForCausalLM.from_pretrained(folder);
    for (const { prompts, options, output_ids } of cases) {
      expect([...(await model.generate(prompts, { ...options, ...common }))], JSON.stringify(options)).toEqual(
        output_ids,
      );
    }
    expect(cases).toHaveLength(38);
    await model.dispose();
  });

  it("beams: ways to stop, length penalties, processors; alone and in batches", async () => {
    const model = await AutoModelForCausalLM.from_pretrained(folder);
    for (const { prompts, options, output_ids, scores } of beams) {
      const found = await model.generate(prompts, { ...options, ...common });
      expect([...found], JSON.stringify(options)).toEqual(output_ids);
      expect(found.sequences_scores).toHaveLength(scores.length);
      for (const [i, score] of scores.entries()) {
        const difference = Math.abs((found.sequences_scores?.[i] ?? 0) - score);
        expect(difference).toBeLessThan(1e-5 * Math.max(1, Math.abs(score)));
      }
    }
    expect(beams).toHaveLength(15);
    await model.dispose();
  });

  it.each(adapters)("$adapter", async ({ adapter, prompts, options, output_ids }) => {
    const before = process.cwd();
    process.chdir(ownReference); // the adapters name their base model relative to it
    try {
      const model = await AutoModelForCausalLM.from_pretrained(join("trajectories", adapter));
      expect([...(await model.generate(prompts, { ...options, ...common }))]).toEqual(output_ids);
      await model.dispose();
    } finally {
      process.chdir(before);
    }
  });

  it("the trained adapter changes the text, the initial one does not", async () => {
    expect(adapters).toHaveLength(3);
    const [initial, , trained] = adapters;
    expect(trained.output_ids).not.toEqual(initial.output_ids);
    const base = await AutoModelForCausalLM.from_pretrained(folder);
    expect([...(await base.generate(initial.prompts, { ...initial.options, ...common }))]).toEqual(initial.output_ids);
    await base.dispose();
  });
});
