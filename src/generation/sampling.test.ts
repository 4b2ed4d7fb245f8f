/** @file Sampling: frequencies follow the probabilities, ties and draws are deterministic. */
import { describe, expect, it } from "vitest";
import { argmax, sampleToken, sequenceDraws } from "./sampling.ts";

describe("sampling", () => {
  it("argmax returns the lowest id of ties", () => {
    expect(argmax(Float32Array.of(1, 3, 3, 2))).toBe(1);
    expect(argmax(Float32Array.of(-Infinity, -Infinity, -5))).toBe(2);
  });

  it("draws tokens with their probability, and never a filtered one", () => {
    const scores = Float32Array.of(Math.log(0.5), -Infinity, Math.log(0.3), Math.log(0.2));
    const draw = sequenceDraws(7)([1, 2, 3]);
    const counts = [0, 0, 0, 0];
    for (let step = 0; step < 20_000; step++) counts[sampleToken(scores, draw(step))]++;
    expect(counts[1]).toBe(0);
    for (const [id, p] of [0.5, 0, 0.3, 0.2].entries()) {
      expect(Math.abs(counts[id] / 20_000 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 20_000) + 1e-9);
    }
  });

  it("covers the ends of the unit interval", () => {
    const scores = Float32Array.of(-Infinity, 0, 0, -Infinity);
    expect(sampleToken(scores, 0)).toBe(1);
    expect(sampleToken(scores, 0.5)).toBe(2);
    expect(sampleToken(scores, 1 - 2 ** -53)).toBe(2);
  });

  it("the stream is a function of seed, prompt and occurrence", () => {
    const drawsFor = sequenceDraws(1);
    const first = drawsFor([5, 6]);
    expect(sequenceDraws(1)([5, 6])(3)).toBe(first(3));
    for (const other of [sequenceDraws(2)([5, 6]), drawsFor([6, 5]), drawsFor([5, 6])]) {
      expect(other(3)).not.toBe(first(3));
    }
  });
});
