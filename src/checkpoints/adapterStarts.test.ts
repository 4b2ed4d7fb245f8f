/** @file Adapters whose files have more than their config uses: PEFT's initializations, magnitudes without use_dora. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { folderAt } from "../disk/nodeStorage.ts";
import { encodeSafetensors } from "../formats/safetensors.ts";
import { loadAdapter } from "./adapter.ts";

const dir = mkdtempSync(join(tmpdir(), "prefine-starts-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const LAYER = "base_model.model.transformer.h.0.attn.c_attn";
const zeros = (shape: number[]) => ({
  dtype: "F32" as const,
  shape,
  data: new Float32Array(shape[0] * (shape[1] ?? 1)),
});

/** A folder as PEFT writes it, with DoRA's magnitudes. */
function load(changes: Record<string, unknown>, onWarning?: (line: string) => void) {
  const config = { peft_type: "LORA", r: 2, lora_alpha: 4, target_modules: ["c_attn"], use_dora: true, ...changes };
  writeFileSync(join(dir, "adapter_config.json"), JSON.stringify(config));
  const tensors = { "lora_A.weight": zeros([2, 3]), "lora_B.weight": zeros([5, 2]), lora_magnitude_vector: zeros([5]) };
  const named = Object.entries(tensors).map(([name, tensor]) => [`${LAYER}.${name}`, tensor] as const);
  writeFileSync(join(dir, "adapter_model.safetensors"), encodeSafetensors(new Map(named)));
  return loadAdapter(folderAt(dir), onWarning);
}

test.each([false, null, undefined])("magnitudes with use_dora %s are ignored with a warning", async (use_dora) => {
  const lines: string[] = [];
  const { weights } = await load({ use_dora }, (line) => lines.push(line));
  expect([...weights.keys()]).toEqual([`${LAYER}.lora_A.weight`, `${LAYER}.lora_B.weight`]);
  expect(lines).toEqual([expect.stringMatching(/lora_magnitude_vector": ignored, as in PEFT: .* has no use_dora$/)]);
  expect((await load({})).weights.size).toBe(3);
});

// PEFT 0.21 reads each of these onto the base model as it is, but for pissa, whose change of it is repeated
const READ = [true, false, null, "gaussian", "eva", "orthogonal", "lora_ga", "mica", "pissa"];

test.each(READ)("init_lora_weights %s is read", async (init_lora_weights) => {
  expect((await load({ init_lora_weights })).weights.size).toBe(3);
});

const REFUSED = ["olora", "Olora", "pissa_niter_4", "corda", "loftq", "PISSA", "constructor"];

test.each(REFUSED)("init_lora_weights %s is refused", async (init_lora_weights) => {
  await expect(load({ init_lora_weights })).rejects.toThrow(`init_lora_weights is "${init_lora_weights}"`);
});
