/** @file The logits after a prompt, of a model or an adapter in a folder. */
import { AutoModelForCausalLM } from "../../src/index.ts";
import { openDecoder } from "../../src/pretrained/openDecoder.ts";

/** @returns the scores of all tokens of the vocabulary. */
export async function nextLogits(folder: string, prompt: readonly number[]): Promise<number[]> {
  const { loaded, adapter } = await AutoModelForCausalLM.from_pretrained(folder, { onWarning: () => {} });
  const decoder = await openDecoder(loaded, { adapter });
  try {
    const positions = Int32Array.from(prompt, (_, i) => i);
    return [...(await decoder.step(Int32Array.from(prompt), positions, { batch: 1, length: prompt.length }))];
  } finally {
    await decoder.dispose();
  }
}
