/** @file The warning of batches whose values TRL computes with other rotary frequencies. */
import { expect, test } from "vitest";
import { PHI3 } from "../../models/families/phi3.ts";
import { rotaryDecoder } from "../../models/families/rotaryDecoder.ts";
import { mixedRotations } from "./mixedRotations.ts";

const sizes = { hidden_size: 32, intermediate_size: 40, num_hidden_layers: 1, num_attention_heads: 4, vocab_size: 48 };
const factors = { rope_type: "longrope", short_factor: [1, 1, 1, 1], long_factor: [2, 3, 4, 8] };
const positions = { max_position_embeddings: 64, original_max_position_embeddings: 16 };
const phi = rotaryDecoder(PHI3);
const long = phi({ ...sizes, ...positions, rope_scaling: factors }, "config.json");
const plain = phi({ ...sizes, max_position_embeddings: 64 }, "config.json");
const batches = (train: number, evaluation: number) => {
  return { per_device_train_batch_size: train, per_device_eval_batch_size: evaluation };
};

test.each([
  ["texts beyond the border in batches", long, batches(8, 1), 17, /^max_length: above 16 tokens .* \(LongRoPE\)/],
  ["evaluated in batches", long, batches(1, 8), 64, /TRL by the longest text of a batch/],
  ["one pair at a time", long, batches(1, 1), 64, undefined],
  ["texts within the border", long, batches(8, 8), 16, undefined],
  ["a model with one set of frequencies", plain, batches(8, 8), 64, undefined],
])("%s", (_, architecture, sizesOfBatches, length, expected) => {
  const warning = mixedRotations(architecture, sizesOfBatches, length);
  if (expected === undefined) expect(warning).toBeUndefined();
  else expect(warning).toMatch(expected);
});
