/** @file The beam search loop on a small decoder: compared with all possible texts, in batches, sampled, stopped. */
import { describe, expect, it } from "vitest";
import { TableDecoder } from "../../test/support/tableDecoder.ts";
import type { GenerationConfigInput } from "../config/GenerationConfig.ts";
import { type GenerationText, generateAll, streamText } from "./generate.ts";
import { logSoftmax } from "./scores.ts";
import { generationSettings } from "./settings.ts";

const VOCAB = 60;
const prompts = [[7, 10], [10, 20, 30, 40, 50], [7]];

/** A letter each. */
const text: GenerationText = {
  decode: (ids) => String.fromCharCode(...ids.map((id) => 65 + id)),
  stream: () => ({ push: (id) => String.fromCharCode(65 + id), end: () => "" }),
};

function request(call: GenerationConfigInput, given = prompts, options: { vocabSize?: number; seed?: number } = {}) {
  const decoder = new TableDecoder({ vocabSize: VOCAB, maxPositions: 40, ...options });
  const { settings } = generationSettings({ call });
  return { decoder, prompts: given, settings, text };
}

const search = (call: GenerationConfigInput, given = prompts) => generateAll(request(call, given));

/** Sum of the log-probabilities of a completion, by one decoder call per token. */
async function scoreOf(decoder: TableDecoder, prompt: readonly number[], completion: readonly number[]) {
  let sum = 0;
  for (const [i, id] of completion.entries()) {
    await decoder.reset();
    const seen = Int32Array.from([...prompt, ...completion.slice(0, i)]);
    const logits = await decoder.step(
      seen,
      seen.map((_, at) => at),
      { batch: 1, length: seen.length },
    );
    sum += logSoftmax(logits)[id];
  }
  return sum;
}

describe("generateBeams", () => {
  it("finds the likeliest text if the beams can hold all of them", async () => {
    const vocabSize = 4;
    const call = { num_beams: 16, num_return_sequences: 16, max_new_tokens: 3, length_penalty: 0 };
    const one = request(call, [[2, 1]], { vocabSize });
    const found = await generateAll(one);
    const all: { completion: number[]; score: number }[] = [];
    for (let n = 0; n < vocabSize ** 3; n++) {
      const completion = [Math.floor(n / 16), Math.floor(n / 4) % 4, n % 4];
      all.push({ completion, score: await scoreOf(one.decoder, [2, 1], completion) });
    }
    all.sort((a, b) => b.score - a.score);
    expect(found.completions).toEqual(all.slice(0, 16).map(({ completion }) => completion));
    for (const [i, { score }] of all.slice(0, 16).entries()) expect(found.sequences_scores?.[i]).toBeCloseTo(score, 5);
  });

  it("the score is that of the text, divided by its length ** length_penalty; the best comes first", async () => {
    const call = {
      num_beams: 4,
      num_return_sequences: 4,
      max_new_tokens: 12,
      length_penalty: 0.7,
      eos_token_id: [1, 2],
    };
    const one = request(call);
    const { completions, sequences_scores = [] } = await generateAll(one);
    expect(completions).toHaveLength(12);
    for (const [i, completion] of completions.entries()) {
      const score = await scoreOf(one.decoder, prompts[Math.floor(i / 4)], completion);
      expect(sequences_scores[i]).toBeCloseTo(score / completion.length ** 0.7, 4);
      if (i % 4 > 0) expect(sequences_scores[i]).toBeLessThanOrEqual(sequences_scores[i - 1]);
    }
  });

  it("is no worse than greedy decoding, and differs from it", async () => {
    const greedy = await search({ max_new_tokens: 8 });
    const beams = request({ num_beams: 6, max_new_tokens: 8 });
    const found = await generateAll(beams);
    expect(found.completions).not.toEqual(greedy.completions);
    for (const [i, prompt] of prompts.entries()) {
      const best = await scoreOf(beams.decoder, prompt, found.completions[i]);
      expect(best).toBeGreaterThanOrEqual(await scoreOf(beams.decoder, prompt, greedy.completions[i]));
    }
  });

  const eos_token_id = [3, 11, 19, 27, 35];
  it.each([
    { early_stopping: true },
    { early_stopping: false, length_penalty: -1 },
    { early_stopping: "never" as const, repetition_penalty: 1.4, no_repeat_ngram_size: 2 },
    { do_sample: true, temperature: 1.3, seed: 5 },
    { do_sample: true, top_k: 7, top_p: 0.9, seed: 6, early_stopping: true },
  ])("a batch of prompts gives the same as each prompt alone: %o", async (options) => {
    const call = { num_beams: 3, num_return_sequences: 2, max_new_tokens: 15, eos_token_id, ...options };
    const together = await search(call);
    expect(new Set(together.completions.map(({ length }) => length)).size).toBeGreaterThan(1);
    for (const [i, prompt] of prompts.entries()) {
      const alone = await search(call, [prompt]);
      expect(together.completions.slice(2 * i, 2 * i + 2)).toEqual(alone.completions);
      expect(together.sequences_scores?.slice(2 * i, 2 * i + 2)).toEqual(alone.sequences_scores);
      expect(together.finishReasons.slice(2 * i, 2 * i + 2)).toEqual(alone.finishReasons);
    }
  });

  it("samples: the seed reproduces the texts, another seed gives others, equal prompts differ", async () => {
    const call = { num_beams: 3, do_sample: true, temperature: 1.5, top_k: 0, max_new_tokens: 10, seed: 1 };
    const [first, second] = (await search(call, [prompts[0], prompts[0]])).completions;
    expect(first).not.toEqual(second);
    expect((await search(call, [prompts[0]])).completions).toEqual([first]);
    expect((await search({ ...call, seed: 2 }, [prompts[0]])).completions).not.toEqual([first]);
  });

  it("a warper keeps more tokens per beam than there are end tokens", async () => {
    const call = { num_beams: 2, do_sample: true, top_k: 1, seed: 3, max_new_tokens: 6, num_return_sequences: 2 };
    const { completions } = await search({ ...call, eos_token_id: [1, 2, 3] });
    for (let i = 0; i < completions.length; i += 2) expect(completions[i]).not.toEqual(completions[i + 1]);
  });

  it("stop strings, lengths and the model's positions end a text", async () => {
    const [free] = (await search({ num_beams: 3, max_new_tokens: 9 }, [prompts[0]])).texts;
    const call = { num_beams: 3, max_new_tokens: 9, stop_strings: free.slice(2, 4), early_stopping: true };
    const stopped = await search({ ...call, num_return_sequences: 3 }, [prompts[0]]);
    expect(stopped.finishReasons).toContain("stop_sequence");
    for (const [i, found] of stopped.texts.entries()) {
      expect(found.slice(0, -1)).not.toContain(free.slice(2, 4));
      expect(stopped.finishReasons[i]).toBe(found.endsWith(free.slice(2, 4)) ? "stop_sequence" : "length");
    }
    const lengths = (output: { completions: number[][] }) => output.completions.map(({ length }) => length);
    expect(lengths(await search({ num_beams: 2, max_length: 8 }))).toEqual([6, 3, 7]);
    expect(lengths(await search({ num_beams: 2, max_new_tokens: 99 }, [prompts[1]]))).toEqual([35]);
    const min = { num_beams: 3, max_new_tokens: 9, min_new_tokens: 5, eos_token_id, num_return_sequences: 3 };
    for (const length of lengths(await search(min))) expect(length).toBeGreaterThanOrEqual(6);
  });

  it("pads like transformers: shorter answers with the pad token, or with eos if that is 0", async () => {
    const call = { num_beams: 3, num_return_sequences: 3, max_new_tokens: 15, eos_token_id };
    const fills = async (pad_token_id: number) => {
      const output = await search({ ...call, pad_token_id });
      const width = 5 + Math.max(...output.completions.map(({ length }) => length));
      expect(output.map(({ length }) => length)).toEqual(new Array(9).fill(width));
      expect(output[0].slice(0, 5)).toEqual([pad_token_id, pad_token_id, pad_token_id, ...prompts[0]]);
      return new Set(output.flatMap((ids, i) => ids.slice(5 + output.completions[i].length)));
    };
    expect(await fills(58)).toEqual(new Set([58]));
    expect(await fills(0)).toEqual(new Set([3]));
  });

  it("throws if every token is banned, and can't be streamed", async () => {
    const banned = request({ num_beams: 2, no_repeat_ngram_size: 1, max_new_tokens: 5 }, [[1]], { vocabSize: 3 });
    await expect(generateAll(banned)).rejects.toThrow("token 2 of the completion: expected finite scores, found every");
    const one = request({ num_beams: 2, max_new_tokens: 5 });
    await expect(generateAll(one, () => {})).rejects.toMatchObject({ code: "config" });
    await expect(streamText(one).next()).rejects.toThrow("beam search can't be streamed");
    expect(one.decoder.steps).toBe(0);
  });

  it("stops between two steps on a signal; one step is one decoder call", async () => {
    const controller = new AbortController();
    const one = request({ num_beams: 3, max_new_tokens: 8 });
    await generateAll(one);
    expect(one.decoder.steps).toBe(8);
    const step = one.decoder.step.bind(one.decoder);
    one.decoder.step = (...args) => {
      if (one.decoder.steps === 10) controller.abort("enough");
      return step(...args);
    };
    const stopped = generateAll({ ...one, signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted", cause: "enough" });
    expect(one.decoder.steps).toBe(11);
  });
});
