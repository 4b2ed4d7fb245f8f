/** @file The predicted memory against the measured memory of a run. */
import { expect, test } from "vitest";
import { loraAdapter } from "../models/adapters/lora.ts";
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
