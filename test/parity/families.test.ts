/**
 * @file Configs of the model families against transformers' and PEFT's values (test/fixtures/families.json): a sample
 * of those that run, and what becomes of each of the others. `npx tsx scripts/soakFamilies.ts` compares all of them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openDevice } from "../../src/device/openDevice.ts";
import { PrefineError } from "../../src/errors.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import { compareCase, compareGeneration, readFamilyCases } from "../support/familyCases.ts";

const fixture = readFamilyCases();
const cases = new Map(fixture.cases.map((example) => [example.name, example]));
const device = await openDevice({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "prefine-families-"));
afterAll(async () => {
  await device.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Each family's own features, away from their defaults; sequences are longer than windows and borders. */
const STEPS = [
  "gemma, attention_bias",
  "gemma2, no attention cap",
  "gemma3, linear rope",
  "phi3, partial longrope",
  "phi3, longrope, border within the answers",
  "smollm3, layer_types",
  "olmo2, attention_bias",
  "granite, all multipliers negative",
  "gpt_neox, serial, no attention_bias",
  "gpt_neox, odd rotation, linear",
  "gpt_neox, head_dim",
  "gpt_neox, rotary_emb_base and rope_theta",
  "gpt_neox, partial_rotary_factor",
  "starcoder2, no biases, window",
];
/** With a cache and beams, beyond windows and across LongRoPE's border. */
const GENERATIONS = [
  "gemma3_text, rope: linear on full layers, other bases",
  "phi3, longrope, border in generation",
  "smollm3, window",
  "starcoder2, window",
];

describe("as in transformers and PEFT", () => {
  test.each(STEPS)("a step of %s", async (name) => {
    expect(await compareCase(device, cases.get(name)!, fixture)).toEqual([]);
  });

  test.each(GENERATIONS)("generation of %s", async (name) => {
    expect(await compareGeneration(join(folder, name.replaceAll(/\W+/g, "-")), cases.get(name)!, fixture)).toEqual([]);
  });
});

/** The message, or "runs". */
function outcomeOf(config: Record<string, unknown>): string {
  try {
    architectureOf(config, "config.json");
    return "runs";
  } catch (error) {
    if (!(error instanceof PrefineError)) throw error;
    return error.message;
  }
}

const namesOf = (isRight: (outcome: string, fails: boolean) => boolean) => {
  const chosen = fixture.cases.filter(({ config, fails }) => isRight(outcomeOf(config), fails !== undefined));
  return [...new Set(chosen.map(({ name }) => name.replace(/^\w+, (hidden_act\w* )?/, "")))].sort();
};

test("configs that transformers runs and prefine refuses", () => {
  const activations = [
    "gelu_10",
    "hardswish",
    "laplace",
    "leaky_relu",
    "mish",
    "prelu",
    "relu6",
    "sqrtsoftplus",
    "xielu",
  ];
  const ropes = ["longrope", "nested longrope", "partial, linear", "per layer type", "proportional"];
  const others = ["bidirectional", "layer_types without use_sliding_window", "no rotation"];
  // the first gives NaN with transformers' usual attention; yarn's ramp is of an even number of channels
  const unusual = ["negative attention_multiplier", "odd rotation, yarn"];
  const windows = ["wide window", "window"]; // of families without: only transformers' cache applies them
  const names = [...activations, ...ropes.map((name) => `rope: ${name}`), ...others, ...unusual, ...windows];
  expect(namesOf((outcome, fails) => outcome !== "runs" && !fails)).toEqual(names.sort());
});

test("configs that transformers refuses and prefine runs: null means the default", () => {
  const names = ["head_dim null", "num_key_value_heads null", "rotary_pct default"];
  expect(namesOf((outcome, fails) => outcome === "runs" && fails)).toEqual(names);
});
