/** @file OpenAI's penalties: of the answer's tokens, not of the prompt's. */
import { expect, test } from "vitest";
import { penalize } from "./penalties.ts";

test("score - count * frequency - (count > 0) * presence + bias", () => {
  const logit_bias = new Map([
    [2, 50],
    [99, 1],
  ]);
  const process = penalize({ frequency_penalty: 0.5, presence_penalty: 0.25, logit_bias }, 3);
  const scores = Float32Array.of(1, 2, 3, 4);
  expect([...(process?.(scores, [0, 0, 0, 1, 1, 3]) ?? [])]).toEqual([1, 2 - 1 - 0.25, 53, 4 - 0.5 - 0.25]);
  expect([...scores]).toEqual([1, 2, 3, 4]);
  expect(penalize({ frequency_penalty: 0, presence_penalty: 0, logit_bias: new Map() }, 3)).toBeUndefined();
});
