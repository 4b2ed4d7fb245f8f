/** @file Initial adapters equal PEFT's, bit for bit. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/torch_random.json" with { type: "json" };
import { hasReference, needsReference, readTensors, referenceFolder } from "../../../test/support/shared.ts";
import { initLora } from "./initLora.ts";

const layer = (name: string, r: number, [inFeatures, outFeatures]: readonly number[]) => ({
  isEmbedding: false,
  nameA: `base_model.model.${name}.lora_A.weight`,
  nameB: `base_model.model.${name}.lora_B.weight`,
  shapeA: [r, inFeatures] as [number, number],
  shapeB: [outFeatures, r] as [number, number],
});

describe(`lora_A of an untrained adapter is PEFT ${fixture.versions.peft}'s, bit for bit`, () => {
  test.each(fixture.lora_a)("GPT-2 of width $n_embd, r $r, seed $seed", ({ modules, r, seed, n_layer }) => {
    const layers = modules.map(({ name, in_features, out_features }) => layer(name, r, [in_features, out_features]));
    const weights = initLora(layers, true, seed);
    expect([...weights.keys()]).toEqual(layers.flatMap(({ nameA, nameB }) => [nameA, nameB]));
    expect(modules.length).toBe(3 * n_layer);
    for (const { name, first, sum, sha256 } of modules) {
      const { nameA, nameB } = layer(name, r, []);
      const actual = weights.get(nameA)!.data;
      expect(weights.get(nameB)!.data.every((value) => value === 0)).toBe(true);
      expect([...actual.subarray(0, 4)]).toEqual(first);
      expect(actual.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 9);
      expect(createHash("sha256").update(actual).digest("hex")).toBe(sha256);
    }
  });

  test.skipIf(!hasReference)(
    `the course note's initial adapter, created right after torch.manual_seed(11)${needsReference}`,
    () => {
      const file = join(referenceFolder, "trajectories/note/initial_adapter/adapter_model.safetensors");
      const expected = readTensors(file);
      const layers = [0, 1].flatMap((number) => [
        layer(`transformer.h.${number}.attn.c_attn`, 4, [48, 144]),
        layer(`transformer.h.${number}.attn.c_proj`, 4, [48, 48]),
        layer(`transformer.h.${number}.mlp.c_proj`, 4, [192, 48]),
      ]);
      const actual = initLora(layers, true, 11);
      for (const [name, { data }] of actual) expect(data).toEqual(expected.get(name)!.data);
      expect(actual.size).toBe(12);
    },
  );
});
