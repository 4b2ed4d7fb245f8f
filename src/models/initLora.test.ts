/** @file Initial adapters equal PEFT's, bit for bit. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import fixture from "../../test/fixtures/torch_random.json" with { type: "json" };
import { hasReference, needsReference, readTensors, referenceFolder } from "../../test/support/shared.ts";
import { initLoraA, type LoraTarget } from "./initLora.ts";

describe(`lora_A of an untrained adapter is PEFT ${fixture.versions.peft}'s, bit for bit`, () => {
  test.each(fixture.lora_a)("GPT-2 of width $n_embd, r $r, seed $seed", ({ modules, r, seed, n_layer }) => {
    const weights = initLoraA(modules, r, seed);
    expect([...weights.keys()]).toEqual(modules.map((module) => module.name));
    expect(modules.length).toBe(3 * n_layer);
    for (const { name, first, sum, sha256 } of modules) {
      const found = weights.get(name)!;
      expect([...found.subarray(0, 4)]).toEqual(first);
      expect(found.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 9);
      expect(createHash("sha256").update(found).digest("hex")).toBe(sha256);
    }
  });

  test.skipIf(!hasReference)(
    `the note's initial adapter, made right after torch.manual_seed(11)${needsReference}`,
    () => {
      const file = join(referenceFolder, "trajectories/note/initial_adapter/adapter_model.safetensors");
      const wanted = readTensors(file);
      const modules: LoraTarget[] = [0, 1].flatMap((layer) => [
        { name: `transformer.h.${layer}.attn.c_attn`, in_features: 48, out_features: 144 },
        { name: `transformer.h.${layer}.attn.c_proj`, in_features: 48, out_features: 48 },
        { name: `transformer.h.${layer}.mlp.c_proj`, in_features: 192, out_features: 48 },
      ]);
      const found = initLoraA(modules, 4, 11);
      for (const [name, values] of found) {
        expect(values).toEqual(wanted.get(`base_model.model.${name}.lora_A.weight`)!.data);
      }
      expect(found.size).toBe(6);
    },
  );
});
