/** @file Initial adapters equal PEFT's, bit for bit. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import fixture from "../../test/fixtures/torch_random.json" with { type: "json" };
import { initLoraA, type LoraTarget } from "./initLora.ts";

const adapter = new URL(
  "../../../shared/reference/trajectories/note/initial_adapter/adapter_model.safetensors",
  import.meta.url,
);

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

  describe.skipIf(!existsSync(adapter))("adapter of ../shared (skipped where that folder is absent)", () => {
    test("the note's initial adapter, made right after torch.manual_seed(11)", () => {
      const bytes = readFileSync(adapter);
      const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
      const header: Record<string, { data_offsets: [number, number] }> = JSON.parse(
        bytes.toString("utf8", 8, headerEnd),
      );
      const modules: LoraTarget[] = [];
      for (const layer of [0, 1]) {
        modules.push({ name: `transformer.h.${layer}.attn.c_attn`, in_features: 48, out_features: 144 });
        modules.push({ name: `transformer.h.${layer}.attn.c_proj`, in_features: 48, out_features: 48 });
        modules.push({ name: `transformer.h.${layer}.mlp.c_proj`, in_features: 192, out_features: 48 });
      }
      for (const [name, found] of initLoraA(modules, 4, 11)) {
        const [start, end] = header[`base_model.model.${name}.lora_A.weight`].data_offsets;
        expect(Buffer.from(found.buffer).equals(bytes.subarray(headerEnd + start, headerEnd + end))).toBe(true);
      }
    });
  });
});
