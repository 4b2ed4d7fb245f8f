/** @file Rotary frequencies against transformers' (test/fixtures/rope.json), and rejected configs. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PrefineError } from "../../errors.ts";
import { readDecoderConfig } from "./decoderConfig.ts";
import { LLAMA } from "./llama.ts";

interface Case {
  config: Record<string, unknown>;
  frequencies: number[];
  scale: number;
}
const file = new URL("../../../test/fixtures/rope.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

const ropeOf = (config: Record<string, unknown>) => readDecoderConfig(LLAMA, config, "config.json").ropes[0];

test.each(cases)("$config", ({ config, frequencies, scale }) => {
  const rope = ropeOf(config);
  expect(rope.scale).toBeCloseTo(scale, 12);
  expect(rope.frequencies).toHaveLength(frequencies.length);
  // torch's pow is occasionally off by one unit in the last place
  for (const [i, value] of frequencies.entries()) {
    expect(Math.abs(rope.frequencies[i] / value - 1), `channel ${i}`).toBeLessThan(5e-7);
  }
});

test("the fixture has 25 cases", () => expect(cases).toHaveLength(25));

const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
const ones = [1, 1, 1, 1, 1, 1, 1, 1];
const long = { rope_type: "longrope", short_factor: ones, long_factor: ones, original_max_position_embeddings: 64 };
const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 64 };

test.each<[config: Record<string, unknown>, message: string]>([
  [{ rope_theta: 0 }, "rope_theta: expected a number above 0, found 0"],
  [{ rope_parameters: { rope_theta: "1e4" } }, 'rope_parameters: rope_theta: expected a number above 0, found "1e4"'],
  [{ rope_scaling: 4 }, "rope_scaling: expected an object with rope_type, found 4"],
  [{ rope_parameters: [] }, "rope_parameters: expected an object with rope_type, found []"],
  [{ rope_scaling: { type: "longrope" } }, "rope_scaling: short_factor: expected 8 numbers above 0, found nothing"],
  [
    { rope_scaling: { ...long, long_factor: [2, 1, 1, 1, 1, 1, 1, 1] } },
    "rope_scaling: short_factor and long_factor differ, and apply by a text's length: not built yet",
  ],
  [
    { rope_scaling: { ...long, long_factor: [1, 1, 1, 0, 1, 1, 1, 1] } },
    "rope_scaling: long_factor: expected 8 numbers above 0, found [1,1,1,0,1,1,1,1]",
  ],
  [{ rope_scaling: { rope_type: "mrope" } }, 'rope_scaling: rope_type "mrope" is not built yet'],
  [{ rope_scaling: { rope_type: 3 } }, "rope_scaling: rope_type 3 is not built yet"],
  [{ rope_scaling: { type: "linear" } }, "rope_scaling: factor: expected a number above 0, found nothing"],
  [{ rope_scaling: { type: "linear", factor: -2 } }, "rope_scaling: factor: expected a number above 0, found -2"],
  [{ rope_scaling: { ...yarn, beta_fast: "32" } }, 'rope_scaling: beta_fast: expected a number above 0, found "32"'],
  [{ rope_scaling: { ...yarn, beta_slow: -1 } }, "rope_scaling: beta_slow: expected a number above 0, found -1"],
  [{ rope_scaling: { ...yarn, mscale: "1" } }, 'rope_scaling: mscale: expected a number of at least 0, found "1"'],
  [{ rope_scaling: { ...yarn, truncate: 0 } }, "rope_scaling: truncate: expected true or false, found 0"],
  [
    { rope_scaling: { ...yarn, attention_factor: -1 } },
    "rope_scaling: attention_factor: expected a number of at least 0, found -1",
  ],
  [
    { rope_scaling: { ...yarn, original_max_position_embeddings: 0 } },
    "rope_scaling: original_max_position_embeddings: expected a number above 0, found 0",
  ],
  [
    { rope_parameters: { rope_type: "llama3", ...llama3, low_freq_factor: null } },
    "rope_parameters: low_freq_factor: expected a number above 0, found null",
  ],
  [
    { rope_parameters: { ...yarn, partial_rotary_factor: 0.5 } },
    "rope_parameters: partial_rotary_factor 0.5 is not built yet",
  ],
  [
    { rope_scaling: { type: "linear", factor: 2 }, partial_rotary_factor: 0.25 },
    "rope_scaling: partial_rotary_factor 0.25 is not built yet",
  ],
  [
    { rope_parameters: { full_attention: { rope_type: "default" } } },
    "rope_parameters: parameters per layer type are not built yet",
  ],
])("%o: %s", (config, message) => {
  const sizes = { hidden_size: 64, num_attention_heads: 4 };
  expect(() => ropeOf({ ...sizes, ...config })).toThrow(PrefineError);
  expect(() => ropeOf({ ...sizes, ...config })).toThrow(`config.json: ${message}`);
});
