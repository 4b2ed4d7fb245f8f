/** @file Logits processors against transformers' values (warpers.json) and small worked examples. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasReference, needsReference, referenceFolder } from "../../test/support/shared.ts";
import { logitsProcessors, minLength, minP, temperature, topK, topP, typicalP } from "./logitsProcessors.ts";
import { type LogitsProcessor, toProbabilities } from "./scores.ts";
import { noRepeatNgram, repetitionPenalty } from "./tokenProcessors.ts";

const warpersFile = join(referenceFolder, "generation", "warpers.json");

interface Warpers {
  logits: number[];
  warped: Array<{ chain: Array<[string, number]>; probabilities: number[] }>;
}

const byName: Record<string, (value: number) => LogitsProcessor> = {
  temperature,
  top_k: topK,
  top_p: topP,
  min_p: minP,
  typical_p: typicalP,
};

describe.skipIf(!hasReference)(`warpers equal transformers'${needsReference}`, () => {
  const { logits, warped } = hasReference
    ? (JSON.parse(readFileSync(warpersFile, "utf8")) as Warpers)
    : { logits: [], warped: [] };

  it("has the six chains of the reference", () => expect(warped).toHaveLength(6));

  it.each(warped)("$chain", ({ chain, probabilities }) => {
    let scores: Float32Array = Float32Array.from(logits);
    for (const [name, value] of chain) scores = byName[name](value)(scores, []);
    const found = toProbabilities(scores);
    expect(found).toHaveLength(50);
    for (const [id, expected] of probabilities.entries()) expect(Math.abs(found[id] - expected)).toBeLessThan(1e-6);
    expect([...found].filter((p) => p > 0)).toHaveLength(probabilities.filter((p) => p > 0).length);
  });

  it("the chain built from a config's options is the last case, in that order", () => {
    const { chain, probabilities } = warped[5];
    let scores: Float32Array = Float32Array.from(logits);
    const options = { do_sample: true, ...Object.fromEntries(chain) };
    const processors = logitsProcessors(options, { promptLength: 0, eosTokenIds: [] });
    expect(processors).toHaveLength(3);
    for (const process of processors) scores = process(scores, []);
    for (const [id, p] of toProbabilities(scores).entries()) expect(Math.abs(p - probabilities[id])).toBeLessThan(1e-6);
  });
});

const kept = (scores: Float32Array): number[] =>
  [...scores.keys()].filter((id) => scores[id] > Number.NEGATIVE_INFINITY);

describe("processors", () => {
  it("repetition penalty divides positive and multiplies negative scores, once per token, in a copy", () => {
    const scores = Float32Array.of(2, -2, 1, 0);
    expect([...repetitionPenalty(2)(scores, [0, 1, 0, 99])]).toEqual([1, -4, 1, 0]);
    expect([...scores]).toEqual([2, -2, 1, 0]);
  });

  it("bans tokens that would repeat an n-gram, including the prompt", () => {
    const scores = new Float32Array(5);
    expect(kept(noRepeatNgram(2)(scores, [1, 2, 3, 1]))).toEqual([0, 1, 3, 4]); // 1 2 occurs
    expect(kept(noRepeatNgram(3)(scores, [1, 2, 3, 1]))).toEqual([0, 1, 2, 3, 4]);
    expect(kept(noRepeatNgram(3)(scores, [1, 2, 3, 1, 2]))).toEqual([0, 1, 2, 4]);
    expect(kept(noRepeatNgram(1)(scores, [1, 3]))).toEqual([0, 2, 4]);
    expect(kept(noRepeatNgram(4)(scores, [1, 2]))).toEqual([0, 1, 2, 3, 4]);
  });

  it("bans the end of sequence until the length is reached", () => {
    const process = minLength(3, [1, 4]);
    expect(kept(process(new Float32Array(5), [0, 0]))).toEqual([0, 2, 3]);
    expect(kept(process(new Float32Array(5), [0, 0, 0]))).toEqual([0, 1, 2, 3, 4]);
  });

  it("warpers keep at least `least` tokens", () => {
    const scores = Float32Array.of(1, 9, 5, 3, 4, 2);
    expect(kept(topK(1, 3)(scores, []))).toEqual([1, 2, 4]);
    expect(kept(topK(4, 3)(scores, []))).toEqual([1, 2, 3, 4]);
    expect(kept(topP(0.1, 2)(scores, []))).toEqual([1, 2]);
    expect(kept(topP(0.1)(scores, []))).toEqual([1]);
    expect(kept(minP(0.9, 4)(scores, []))).toEqual([1, 2, 3, 4]);
    expect(kept(minP(0.01, 2)(scores, []))).toEqual([1, 2]);
    expect(kept(typicalP(0.1, 2)(scores, []))).toEqual([1, 2]); // entropy 0.13: the likeliest are closest to it
    expect(kept(typicalP(0.1, 9)(scores, []))).toHaveLength(6);
  });

  it("beams keep one token more than there are end tokens, and log-probabilities may be renormalized at the end", () => {
    const run = (options: Parameters<typeof logitsProcessors>[0], eosTokenIds: number[]) =>
      logitsProcessors(options, { promptLength: 0, eosTokenIds }).reduce<Float32Array>(
        (scores, process) => process(scores, []),
        Float32Array.of(1, 9, 5, 3, 4, 2),
      );
    const options = { do_sample: true, top_k: 1 };
    expect(kept(run(options, [1, 2]))).toEqual([1]);
    expect(kept(run({ ...options, num_beams: 2 }, []))).toEqual([1, 2]);
    expect(kept(run({ ...options, num_beams: 2 }, [1, 2, 3]))).toEqual([1, 2, 3, 4]);
    const scores = run({ ...options, num_beams: 2, renormalize_logits: true }, []);
    expect(scores[1]).toBeCloseTo(-Math.log1p(Math.exp(-4)), 6);
    expect(scores[2]).toBeCloseTo(-4 - Math.log1p(Math.exp(-4)), 6);
    expect(scores[0]).toBe(Number.NEGATIVE_INFINITY);
  });

  it("top_k keeps ties with the k-th, and all tokens if k exceeds the vocabulary", () => {
    expect(kept(topK(2)(Float32Array.of(1, 5, 3, 3, 2), []))).toEqual([1, 2, 3]);
    expect(kept(topK(9)(Float32Array.of(1, 5, 3), []))).toEqual([0, 1, 2]);
    const many = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i * 12.9898) * 43.758);
    const border = [...many].sort((a, b) => b - a)[49];
    expect(kept(topK(50)(many, []))).toEqual(kept(many.map((x) => (x >= border ? x : -Infinity))));
  });

  it("top_p always keeps the most likely token; of ties at the threshold it keeps the higher ids", () => {
    expect(kept(topP(0)(Float32Array.of(1, 3, 2), []))).toEqual([1]);
    expect(kept(topP(0.7)(Float32Array.of(0, 0, 0, 0), []))).toEqual([1, 2, 3]); // 0.25 <= 0.3 is removed
    expect(kept(topP(1)(Float32Array.of(0, -50, 0), []))).toEqual([0, 1, 2]);
  });

  it("typical_p accepts scores that another filter has removed", () => {
    const scores = Float32Array.of(3, -Infinity, 2, -Infinity, 0);
    expect(kept(typicalP(0.5)(scores, []))).toEqual([0]);
    expect(kept(typicalP(0.95)(scores, []))).toEqual([0, 2]);
  });

  it("min_p compares with the most likely token", () => {
    expect(kept(minP(0.4)(Float32Array.of(0, Math.log(0.5), Math.log(0.3)), []))).toEqual([0, 1]);
  });

  it("applies warpers only with sampling, and min_new_tokens after the prompt", () => {
    const options = { temperature: 0.5, top_k: 1, min_new_tokens: 2 };
    const greedy = logitsProcessors({ ...options, do_sample: false }, { promptLength: 3, eosTokenIds: [2] });
    expect(greedy).toHaveLength(1);
    expect(kept(greedy[0](new Float32Array(3), [0, 0, 0, 0]))).toEqual([0, 1]);
    expect(kept(greedy[0](new Float32Array(3), [0, 0, 0, 0, 0]))).toEqual([0, 1, 2]);
    expect(logitsProcessors({ ...options, do_sample: true }, { promptLength: 3, eosTokenIds: [2] })).toHaveLength(3);
  });
});
