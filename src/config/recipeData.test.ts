/** @file Keys of alignment-handbook's recipes: data, names, and the losses that keys name together. */
import { describe, expect, it } from "vitest";
import { thrown } from "../../test/support/outcomes.ts";
import { parseRun } from "./run.ts";

const parse = (keys: object, ...flags: string[]) => {
  const text = JSON.stringify({ model_name_or_path: "m", bf16: false, ...keys });
  return parseRun({ file: { name: "r.yaml", text }, flags }).run;
};
const MIXER = { dataset_mixer: { a: 1 }, optim: "adamw_torch", learning_rate: 5e-7, max_length: 512 };
const problemsOf = (keys: object, ...flags: string[]) =>
  thrown(() => parse(keys, ...flags))
    .message.replace("r.yaml: ", "r.yaml:\n  ")
    .split("\n  ")
    .slice(1);

describe("dataset_mixer", () => {
  it("reads shares, splits and configurations; its splits are train and test", () => {
    const run = parse({ ...MIXER, dataset_mixer: { a: "5e-1", b: 1 }, dataset_splits: ["train_sft", "test_sft"] });
    expect(run.script).toMatchObject({
      dataset_mixer: { a: 0.5, b: 1 },
      dataset_splits: ["train_sft", "test_sft"],
      dataset_train_split: "train",
      dataset_test_split: ["test"].join(),
    });
    expect(run.advice).toEqual([]);
    expect(parse({ dataset_mixer: { a: 1 } }).advice).toEqual([
      "optim, learning_rate, max_length: not set: prefine's default, where alignment-handbook's is rmsprop, 5e-05, " +
        "512 (128 of the prompt)",
    ]);
  });

  it("reports all its problems", () => {
    const keys = {
      ...MIXER,
      dataset_mixer: { a: 1.5 },
      dataset_splits: ["validation"],
      data_files: "x.jsonl",
      dataset_train_split: "train_prefs",
    };
    expect(problemsOf(keys)).toEqual([
      'dataset_mixer: expected a mapping of names to values, each a number from 0 to 1, or null, found {"a":1.5}',
    ]);
    expect(problemsOf({ ...keys, dataset_mixer: { a: 1, b: 1 }, dataset_configs: ["x"] })).toEqual([
      "dataset_mixer: expected one source of data, found data_files too",
      "dataset_train_split: expected train with dataset_mixer, found train_prefs",
      "dataset_configs: expected one configuration for each of the 2 sets of dataset_mixer, found 1",
      "dataset_splits: expected names with train or test in them, found validation",
    ]);
    expect(problemsOf({ ...MIXER, dataset_mixer: {} })[0]).toMatch(/^dataset_mixer: expected at least one dataset/);
    expect(problemsOf({ ...MIXER, dataset_splits: ["test"] })[0]).toMatch(/expected a name with train in it/);
  });

  it("is not evaluated without a test split, which a line says; test_split_size holds rows out", () => {
    const keys = { ...MIXER, dataset_splits: ["train"], evaluation_strategy: "epoch" };
    const run = parse(keys);
    expect(run.args.eval_strategy).toBe("no");
    expect(run.advice.join("\n")).toMatch(/dataset_splits: no name with test in it, so this run is not evaluated/);
    expect(parse({ ...keys, test_split_size: 0.1 }).args.eval_strategy).toBe("epoch");
    const best = { ...keys, load_best_model_at_end: true, save_strategy: "epoch" };
    expect(problemsOf(best)).toEqual([
      "load_best_model_at_end: expected false without rows to evaluate on, found true",
    ]);
  });

  it("is one of several keys that have no effect alone", () => {
    expect(parse({ dataset_name: "d", dataset_splits: ["train"] }).advice).toEqual([
      "dataset_splits: no effect without dataset_mixer",
    ]);
    expect(parse({ ...MIXER, dataset_name: "d" }).advice).toEqual(["dataset_name: no effect with dataset_mixer"]);
  });
});

describe("dataset_mixture", () => {
  const set = { id: "a", config: null, columns: ["chosen", "rejected"] };

  it("reads datasets, seed and test_split_size", () => {
    const mixture = { datasets: [set, { ...set, id: "b", split: "test", weight: null }], test_split_size: 0.1 };
    const { script } = parse({ dataset_mixture: mixture, eval_strategy: "steps" });
    expect(script.dataset_mixture).toEqual({
      datasets: [
        { id: "a", config: null, split: "train", columns: ["chosen", "rejected"], weight: 1 },
        { id: "b", config: null, split: "test", columns: ["chosen", "rejected"], weight: null },
      ],
      seed: 0,
      test_split_size: 0.1,
    });
  });

  it("reports all its problems", () => {
    const datasets = [set, { id: "b", columns: ["prompt"], weight: 2 }, { splitt: "x" }];
    expect(problemsOf({ dataset_mixture: { datasets, sed: 1 }, eval_strategy: "steps" })).toEqual([
      "dataset_mixture.sed: unknown key; did you mean seed?",
      "dataset_mixture.datasets[1].weight: expected a number from 0 to 1, or null, found 2",
      "dataset_mixture.datasets[2].splitt: unknown key; did you mean split?",
      "dataset_mixture.datasets[2].id: expected a hub id, a folder or a file, found nothing",
      "dataset_mixture.datasets: expected the same columns for all, found chosen, rejected and prompt",
      "dataset_mixture.test_split_size: expected a share or a number of rows to evaluate on (or eval_strategy no), found nothing",
    ]);
  });
});

describe("losses that keys name together", () => {
  const loss = (keys: object, ...flags: string[]) => {
    const { args, advice } = parse({ ...MIXER, ...keys }, ...flags);
    const { loss_type, loss_weights, beta, simpo_gamma } = args;
    return { loss_type, loss_weights, beta, simpo_gamma, advice };
  };

  it.each([
    ["without a loss", {}],
    ["with sigmoid", { loss_type: "sigmoid" }],
    ["with simpo", { loss_type: ["simpo"] }],
  ])("gamma_beta_ratio means simpo %s", (_, keys) => {
    expect(loss({ ...keys, beta: 2.5, gamma_beta_ratio: "0.55" })).toEqual({
      loss_type: ["simpo"],
      loss_weights: null,
      beta: 2.5,
      simpo_gamma: 1.375,
      advice: ["gamma_beta_ratio: the loss is simpo, with simpo_gamma 1.375 (0.55 x beta 2.5)"],
    });
  });

  it("gamma_beta_ratio has SimPO's own beta where there is none, and meets flags", () => {
    expect(loss({ gamma_beta_ratio: 0.25 })).toMatchObject({ beta: 2, simpo_gamma: 0.5 });
    expect(loss({ gamma_beta_ratio: 0.25, beta: 2 }, "--beta", "10")).toMatchObject({ beta: 10, simpo_gamma: 2.5 });
    expect(loss({ beta: 2 }, "--gamma_beta_ratio", "0.3")).toMatchObject({ loss_type: ["simpo"], simpo_gamma: 0.6 });
    expect(loss({ gamma_beta_ratio: null })).toMatchObject({ loss_type: ["sigmoid"] });
    const both = { gamma_beta_ratio: 0.3, beta: 10, sft_weight: 0.1 };
    expect(loss(both)).toMatchObject({ loss_type: ["simpo", "sft"], loss_weights: [1, 0.1], simpo_gamma: 3 });
  });

  it("gamma_beta_ratio goes with no other loss", () => {
    expect(problemsOf({ ...MIXER, gamma_beta_ratio: 0.3, loss_type: "hinge" })[0]).toMatch(
      /SimPO's hinge is not built/,
    );
    expect(problemsOf({ ...MIXER, gamma_beta_ratio: 0.3, loss_type: "ipo" })).toEqual([
      "gamma_beta_ratio: expected loss_type simpo (or none) with it, found ipo",
    ]);
    expect(problemsOf({ ...MIXER, gamma_beta_ratio: 0.3, simpo_gamma: 1 })[0]).toMatch(/expected one of it and simpo_/);
    expect(problemsOf({ ...MIXER, gamma_beta_ratio: "much" })[0]).toMatch(/expected a number, SimPO's gamma \/ beta/);
    expect(problemsOf({ ...MIXER, sft_weight: 0.5 })[0]).toMatch(/expected gamma_beta_ratio \(SimPO\) with it/);
  });

  it("rpo is sigmoid and sft with rpo_alpha, which may be a flag", () => {
    const expected = { loss_type: ["sigmoid", "sft"], loss_weights: [1, 0.5] };
    expect(loss({ loss_type: "rpo", rpo_alpha: 0.5 })).toMatchObject(expected);
    expect(loss({ loss_type: "rpo" }, "--rpo_alpha", "0.5")).toMatchObject(expected);
    expect(loss({ loss_type: ["rpo"] }, "--rpo_alpha=5e-1")).toMatchObject(expected);
    expect(loss({ loss_type: "ipo" }, "--rpo_alpha", "1")).toMatchObject({ loss_type: ["ipo", "sft"] });
    expect(problemsOf({ ...MIXER, loss_type: "rpo" })).toEqual([
      "loss_type: rpo needs rpo_alpha, found none: rpo is sigmoid + rpo_alpha x sft, the likelihood of the chosen answers " +
        "per token (the paper has rpo_alpha: 1)",
    ]);
  });
});

describe("further keys of recipes", () => {
  it("a name that speaks of another loss than DPO, where none is set, is worth a line", () => {
    const linesOf = (keys: object) => parse({ ...MIXER, ...keys }).advice;
    expect(linesOf({ output_dir: "data/zephyr-orpo-141b" })).toEqual([
      "loss_type: not set, so this is DPO (sigmoid), though output_dir has orpo; for it, set loss_type: orpo",
    ]);
    expect(linesOf({ output_dir: "zephyr_kto" })[0]).toMatch(/though output_dir has kto; KTO is not built$/);
    expect(linesOf({ output_dir: "data/zephyr-dpo", hub_model_id: "cipolla/x" }).join()).not.toMatch(/loss_type/);
    expect(linesOf({ output_dir: "orpo", loss_type: "sigmoid" })).toEqual([]);
    expect(linesOf({ output_dir: "simpo", gamma_beta_ratio: 0.5, beta: 2 })).toHaveLength(1);
  });

  it("keys of an author's own trainer are refused by name, but for values without effect", () => {
    const keys = {
      trainer_type: "dpo",
      ln: true,
      alpha: "5e-2",
      dpo_lambda: 0.7,
      use_sspo: true,
      data_selection: true,
    };
    const refused = problemsOf({ ...MIXER, ...keys, Gamma: 0.1, loss_type: "alpha-dpo" });
    const names = refused.map((line) => line.split(":")[0]);
    expect(names.toSorted()).toEqual([...Object.keys(keys), "Gamma", "loss_type"].toSorted());
    for (const line of refused) expect(line).toMatch(/trainer of .*(is|of pairs is) not built|loss of .* is not built/);
    const harmless = { ln: false, alpha: 0, dpo_lambda: 1, use_sspo: false, data_selection: false, Gamma: 0.02 };
    expect(parse({ ...MIXER, ...harmless, pseudo_label: true }).advice).toEqual([
      "Gamma: no effect: data_selection is false",
      "pseudo_label: no effect: data_selection is false",
    ]);
    const simpo = { trainer_type: "simpo", ln: true, alpha: 0.1, beta: 2, gamma_beta_ratio: 0.5, Gamma: 1 };
    expect(parse({ ...MIXER, ...simpo }).args.loss_type).toEqual(["simpo"]);
    expect(parse({ ...MIXER, ...simpo }).advice).toContain("Gamma: no effect: read with data_selection alone");
  });

  it("have their meaning, or a line", () => {
    const run = parse({
      ...MIXER,
      preprocessing_num_workers: 12,
      dataset_num_proc: 48,
      hub_model_revision: "v1.0",
      model_adapter_name: "train",
      ref_adapter_name: "reference",
      use_flash_attention_2: true,
      tokenizer_name_or_path: "t",
      chat_template: "{{ messages }}",
      do_eval: "no",
      eval_steps: 0.25,
      eval_strategy: "steps",
      save_steps: null,
      torch_dtype: "auto",
      optim: "adamw_hf",
      warmup_ratio: 0.1,
      warmup_steps: 0,
      fsdp: "",
      truncation_side: "left",
      wandb_project: "p",
    });
    expect(run.args).toMatchObject({
      dataset_num_proc: 48,
      do_eval: false,
      eval_steps: 0.25,
      save_steps: 500,
      optim: "adamw_torch",
      warmup_steps: 0.1,
    });
    expect(run.model).toMatchObject({ tokenizer_name_or_path: "t", chat_template: "{{ messages }}", dtype: "auto" });
    expect(run.advice.map((line) => line.split(":")[0]).toSorted()).toEqual([
      ...["hub_model_revision", "model_adapter_name", "preprocessing_num_workers", "ref_adapter_name", "save_steps"],
      ...["torch_dtype", "torch_dtype", "truncation_side", "use_flash_attention_2", "warmup_ratio"],
    ]);
    const steps = parse({ ...MIXER, warmup_ratio: 0.1, warmup_steps: 100 });
    expect(steps.args.warmup_steps).toBe(100);
    expect(problemsOf({ ...MIXER, chat_template: "chatml" })).toEqual([
      'chat_template: expected the text of a Jinja template, such as {% for message in messages %}..., or null, found "chatml"',
    ]);
  });
});
