/** @file The generation loop on a small decoder: batches, padding, every way to stop, streaming, seeds, signals. */
import { describe, expect, it, vi } from "vitest";
import { TableDecoder } from "../../test/support/tableDecoder.ts";
import type { GenerationConfigInput } from "../config/GenerationConfig.ts";
import { type GenerationText, generateAll, type StreamedText, streamText } from "./generate.ts";
import { generationSettings } from "./settings.ts";

const VOCAB = 300;
const prompts = [[72, 105], [10, 20, 30, 40, 50, 60], [7]];

/** One id per byte; 256-299 are one word each. Decoding replaces invalid UTF-8, streaming waits for the rest. */
const text: GenerationText = {
  decode: (ids) => Buffer.concat(ids.map(toBytes)).toString(),
  stream: () => {
    const decoder = new TextDecoder();
    return { push: (id) => decoder.decode(toBytes(id), { stream: true }), end: () => decoder.decode() };
  },
};
const toBytes = (id: number) => (id < 256 ? Buffer.of(id) : Buffer.from(` word${id}`));

function generate(call: GenerationConfigInput, given: ReadonlyArray<readonly number[]> = prompts, maxPositions = 64) {
  const decoder = new TableDecoder({ vocabSize: VOCAB, maxPositions });
  const { settings } = generationSettings({ call });
  return generateAll({ decoder, prompts: given, settings, text });
}

const sampling = { do_sample: true, temperature: 1.2, top_k: 0, seed: 11, max_new_tokens: 12, pad_token_id: 0 };

describe("generate", () => {
  it("greedy: each token is the likeliest after the last, in one call per token", async () => {
    const decoder = new TableDecoder({ vocabSize: VOCAB, maxPositions: 64 });
    const { settings } = generationSettings({ call: { max_new_tokens: 9 } });
    const output = await generateAll({ decoder, prompts: [prompts[0]], settings, text });
    expect(decoder.steps).toBe(9);
    expect(output[0].slice(0, 2)).toEqual(prompts[0]);
    for (let n = 2; n < 11; n++) {
      await decoder.reset();
      const seen = Int32Array.from(output[0].slice(0, n));
      const scores = await decoder.step(
        seen,
        seen.map((_, i) => i),
        { batch: 1, length: n },
      );
      expect(output[0][n]).toBe(scores.indexOf(Math.max(...scores)));
    }
    expect(output.finishReasons).toEqual(["length"]);
  });

  it.each([{ max_new_tokens: 12, pad_token_id: 0 }, sampling, { ...sampling, repetition_penalty: 1.5, top_p: 0.8 }])(
    "a batch of prompts gives the same as each prompt alone: %o",
    async (options) => {
      const together = await generate(options);
      for (const [i, prompt] of prompts.entries()) {
        const alone = await generate(options, [prompt]);
        expect(together.completions[i]).toEqual(alone.completions[0]);
        expect(together.texts[i]).toBe(alone.texts[0]);
      }
    },
  );

  it.each([1, 2])("ends with the token during which max_time runs out, with num_beams %i", async (num_beams) => {
    let seconds = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => 1000 * seconds++); // read once per token
    const output = await generate({ max_new_tokens: 12, num_beams, max_time: 2.5 });
    clock.mockRestore();
    expect(output.completions.map(({ length }) => length)).toEqual([3, 3, 3]);
    expect(new Set(output.finishReasons)).toEqual(new Set(["max_time"]));
    const free = await generate({ max_new_tokens: 3, num_beams });
    expect(output.completions).toEqual(free.completions);
  });

  it("pads prompts on the left and completions on the right", async () => {
    const free = await generate({ max_new_tokens: 12 }, [prompts[1]]);
    const eos = free.completions[0][4];
    const output = await generate({ max_new_tokens: 12, eos_token_id: eos, pad_token_id: 299 });
    expect(output.map((ids) => ids.length)).toEqual([18, 18, 18]);
    expect(output[0].slice(0, 6)).toEqual([299, 299, 299, 299, ...prompts[0]]);
    const stopped = output.completions[1];
    expect(stopped).toEqual(free.completions[0].slice(0, free.completions[0].indexOf(eos) + 1));
    expect(output.finishReasons[1]).toBe("eos_token");
    expect(output[1]).toEqual([...prompts[1], ...stopped, ...new Array(12 - stopped.length).fill(299)]);
    const ragged = await generate({ max_new_tokens: 2 });
    expect(ragged.map((ids) => ids.length)).toEqual([4, 8, 3]); // no pad token
  });

  it("stops at any of several end-of-sequence ids, not before min_new_tokens", async () => {
    const free = (await generate({ max_new_tokens: 12 }, [prompts[0]])).completions[0];
    const options = { max_new_tokens: 12, eos_token_id: [free[6], free[2]] };
    const early = await generate(options, [prompts[0]]);
    expect(early.completions[0]).toHaveLength(1 + Math.min(free.indexOf(free[6]), free.indexOf(free[2])));
    const late = await generate({ ...options, min_new_tokens: 8 }, [prompts[0]]);
    expect(late.completions[0].length).toBeGreaterThanOrEqual(8);
    for (const id of late.completions[0].slice(0, 7)) expect(options.eos_token_id).not.toContain(id);
  });

  it("a stop string may span tokens and is kept in the text", async () => {
    const free = await generate({ max_new_tokens: 12 }, [prompts[0]]);
    const tail = text.decode(free.completions[0].slice(0, 6));
    const stop = tail.slice(-3);
    const output = await generate({ max_new_tokens: 12, stop_strings: ["never", stop] }, [prompts[0]]);
    expect(output.finishReasons).toEqual(["stop_sequence"]);
    expect(output.texts[0].endsWith(stop)).toBe(true);
    expect(output.completions[0].length).toBeLessThanOrEqual(6);
    expect(free.completions[0].slice(0, output.completions[0].length)).toEqual(output.completions[0]);
  });

  it("streams what it returns, whole characters only", async () => {
    const decoder = new TableDecoder({ vocabSize: VOCAB, maxPositions: 64 });
    const { settings } = generationSettings({ call: sampling });
    const pieces: StreamedText[] = [];
    const output = await generateAll({ decoder, prompts, settings, text }, (piece) => pieces.push(piece));
    expect(pieces).toHaveLength(36);
    for (const index of [0, 1, 2]) {
      const own = pieces.filter((piece) => piece.index === index);
      expect(own.map(({ id }) => id)).toEqual(output.completions[index]);
      expect(own.map((piece) => piece.text).join("")).toBe(output.texts[index]);
      expect(output.texts[index]).toBe(text.decode(output.completions[index]));
      expect(own.map(({ finishReason }) => finishReason)).toEqual([...new Array(11).fill(undefined), "length"]);
    }
  });

  it("num_return_sequences and equal prompts give different texts, which the seed reproduces", async () => {
    const twice = await generate({ ...sampling, num_return_sequences: 2 }, [prompts[0], prompts[2]]);
    expect(twice).toHaveLength(4);
    expect(twice[0].slice(-12)).not.toEqual(twice[1].slice(-12));
    expect((await generate(sampling, [prompts[0], prompts[0]])).completions).toEqual(twice.completions.slice(0, 2));
    expect((await generate({ ...sampling, seed: 12 }, [prompts[0]])).completions[0]).not.toEqual(twice.completions[0]);
    const fresh = await generate({ ...sampling, seed: undefined }, [prompts[0]]);
    expect((await generate({ ...sampling, seed: fresh.seed }, [prompts[0]])).completions).toEqual(fresh.completions);
  });

  it("max_length counts the prompt, and the model's positions end a text", async () => {
    const output = await generate({ max_length: 8, pad_token_id: 0 });
    expect(output.completions.map((ids) => ids.length)).toEqual([6, 2, 7]);
    expect((await generate({ max_new_tokens: 50 }, [prompts[1]], 10)).completions[0]).toHaveLength(4);
    await expect(generate({ max_length: 6 })).rejects.toThrow("the prompt alone has 6 tokens, max_length is 6");
    await expect(generate({}, [prompts[1]], 6)).rejects.toThrow("the model has 6 positions");
  });

  it("throws if every token is banned", async () => {
    const decoder = new TableDecoder({ vocabSize: 2, maxPositions: 64 });
    const { settings } = generationSettings({ call: { no_repeat_ngram_size: 1, max_new_tokens: 5 } });
    const request = { decoder, prompts: [[1]], settings, text };
    await expect(generateAll(request)).rejects.toThrow(
      "token 1 of the completion: expected finite scores, found every",
    );
  });

  it("stops between two tokens on a signal, or when the consumer leaves the loop", async () => {
    const controller = new AbortController();
    const decoder = new TableDecoder({ vocabSize: VOCAB, maxPositions: 64 });
    const { settings } = generationSettings({ call: { max_new_tokens: 40 } });
    const request = { decoder, prompts: [prompts[0]], settings, text, signal: controller.signal };
    const stopped = generateAll(request, () => decoder.steps === 3 && controller.abort("enough"));
    await expect(stopped).rejects.toMatchObject({ code: "interrupted", cause: "enough" });
    expect(decoder.steps).toBe(3);
    const ids: number[] = [];
    for await (const { id } of streamText({ ...request, signal: undefined })) if (ids.push(id) === 5) break;
    expect(decoder.steps).toBe(8);
  });
});
