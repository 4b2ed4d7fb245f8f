/**
 * @file Adapters on the Llama family: saved, each loads with the same log-probabilities in prefine and in Python's
 * PEFT, also from files saved by PEFT; merged, it is the same model in transformers.
 */

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadAdapter, saveAdapter } from "../../src/checkpoints/adapter.ts";
import type { AdapterConfig } from "../../src/checkpoints/adapterConfig.ts";
import type { PairLogps } from "../../src/data/preferences/types.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { merge_and_unload } from "../../src/exporting/mergeAndUnload.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import type { AdapterKind } from "../support/adapterKinds.ts";
import { pairs, scoresOf, trainSteps, useLearners } from "../support/learnerBench.ts";
import { askPeft, expectSameLogps, hasPeft, needsPeft } from "../support/peft.ts";
import { FAMILIES, randomModel } from "../support/randomModel.ts";
import { readState } from "../support/savedState.ts";

const KINDS: Record<string, AdapterKind> = {
  "all-linear": { target_modules: "all-linear" },
  "DoRA on all, rslora": { target_modules: "all-linear", use_dora: true, use_rslora: true },
  "ranks and alphas by name": {
    target_modules: ["q_proj", "v_proj", "down_proj"],
    alpha_pattern: { "mlp.down_proj": 3 },
    rank_pattern: { v_proj: 2, "layers.1.self_attn.q_proj": 7 },
  },
  "embedding and head in full": { modules_to_save: ["embed_tokens", "lm_head"] },
  "the embedding": { target_modules: ["embed_tokens", "q_proj", "v_proj"] },
  "an MLP and norms in full, DoRA": { modules_to_save: ["mlp", "input_layernorm", "norm"], use_dora: true },
  "one layer, biases of what is adapted": { bias: "lora_only", layers_to_transform: [1], layers_pattern: "layers" },
  "the embedding, by a pattern, DoRA": { target_modules: ".*(embed_tokens|o_proj)", use_dora: true },
  "the embedding, the head in full": { target_modules: ["model.embed_tokens"], modules_to_save: ["lm_head"] },
  "tokens, a few of the head": {
    target_modules: ["k_proj"],
    trainable_token_indices: { embed_tokens: [1, 2, 90], lm_head: [2, 30, 31] },
  },
  "the head": { target_modules: ["q_proj", "lm_head"] },
  "embedding and head, DoRA, rslora": {
    target_modules: ["embed_tokens", "lm_head", "v_proj"],
    use_dora: true,
    use_rslora: true,
    rank_pattern: { lm_head: 3 },
  },
  "all biases, by a pattern": { bias: "all", target_modules: ".*layers\\.0\\.(self_attn|mlp)\\.\\w+_proj" },
};
/**
 * All kinds on Llama, those that touch embeddings and heads on Qwen3 with its tied head; on the others, whose code is
 * Llama's, one of all linear layers, one of some tokens and one of the head.
 */
const PARTS: Record<string, readonly number[]> = {
  mistral: [1, 9, 10],
  qwen2: [1, 9, 10],
  qwen3: [1, 3, 4, 5, 6, 7, 9, 10, 11, 12],
};
const kindsOf = (family: string) => Object.entries(KINDS).filter((_, i) => !PARTS[family] || PARTS[family].includes(i));

/** Features of each family that FAMILIES' plain members lack. */
const MODELS: Record<string, Record<string, unknown>> = {
  llama: { ...FAMILIES.llama, attention_bias: true, mlp_bias: true },
  mistral: FAMILIES.mistral,
  qwen2: { ...FAMILIES.qwen2, use_sliding_window: true, sliding_window: 6, max_window_layers: 1 },
  qwen3: { ...FAMILIES.qwen3, head_dim: 12, tie_word_embeddings: true },
};

describe.each(Object.entries(MODELS))("adapters on %s", { timeout: 240_000 }, (family, config) => {
  const kinds = kindsOf(family);
  const bench = useLearners((folder) => randomModel(folder, config));
  const scores = new Map<string, PairLogps[]>();
  const folderOf = (kind: string) => join(bench.folder, kind.replaceAll(/\W+/g, "-"));
  const settingsOf = (kind: AdapterKind): AdapterConfig => ({
    r: 4,
    lora_alpha: 8,
    lora_dropout: 0,
    target_modules: ["q_proj", "v_proj"],
    fan_in_fan_out: false,
    base_model_name_or_path: bench.base,
    task_type: "CAUSAL_LM",
    revision: null,
    ...kind,
  });

  test.each(kinds)("%s: loads bit for bit, merged within rounding", async (name, kind) => {
    const adapter = loraAdapter(bench.model.architecture, settingsOf(kind));
    const trained = await bench.learner({ adapter });
    await trainSteps(trained, 4);
    scores.set(name, await scoresOf(trained));
    const { weights } = await readState(trained);
    await saveAdapter(folderAt(folderOf(name)), {
      config: { ...settingsOf(kind), target_modules: adapter.targetModules },
      weights,
    });
    const again = await loadAdapter(folderAt(folderOf(name)));
    const loaded = await bench.learner({
      adapter: loraAdapter(bench.model.architecture, again.config),
      adapterWeights: again.weights,
    });
    expect(await scoresOf(loaded)).toEqual(scores.get(name));
    const merged = await merge_and_unload(folderOf(name), { onWarning: () => {} });
    expect(merged.largest_difference).toBeLessThan(2e-5 * merged.largest_logit);
  });

  test.each<[string, AdapterKind | null]>([
    ["the linear layers adapted", { target_modules: "all-linear", lora_dropout: 0.2 }],
    ["all weights", null],
  ])("gradient checkpointing on = off, bit for bit: %s", async (_, kind) => {
    const adapter = kind && loraAdapter(bench.model.architecture, settingsOf(kind));
    const states = [];
    for (const gradientCheckpointing of [false, true]) {
      const learner = await bench.learner({ adapter, gradientCheckpointing, dropout: true });
      await trainSteps(learner, 3);
      states.push(await readState(learner));
    }
    expect(states[1]).toEqual(states[0]);
  });

  test.skipIf(!hasPeft)(`are the same in Python's PEFT and transformers${needsPeft}`, async () => {
    const jobs = kinds.flatMap(([name]) => {
      const job = { base: bench.base, adapter: folderOf(name) };
      return [
        { ...job, resave: `${folderOf(name)}-by-peft` },
        { ...job, merged: `${folderOf(name)}-merged` },
      ];
    });
    const answers = askPeft(jobs, pairs);
    for (const [i, [name]] of kinds.entries()) {
      expectSameLogps(answers[2 * i], scores.get(name)!, name);
      expect(answers[2 * i + 1], name).toBeLessThan(2e-4);
      const again = await loadAdapter(folderAt(`${folderOf(name)}-by-peft`));
      const adapter = loraAdapter(bench.model.architecture, again.config);
      const loaded = await bench.learner({ adapter, adapterWeights: again.weights });
      expect(await scoresOf(loaded), name).toEqual(scores.get(name));
    }
    expect(answers).toHaveLength(2 * (PARTS[family]?.length ?? 13));
  });
});
