/** @file Checks whether two models agree: their logits after one batch of tokens, and the largest difference. */
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { openDecoder } from "../pretrained/openDecoder.ts";
import { Mt19937 } from "../random.ts";

const ROWS = 8;
const TOKENS = 24;

/** Logits [rows x V] after the last tokens of a batch of random tokens, the same batch in every call. */
export async function logitsOf(model: LoadedModel, adapter: SavedAdapter | null): Promise<Float32Array> {
  const { vocabSize, maxPositions } = model.architecture;
  const length = Math.min(TOKENS, maxPositions);
  const random = new Mt19937(0);
  const tokens = Int32Array.from({ length: ROWS * length }, () => Math.floor(random.random() * vocabSize));
  const positions = Int32Array.from(tokens, (_, i) => i % length);
  const decoder = await openDecoder(model, { adapter });
  try {
    return (await decoder.step(tokens, positions, { batch: ROWS, length })).slice();
  } finally {
    await decoder.dispose();
  }
}

export function compareLogits(a: Float32Array, b: Float32Array): { difference: number; largest: number } {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (!(d <= difference)) difference = d; // NaN counts
    largest = Math.max(largest, Math.abs(a[i]));
  }
  return { difference, largest };
}
