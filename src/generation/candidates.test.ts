/** @file Continuations: the likeliest equal a full sort; draws follow their probabilities and never repeat. */
import { describe, expect, it } from "vitest";
import { Mt19937 } from "../random.ts";
import { drawContinuations, likeliest, type ScoredBeam } from "./candidates.ts";

function randomBeams(count: number, size: number): ScoredBeam[] {
  const random = new Mt19937(3);
  return Array.from({ length: count }, (_, i) => ({
    score: -i,
    logProbs: random.normal(new Float32Array(size), -3, 2),
  }));
}

describe("candidates", () => {
  it("the likeliest are the first of all, sorted", () => {
    const beams = randomBeams(3, 40);
    const all = beams.flatMap(({ score: before, logProbs }, beam) =>
      [...logProbs].map((logProb, token) => ({ beam, token, score: Math.fround(logProb + before) })),
    );
    all.sort((a, b) => b.score - a.score);
    for (const count of [1, 2, 17, 120]) expect(likeliest(beams, count)).toEqual(all.slice(0, count));
    expect(likeliest(beams, 500)).toHaveLength(120);
  });

  it("breaks ties by beam, then by id; banned tokens come last", () => {
    const logProbs = Float32Array.of(-Infinity, -1, -2, -1);
    const found = likeliest(
      [
        { score: 0, logProbs },
        { score: 0, logProbs },
      ],
      8,
    );
    expect(found.map(({ beam, token }) => `${beam}.${token}`)).toEqual(
      ["0.1", "0.3", "1.1", "1.3", "0.2", "1.2", "0.0", "1.0"], //
    );
  });

  it("draws without replacement, by the remaining probabilities", () => {
    const p = [0.5, 0.2, 0.2, 0.1];
    const beams = [
      { score: Math.log(0.7), logProbs: Float32Array.of(Math.log(0.5 / 0.7), Math.log(0.2 / 0.7)) },
      { score: Math.log(0.3), logProbs: Float32Array.of(Math.log(0.2 / 0.3), Math.log(0.1 / 0.3)) },
    ];
    const random = new Mt19937(1);
    const pairs = new Map<string, number>();
    const rounds = 20_000;
    for (let i = 0; i < rounds; i++) {
      const found = drawContinuations(beams, 2, () => random.random()).map(({ beam, token }) => beam * 2 + token);
      pairs.set(found.join(), (pairs.get(found.join()) ?? 0) + 1);
    }
    expect(pairs.size).toBe(12); // all pairs differ
    for (const [pair, count] of pairs) {
      const [first, second] = pair.split(",").map(Number);
      const expected = (p[first] * p[second]) / (1 - p[first]);
      expect(Math.abs(count / rounds - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / rounds));
    }
  });

  it("adds the likeliest if too few are possible", () => {
    const beams = [
      { score: 0, logProbs: Float32Array.of(-1, -Infinity, -2) },
      { score: -1e9, logProbs: Float32Array.of(-1, -900, -2) },
    ];
    const found = drawContinuations(beams, 5, () => 0.999).map(({ beam, token }) => `${beam}.${token}`);
    expect(found.slice(0, 2).sort()).toEqual(["0.0", "0.2"]);
    expect(found.slice(2)).toHaveLength(3);
    expect(new Set(found).size).toBe(5);
    expect(found).not.toContain("0.1");
  });
});
