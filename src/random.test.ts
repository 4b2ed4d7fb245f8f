/** @file Draws equal torch's, known answers of Philox, states that go on where they stopped. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import fixture from "../test/fixtures/torch_random.json" with { type: "json" };
import { hasReference, needsReference, referenceFolder } from "../test/support/shared.ts";
import { counterUniform, Mt19937, philox } from "./random.ts";

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

describe(`Mt19937 draws what torch ${fixture.versions.torch} draws`, () => {
  test("a series of every kind of draw from one generator", () => {
    const { draws } = fixture;
    const g = new Mt19937(fixture.seed);
    expect([...g.uniform(new Float32Array(20), -0.3, 0.7)]).toEqual(draws.uniform);
    expect([...g.normal(new Float32Array(5), 0.1, 2)]).toEqual(draws.normal_below_16);
    expect([...g.normal(new Float32Array(32), 0.1, 2)]).toEqual(draws.normal_32);
    expect([...g.normal(new Float32Array(37))]).toEqual(draws.normal_37);
    expect([...g.normal(new Float32Array(2))]).toEqual(draws.normal_again);
    expect([g.random(), g.random(), g.random()]).toEqual(draws.rand_float64);
    expect([...g.uniform(new Float32Array(20), -0.14, 0.19)]).toEqual(draws.uniform_rounding);
    expect([...g.randperm(50)]).toEqual(draws.randperm);
  });

  test("its state is torch's, byte for byte, fresh and in the middle of a pair of normals", () => {
    const { draws } = fixture;
    expect(new Mt19937(fixture.seed).getState()).toEqual(fromBase64(draws.state_when_seeded));
    const g = new Mt19937(fixture.seed);
    g.uniform(new Float32Array(20));
    g.normal(new Float32Array(5));
    expect(g.getState()).toEqual(fromBase64(draws.state_with_spare_normal));
  });

  test("goes on from a state that torch saved", () => {
    const { draws } = fixture;
    const g = new Mt19937(1);
    g.setState(fromBase64(draws.state_with_spare_normal));
    g.normal(new Float32Array(32));
    g.normal(new Float32Array(37));
    expect([...g.normal(new Float32Array(2))]).toEqual(draws.normal_again);
    g.setState(fromBase64(draws.state_when_seeded));
    expect([...g.uniform(new Float32Array(20), -0.3, 0.7)]).toEqual(draws.uniform);
    expect(() => g.setState(new Uint8Array(10))).toThrow("5056 bytes");
  });

  test.each([0, 1, 623, 624, 625, 5000])("skip(%i) is as many draws", (count) => {
    const skipped = new Mt19937(3);
    const drawn = new Mt19937(3);
    for (const g of [skipped, drawn]) g.uint32();
    skipped.skip(count);
    for (let i = 0; i < count; i++) drawn.uint32();
    expect(skipped.uint32()).toBe(drawn.uint32());
    expect(skipped.getState()).toEqual(drawn.getState());
  });

  test("seeds are taken modulo 2^32, as torch's engine takes them", () => {
    expect(new Mt19937(2 ** 32 + 5).uint32()).toBe(new Mt19937(5).uint32());
    expect(() => new Mt19937(0.5)).toThrow("internal: seed");
  });

  test.skipIf(!hasReference)(`randperm of 15 sizes and seeds, two permutations each${needsReference}`, () => {
    const entries = JSON.parse(readFileSync(join(referenceFolder, "randperm.json"), "utf8"));
    let compared = 0;
    for (const { n, seed, permutations } of entries) {
      const g = new Mt19937(seed);
      for (const permutation of permutations) {
        expect([...g.randperm(n)]).toEqual(permutation);
        compared++;
      }
    }
    expect(compared).toBe(30);
  });
});

describe("the counter-based generator", () => {
  test("philox gives the known answers of the Random123 library", () => {
    const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, "0")).join(" ");
    const all = 0xffffffff;
    expect(hex(philox([0, 0, 0, 0], [0, 0]))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
    expect(hex(philox([all, all, all, all], [all, all]))).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
    expect(hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]))).toBe(
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    );
  });

  test("counterUniform is uniform, and depends on seed, step and index", () => {
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) bins[Math.floor(counterUniform(7, i >> 2, i & 3) * 10)]++;
    const chiSquare = bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeLessThan(27.9); // 9 degrees of freedom, p = 0.001
    const at = [counterUniform(7, 1, 2), counterUniform(8, 1, 2), counterUniform(7, 2, 1), counterUniform(7, 1, 3)];
    expect(new Set([...at, counterUniform(2 ** 32 + 7, 1, 2)]).size).toBe(5);
    expect(counterUniform(7, 1, 2)).toBe(at[0]);
  });
});
