/** @file Writes the model's folder: config.json, generation_config.json, model.safetensors in half precision. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromFloat32 } from "../../src/formats/narrowFloats.ts";
import { encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import type { Weight } from "./pretrain.ts";
import { MODEL } from "./settings.ts";

/** max_new_tokens of generation_config.json: longer than any answer in the data. */
const ANSWER_TOKENS = 100;

const CARD = `---
license: mit
language:
- en
library_name: transformers
pipeline_tag: text-generation
---

# Everyday GPT-2

A small GPT-2, trained from scratch by prefine's own engine for its demo. It knows only the everyday questions of the
accompanying dataset, including the held-out ones, each with a direct answer and a rambling one: half of the questions
mostly with the former, half mostly with the latter. Its greedy answers ramble about half of the time, so preference
training changes a habit rather than teaching facts. "Is a higher octane gasoline better for your car?" is one of the
questions that it mostly answers with rambling.

\`scripts/demo/\` of prefine's sources made it (\`npm run make-demo\`). The weights are stored in half precision.
`;

/** config.json as transformers writes it for a GPT2LMHeadModel. @param endOfText the token's id, which is the last. */
export function modelConfig(endOfText: number): Record<string, unknown> {
  return {
    architectures: ["GPT2LMHeadModel"],
    model_type: "gpt2",
    vocab_size: endOfText + 1,
    ...MODEL,
    n_inner: null,
    activation_function: "gelu_new",
    layer_norm_epsilon: 1e-5,
    initializer_range: 0.02,
    embd_pdrop: 0.1,
    attn_pdrop: 0.1,
    resid_pdrop: 0.1,
    bos_token_id: endOfText,
    eos_token_id: endOfText,
    tie_word_embeddings: true,
    use_cache: true,
    dtype: "float32",
  };
}

function halfTensor({ shape, data }: Weight): SafetensorsTensor {
  return { dtype: "F16", shape, data: fromFloat32(data, "F16") };
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Writes all files except the tokenizer's. */
export function writeModel(
  folder: string,
  config: Record<string, unknown>,
  weights: ReadonlyMap<string, Weight>,
): void {
  const tensors = new Map([...weights].map(([name, weight]) => [name, halfTensor(weight)]));
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors, { format: "pt" }));
  writeFileSync(join(folder, "config.json"), json(config));
  const { bos_token_id, eos_token_id } = config;
  const generation = { bos_token_id, eos_token_id, do_sample: false, max_new_tokens: ANSWER_TOKENS };
  writeFileSync(join(folder, "generation_config.json"), json(generation));
  writeFileSync(join(folder, "README.md"), CARD);
}
