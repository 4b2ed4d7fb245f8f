/** @file The logits after a prompt, of models or adapters in folders. */
import { AutoModelForCausalLM, type ModelSourceOptions } from "../../src/index.ts";
import { openDecoders } from "../../src/pretrained/openDecoder.ts";

/** @returns for each folder, the scores of all tokens of the vocabulary; they share a device. */
export async function allNextLogits(
  folders: readonly string[],
  prompt: readonly number[],
  options: ModelSourceOptions = {},
): Promise<number[][]> {
  const load = (folder: string) => AutoModelForCausalLM.from_pretrained(folder, { onWarning: () => {}, ...options });
  const models = await Promise.all(folders.map(load));
  const decoders = await openDecoders(models.map(({ loaded, adapter }) => ({ loaded, adapter })));
  const positions = Int32Array.from(prompt, (_, i) => i);
  const found: number[][] = [];
  try {
    for (const decoder of decoders) {
      found.push([...(await decoder.step(Int32Array.from(prompt), positions, { batch: 1, length: prompt.length }))]);
    }
    return found;
  } finally {
    await decoders[0].dispose();
  }
}

/** @returns the scores of all tokens of the vocabulary. */
export async function nextLogits(
  folder: string,
  prompt: readonly number[],
  options: ModelSourceOptions = {},
): Promise<number[]> {
  const [logits] = await allNextLogits([folder], prompt, options);
  return logits;
}
