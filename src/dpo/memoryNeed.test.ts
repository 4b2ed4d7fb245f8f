/** @file The predicted memory against the measured memory of a run. */
import { expect, test } from "vitest";
import { loraAdapter } from "../models/adapters/lora.ts";
import { architectureOf } from "../models/families/architectures.ts";
import { gpt2 } from "../models/families/gpt2.ts";
import { memoryNeed } from "./memoryNeed.ts";

test("GPT-2 124M with LoRA on pairs of up to 946 tokens: near the 1.5 GB that the benchmark measured", () => {
  const architecture = gpt2({}, "config.json");
  const settings = { r: 4, lora_alpha: 8, lora_dropout: 0, target_modules: ["c_attn", "c_proj"] };
  const adapter = loraAdapter(architecture, settings);
  const optimizer = { settings: { kind: "adamw", beta1: 0.9, beta2: 0.999, eps: 1e-8 } } as const;
  const need = (shared: number) =>
    memoryNeed({ model: { architecture }, adapter, optimizer }, { shared, chosen: 400, rejected: 400 }).total;
  expect(need(146)).toBeGreaterThan(1.1e9);
  expect(need(146)).toBeLessThan(1.9e9);
  expect(need(400)).toBeGreaterThan(need(146));
});

const GEMMA3 = {
  model_type: "gemma3_text",
  hidden_size: 640,
  intermediate_size: 2048,
  num_hidden_layers: 18,
  num_attention_heads: 4,
  num_key_value_heads: 1,
  vocab_size: 262_144,
};

test("Gemma 3 270M in 16 bits with LoRA on pairs of 924 tokens: near the 1.9 GB that the benchmark measured", () => {
  const architecture = architectureOf(GEMMA3, "config.json");
  const stored = new Map([...architecture.parameters].map(([name]) => [name, "bfloat16"] as const));
  const adapter = loraAdapter(architecture, { r: 4, lora_alpha: 8, lora_dropout: 0, target_modules: ["q_proj"] });
  const optimizer = { settings: { kind: "adamw", beta1: 0.9, beta2: 0.999, eps: 1e-8 } } as const;
  const model = { architecture: { ...architecture, stored } };
  const need = (gradientCheckpointing: boolean) =>
    memoryNeed({ model, adapter, optimizer, gradientCheckpointing }, { shared: 100, chosen: 412, rejected: 412 }).total;
  expect(need(false)).toBeGreaterThan(1.6e9);
  expect(need(false)).toBeLessThan(2.4e9);
  expect(need(true)).toBeLessThan(1.4e9);
});
