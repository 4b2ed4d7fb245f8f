/** @file CausalLM on a small decoder: every form of input, options and their order, turns, warnings, disposal. */
import { describe, expect, it, vi } from "vitest";
import { byteTokenizer } from "../../test/support/byteTokenizer.ts";
import { TableDecoder } from "../../test/support/tableDecoder.ts";
import { GenerationConfig } from "../config/GenerationConfig.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { CausalLM } from "./causalLM.ts";

const tokenizer = byteTokenizer();

const loadedWith = (generationConfig: Record<string, unknown>) => {
  const config = { eos_token_id: 256, bos_token_id: 256 };
  return { config, configFile: "config.json", generationConfig } as unknown as LoadedModel;
};

function makeModel(generationConfig: Record<string, unknown> = {}) {
  const decoder = new TableDecoder({ vocabSize: tokenizer.vocabSize, maxPositions: 48 });
  const opened: TableDecoder[] = [];
  const warnings: string[] = [];
  const model = new CausalLM({
    nameOrPath: "table",
    loaded: loadedWith(generationConfig),
    adapter: undefined,
    loadTokenizer: async () => tokenizer,
    openDecoder: async () => {
      opened.push(decoder);
      return decoder;
    },
  });
  const onWarning = (line: string) => warnings.push(line);
  return { model, decoder, opened, warnings, onWarning };
}

describe("CausalLM", () => {
  it("warns once about a text that begins with two bos tokens, not about ids", async () => {
    const { model, warnings, onWarning } = makeModel();
    const text = "<|endoftext|><|endoftext|>Once";
    const options = { max_new_tokens: 1, onWarning };
    await model.generate(tokenizer.encode(text), options);
    await model.generate("<|endoftext|>Once", options);
    expect(warnings).toEqual([]);
    for (let i = 0; i < 2; i++) await model.generate(["Once", text], options);
    expect(warnings).toEqual([expect.stringContaining("a prompt begins with two bos tokens")]);
  });

  it("accepts a text, texts, ids, and the tokenizer's output with options", async () => {
    const { model, opened } = makeModel();
    const options = { max_new_tokens: 6 };
    const [expected] = await model.generate("Once", options);
    expect(expected.slice(0, 4)).toEqual(tokenizer.encode("Once"));
    expect(expected).toHaveLength(10);
    expect((await model.generate(["Once"], options))[0]).toEqual(expected);
    expect((await model.generate(tokenizer.encode("Once"), options))[0]).toEqual(expected);
    const generation_config = new GenerationConfig({ max_new_tokens: 6, pad_token_id: tokenizer.eos_token_id });
    const outputs = await model.generate({ ...tokenizer("Once"), generation_config });
    expect(outputs[0]).toEqual(expected);
    expect(tokenizer.decode(outputs[0], { skip_special_tokens: true })).toBe(`Once${outputs.texts[0]}`);
    expect((await model.generate({ ...tokenizer(["Once", "On"]) }, { generation_config }))[0]).toEqual(expected);
    expect(opened).toHaveLength(1);
  });

  it("reads special tokens from config.json without a generation_config.json, and accepts an empty prompt", async () => {
    const { model } = makeModel();
    expect(model.generation_config).toEqual({ bos_token_id: 256, eos_token_id: 256, pad_token_id: undefined });
    expect((await model.generate("", { max_new_tokens: 2 }))[0][0]).toBe(256);
    expect(makeModel({ eos_token_id: 5 }).model.generation_config).toEqual({ eos_token_id: 5 });
  });

  it("model.generation_config applies unless a call overrides it", async () => {
    const { model } = makeModel();
    model.generation_config.max_new_tokens = 3;
    expect((await model.generate("a")).completions[0]).toHaveLength(3);
    expect((await model.generate("a", { max_new_tokens: 2 })).completions[0]).toHaveLength(2);
  });

  it("streams the same text, and stops when the consumer leaves", async () => {
    const { model } = makeModel();
    const whole = await model.generate(["Once", "b"], { max_new_tokens: 8 });
    const texts = ["", ""];
    for await (const { index, text } of model.generateStream(["Once", "b"], { max_new_tokens: 8 }))
      texts[index] += text;
    expect(texts).toEqual(whole.texts);
    for await (const { id } of model.generateStream("Once", { max_new_tokens: 8 })) {
      expect(id).toBe(whole.completions[0][0]);
      break;
    }
    expect((await model.generate("Once", { max_new_tokens: 8 })).completions[0]).toEqual(whole.completions[0]);
  });

  it("ends a stream in the background if its reader makes another call, disposes, or stops reading", async () => {
    const { model } = makeModel();
    const options = { max_new_tokens: 8 };
    const whole = await model.generate("Once", options);
    let streamed = "";
    for await (const { text } of model.generateStream("Once", options)) {
      streamed += text;
      const nested = await model.generate("Once", options);
      expect(nested.completions).toEqual(whole.completions);
    }
    expect(streamed).toBe(whole.texts[0]);
    await model.generateStream("Once", options).next(); // reads no further
    expect((await model.generate("Once", options)).completions).toEqual(whole.completions);
    const ids: number[] = [];
    for await (const { id } of model.generateStream("Once", options)) {
      ids.push(id);
      await model.dispose();
    }
    expect(ids).toEqual(whole.completions[0]);
    await expect(model.generateStream("Once", options).next()).rejects.toThrow("generate after dispose()");
  });

  it("computes no further token once the reader of a stream has left", async () => {
    const { model, decoder } = makeModel();
    const calls = vi.spyOn(decoder, "step");
    for await (const _ of model.generateStream("Once", { max_new_tokens: 40 })) break;
    expect(calls.mock.calls.length).toBeLessThan(5);
  });

  it("serves calls one after another, also after one that failed", async () => {
    const { model } = makeModel();
    const alone = await model.generate("Once", { max_new_tokens: 8 });
    const failing = model.generate("x".repeat(60), { max_new_tokens: 1 });
    const [first, second, failed] = await Promise.allSettled([
      model.generate("Once", { max_new_tokens: 8 }),
      model.generate("Once", { max_new_tokens: 8 }),
      failing,
    ]);
    for (const result of [first, second]) {
      expect(result).toMatchObject({ status: "fulfilled" });
      if (result.status === "fulfilled") expect(result.value.completions).toEqual(alone.completions);
    }
    expect(failed).toMatchObject({
      status: "rejected",
      reason: { message: expect.stringMatching(/60 tokens, the model has 48/) },
    });
  });

  it("warns once about options without effect", async () => {
    const { model, warnings, onWarning } = makeModel();
    const options = { temperature: 0.5, max_new_tokens: 60, onWarning };
    const { completions } = await model.generate("Once", options);
    await model.generate("Once", options);
    expect(completions[0]).toHaveLength(44);
    expect(warnings).toEqual([
      "temperature: 0.5 has no effect without do_sample: true",
      "max_new_tokens: 60 is too many, the model's 48 positions leave 44 after a prompt of 4 tokens",
    ]);
  });

  it("frees the decoder once, after running calls, and refuses further ones", async () => {
    const { model, decoder } = makeModel();
    const running = model.generate("Once", { max_new_tokens: 4 });
    await model.dispose();
    await model.dispose();
    expect((await running).completions[0]).toHaveLength(4);
    expect(decoder.isDisposed).toBe(true);
    await expect(model.generate("Once")).rejects.toThrow("generate after dispose()");
    await makeModel().model.dispose(); // nothing was ever opened
  });
});
