/** @file LLaMA-Factory's DPO files as run files: what their keys become, and what a run file can't hold. */
import { describe, expect, it } from "vitest";
import { differing, imported, importFiles, keysOf } from "../../../test/support/importedRun.ts";
import { failure } from "../../../test/support/outcomes.ts";
import { importRun } from "./importRun.ts";

describe("LLaMA-Factory", () => {
  const BASE = { model_name_or_path: "m/n", stage: "dpo", dataset: "pairs", output_dir: "saves" };

  it("writes its defaults where prefine's are others, and reads dataset_info.json", async () => {
    const run = await imported({
      ...BASE,
      template: "llama3",
      plot_loss: true,
      max_samples: 1000,
      overwrite_cache: true,
    });
    expect(run.keys).toEqual({
      model_name_or_path: "m/n",
      output_dir: "saves",
      loss_type: "sigmoid",
      use_peft: true,
      lora_r: 8,
      lora_alpha: 16,
      lora_dropout: 0,
      lora_target_modules: "all-linear",
      data_format: "sharegpt",
      data_format_options: { columns: { messages: "conversations" } },
      datasets: [{ path: "data/pairs.json" }],
      max_length: 2048,
      learning_rate: 5e-5,
      num_train_epochs: 3,
      logging_steps: 500,
    });
    expect(differing(run)).toEqual(["template"]);
  });

  it("data: parts of larger files, sets of the hub, test sets, a share held out", async () => {
    const parts = await keysOf({
      ...BASE,
      dataset: "pairs, more",
      max_samples: 1000,
      val_size: 0.1,
      eval_strategy: "steps",
    });
    expect(parts).toMatchObject({
      datasets: [{ path: "data/pairs.json" }, { path: "/data/more.json", split: "train[:1000]" }],
      test_split_size: 0.1,
      eval_strategy: "steps",
    });
    expect(await keysOf({ ...BASE, dataset: "orca" })).toMatchObject({
      data_format: "alpaca",
      data_format_options: { columns: { prompt: "question" } },
      datasets: [{ path: "Intel/orca_dpo_pairs", name: "x", split: "all" }],
    });
    const tested = await keysOf({ ...BASE, eval_dataset: "more", eval_strategy: "epoch" });
    expect(tested.data_files).toEqual({ train: ["data/pairs.json"], test: ["/data/more.json"] });
    expect((await keysOf({ ...BASE, dataset: "pairs,orca" })).datasets).toMatchObject([
      {
        path: "data/pairs.json",
        data_format: "sharegpt",
        data_format_options: { columns: { messages: "conversations" } },
      },
      { path: "Intel/orca_dpo_pairs", data_format: "alpaca" },
    ]);
    expect(differing(await imported({ ...BASE, dataset: "answers" }))).toEqual(["dataset"]);
  });

  it("says where smoothed labels get lost", async () => {
    const lines = async (pref_loss: string) =>
      (await imported({ ...BASE, pref_loss, dpo_label_smoothing: 0.1 })).lines.filter(
        ({ key }) => key === "dpo_label_smoothing",
      );
    expect(await lines("sigmoid")).toEqual([]);
    expect(await lines("simpo")).toMatchObject([{ text: "simpo has no smoothed labels here", changes: true }]);
    expect(await lines("ipo")).toMatchObject([{ text: "no effect on pref_loss ipo there, either", changes: false }]);
  });

  it.each([
    [
      { pref_beta: 0.2, pref_loss: "ipo" },
      { loss_type: "ipo", beta: 0.2 },
    ],
    [{ pref_ftx: 0.3 }, { loss_type: ["sigmoid", "sft"], loss_weights: [1, 0.3] }],
    [{ dpo_label_smoothing: 0.1 }, { loss_type: "cdpo", label_smoothing: 0.1 }],
    [
      { pref_loss: "simpo", pref_beta: 2 },
      { loss_type: "simpo", simpo_gamma: 0.5 },
    ],
    [{ pref_loss: "orpo" }, { loss_type: "orpo" }],
    [{ finetuning_type: "full" }, { learning_rate: 5e-5 }],
    [
      { lora_rank: 16, lora_target: "q_proj,v_proj", additional_target: "lm_head" },
      { lora_target_modules: ["q_proj", "v_proj"] },
    ],
    [{ quantization_bit: 4 }, { load_in_4bit: true, use_bnb_nested_quant: true }],
    [
      { cutoff_len: 1024, disable_shuffling: true },
      { max_length: 1024, train_sampling_strategy: "sequential" },
    ],
  ])("%j becomes %j", async (given, expected) => {
    const keys = await keysOf({ ...BASE, ...given });
    expect(keys).toMatchObject(expected);
    expect(Object.hasOwn(keys, "use_peft")).toBe(!("finetuning_type" in given));
  });

  it("names what the run would do otherwise; copies no secret", async () => {
    const others = {
      ref_model: "a/b",
      use_galore: true,
      pissa_init: true,
      hf_hub_token: "hf_secret",
      mix_strategy: "interleave_under",
    };
    const run = await imported({ ...BASE, ...others });
    expect(differing(run)).toEqual(["ref_model", "use_galore", "pissa_init", "mix_strategy"]);
    expect(run.text).not.toContain("hf_secret");
  });

  it("reads stage: orpo of older versions, and refuses values of another kind", async () => {
    const given = { model_name_or_path: "m", dataset: "a/b", dataset_dir: "ONLINE", stage: "orpo", orpo_beta: 0.2 };
    const read = (keys: object) => importRun({ name: "x.yml", text: JSON.stringify(keys) });
    const run = await read(given);
    expect(run.text).toContain("loss_type: orpo");
    expect(run.text).toContain("beta: 0.2");
    const { message } = await failure(read({ ...given, lora_target: { a: 1 }, template: ["qwen"] }));
    expect(message).toContain('template: expected a name, found ["qwen"]');
    expect(message).toContain('lora_target: expected a name or a list of names, found {"a":1}');
  });

  it("refuses other stages and losses, and names that dataset_info.json lacks", async () => {
    const of = (keys: object) =>
      failure(importRun({ name: "x.yml", text: JSON.stringify({ ...BASE, ...keys }) }, { files: importFiles }));
    expect((await of({ stage: "kto" })).message).toBe('x.yml: stage: expected dpo, found "kto"');
    expect((await of({ pref_loss: "kto_pair" })).message).toMatch(
      /pref_loss: expected one of sigmoid, .*, found "kto_pair"/,
    );
    expect((await of({ dataset: "nowhere" })).message).toMatch(
      /dataset_info\.json: expected the dataset nowhere, found none/,
    );
    expect((await of({ dataset_dir: "elsewhere" })).message).toMatch(
      /elsewhere\/dataset_info\.json: expected the list/,
    );
  });
});
