/** @file Fingerprints: every option of the tables, and checkpoints of earlier versions. */
import { afterEach, beforeAll, describe, expect, it, test } from "vitest";
import type { AdapterConfig } from "../checkpoints/adapterConfig.ts";
import type { Fingerprint } from "../checkpoints/fingerprint.ts";
import { DPOConfig, TRAINING_OPTIONS } from "../config/DPOConfig.ts";
import { float } from "../config/kinds.ts";
import { type OnResume, optionsWith, type RunTable, same } from "../config/option.ts";
import { LORA_OPTIONS } from "../config/options/lora.ts";
import { RECIPE_OPTIONS } from "../config/options/recipes.ts";
import { SCRIPT_OPTIONS } from "../config/options/scriptArguments.ts";
import type { PairTokens } from "../data/preferences/types.ts";
import { adapterIdentity, changesSince, describePairs, fingerprintOf } from "./fingerprint.ts";

const TRAIN: PairTokens[] = [
  { prompt_ids: [1, 2], chosen_ids: [3], rejected_ids: [50256, 4] },
  { prompt_ids: [], chosen_ids: [7, 8, 9], rejected_ids: [10] },
];
const ADAPTER: AdapterConfig = {
  r: 4,
  lora_alpha: 8,
  lora_dropout: 0,
  target_modules: ["c_proj", "c_attn"],
  base_model_name_or_path: "gpt2",
  fan_in_fan_out: true,
  task_type: "CAUSAL_LM",
  revision: null,
};

/** Fingerprint of a run with one changed setting, of its own or its adapter's. */
async function fingerprintWith(args: Record<string, unknown> = {}, adapter: Record<string, unknown> = {}) {
  const config = { ...DPOConfig({ bf16: false }), ...args } as DPOConfig;
  return fingerprintOf({
    args: config,
    maxLength: config.max_length,
    train: await describePairs(TRAIN),
    evals: new Map([["eval", await describePairs(TRAIN.slice(1))]]),
    adapter: adapterIdentity({ ...ADAPTER, ...adapter }, null),
    trainable: [{ name: "a.weight", shape: [2, 3] }],
  });
}

const WHERE = "run/checkpoint-1";

/** The effect of a change on resuming: refused, or warned about. */
function resumed(saved: Fingerprint, now: Fingerprint): { refused?: string; warned?: string[] } {
  try {
    return { warned: changesSince(saved, now, WHERE) };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

test("the hashes of data and tensors stay those of earlier checkpoints", async () => {
  const { data, objective } = await fingerprintWith();
  // Made with node:crypto at 43e7fb2: little-endian int32, each list after its length; the tensors' as JSON.
  expect(data).toEqual({
    train_dataset: "2 pairs, sha256 c907a9caaeb35db9",
    eval_dataset: "1 pairs, sha256 7e62ada80594fcb7",
  });
  expect(objective).toMatchObject({ trainable: "0cfeab6418fbbf3b" });
});

describe("every option", () => {
  const changed = "another value";
  let saved: Fingerprint;
  beforeAll(async () => {
    saved = JSON.parse(JSON.stringify(await fingerprintWith()));
  });

  const EXPECTED: Record<OnResume, (name: string, standard: unknown) => ReturnType<typeof resumed>> = {
    fixed: (name, standard) => ({
      refused: `${WHERE}: this checkpoint belongs to another run: ${name}: ${JSON.stringify(standard)} -> "${changed}"`,
    }),
    warned: (name, standard) => ({ warned: [`${name}: ${JSON.stringify(standard)} -> "${changed}"`] }),
    data: () => ({ warned: [] }),
    free: () => ({ warned: [] }),
  };

  const training = Object.entries<RunTable[string]>(TRAINING_OPTIONS);
  it.each(training.map(([name, { onResume }]) => [name, onResume] as const))(
    "%s, if resumed with another value, is %s",
    async (name, onResume) => {
      const now = await fingerprintWith({ [name]: changed });
      const standard = DPOConfig({ bf16: false })[name as keyof DPOConfig];
      expect(resumed(saved, now)).toEqual(EXPECTED[onResume](name, standard));
    },
  );

  const adapters = Object.entries<RunTable[string]>(LORA_OPTIONS);
  it.each(adapters.map(([name, { onResume }]) => [name, onResume] as const))(
    "of an adapter, %s, if resumed with another value, is %s",
    async (name, onResume) => {
      const now = await fingerprintWith({}, { [name]: changed });
      const { [name]: standard = null } = adapterIdentity(ADAPTER, null);
      expect(resumed(saved, now)).toEqual(EXPECTED[onResume](`lora.${name}`, standard));
    },
  );

  it("has a kind; options that affect the data are detected by the hash of the pairs", async () => {
    const tables = { ...TRAINING_OPTIONS, ...LORA_OPTIONS, ...SCRIPT_OPTIONS };
    for (const [name, { onResume }] of Object.entries<RunTable[string]>(tables)) {
      expect(Object.keys(EXPECTED), name).toContain(onResume);
    }
    expect(optionsWith("data", tables)).toEqual([
      "max_prompt_length",
      "drop_degenerate",
      "dataset_name",
      "dataset_train_split",
      "dataset_test_split",
      "dataset_config",
      "dataset_streaming",
      "datasets",
      "test_split_size",
      "data_files",
      "process",
      "data_format",
      "map",
      "data_format_options",
      "pairing",
      "pairing_margin",
      "ties",
      ...Object.keys(RECIPE_OPTIONS),
    ]);
    const now = await fingerprintWith();
    const other = { ...now, data: { ...now.data, train_dataset: "3 pairs, sha256 0000000000000000" } };
    expect(resumed(saved, other).refused).toMatch(/train_dataset: "2 pairs, sha256 \w+" -> "3 pairs, sha256 0+"$/);
  });
});

describe("an option that is new", () => {
  const table = TRAINING_OPTIONS as unknown as Record<string, RunTable[string]>;
  afterEach(() => {
    delete table.toy_gamma;
  });

  it("is a compiler error without `onResume`", () => {
    const silent = { toy_gamma: same(float, 0.5, "Margin of a loss that is new.") };
    // @ts-expect-error: `onResume` is missing
    const missing: RunTable = silent;
    const known: RunTable = { toy_gamma: same(float, 0.5, "Margin of a loss that is new.", { onResume: "fixed" }) };
    expect([missing, known].map(({ toy_gamma }) => toy_gamma.onResume)).toEqual([undefined, "fixed"]);
  });

  it("is compared once it is in the table; older checkpoints count as having its default", async () => {
    const older = await fingerprintWith();
    table.toy_gamma = same(float, 0.5, "Margin of a loss that is new.", { onResume: "fixed" });
    const [usual, other] = [await fingerprintWith({ toy_gamma: 0.5 }), await fingerprintWith({ toy_gamma: 5 })];
    expect(resumed(usual, other).refused).toMatch(/: toy_gamma: 0.5 -> 5$/);
    expect(resumed(older, other).refused).toMatch(/: toy_gamma: 0.5 -> 5$/);
    expect(resumed(older, usual)).toEqual({ warned: [] });
  });

  it("gets no warning if it may change and an older checkpoint lacks it", async () => {
    const older = await fingerprintWith();
    table.toy_gamma = same(float, 0.5, "How often to do what is new.", { onResume: "warned" });
    const other = await fingerprintWith({ toy_gamma: 5 });
    expect(resumed(older, other)).toEqual({ warned: [] });
    expect(resumed(await fingerprintWith({ toy_gamma: 0.5 }), other)).toEqual({ warned: ["toy_gamma: 0.5 -> 5"] });
  });
});

test("another name of the same optimizer, or option of the same seed, may be given", async () => {
  const saved = await fingerprintWith();
  const now = await fingerprintWith({ optim: "adamw_torch", data_seed: 42 });
  expect(resumed(saved, now)).toEqual({
    warned: ['optim: "adamw_torch_fused" -> "adamw_torch"', "data_seed: null -> 42"],
  });
  expect(resumed(saved, await fingerprintWith({ optim: "adamw_8bit" })).refused).toMatch(
    /: optim: "adamw_torch_fused" -> /,
  );
  expect(resumed(saved, await fingerprintWith({ seed: 7, data_seed: 42 })).refused).toMatch(/: seed: 42 -> 7$/);
});

describe("a checkpoint of another version", () => {
  it("is of this run if one of its options is no longer fixed, and of another if one no longer exists", async () => {
    const now = await fingerprintWith();
    const objective = { ...now.objective, report_to: ["tensorboard"] };
    expect(resumed({ ...now, objective }, now)).toEqual({ warned: [] });
    const gone = { ...now, objective: { ...now.objective, router_gamma: 3 } };
    expect(resumed(gone, now).refused).toMatch(/: router_gamma: 3 -> none$/);
  });

  it("of an adapter may have only the settings that differ from their defaults", async () => {
    const { r, lora_alpha, lora_dropout } = ADAPTER;
    const lora = { r, lora_alpha, lora_dropout, target_modules: ["c_attn", "c_proj"] };
    const older = async (changes = {}) => {
      const { data, objective, schedule } = await fingerprintWith();
      return { data, objective: { ...objective, lora: { ...lora, ...changes } }, schedule };
    };
    const dora = await fingerprintWith({}, { use_dora: true });
    expect(resumed(await older(), await fingerprintWith())).toEqual({ warned: [] });
    expect(resumed(await older({ use_dora: true }), dora)).toEqual({ warned: [] });
    expect(resumed(await older(), dora).refused).toMatch(/: lora.use_dora: false -> true$/);
    expect(resumed(await older({ quantization: "nf4" }), dora).refused).toMatch(/lora.quantization: "nf4" -> none/);
  });
});
