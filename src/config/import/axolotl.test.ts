/** @file Axolotl's DPO files as run files: what their keys become, and what a run file can't hold. */
import { describe, expect, it } from "vitest";
import { differing, imported, keysOf } from "../../../test/support/importedRun.ts";
import { failure } from "../../../test/support/outcomes.ts";
import { importRun } from "./importRun.ts";

describe("Axolotl", () => {
  const BASE = {
    base_model: "NousResearch/Llama-3.2-1B",
    rl: "dpo",
    datasets: [{ path: "Intel/orca_dpo_pairs", split: "train", type: "chatml.intel" }],
    learning_rate: 0.0002,
  };

  it("writes its defaults where prefine's are others, and drops what has no effect with a line", async () => {
    const run = await imported({ ...BASE, flash_attention: true, deepspeed: "zero3.json", wandb_project: null });
    expect(run.keys).toEqual({
      model_name_or_path: "NousResearch/Llama-3.2-1B",
      dataset_name: "Intel/orca_dpo_pairs",
      dataset_train_split: "train",
      data_format: "chatml.intel",
      learning_rate: 0.0002,
      loss_type: "sigmoid",
      num_train_epochs: 1,
      per_device_train_batch_size: 1,
      per_device_eval_batch_size: 1,
      save_strategy: "epoch",
      save_total_limit: 4,
      max_length: 512,
      lr_scheduler_type: "cosine",
      warmup_steps: 0.03,
    });
    expect(run.lines).toEqual([
      { key: "flash_attention", text: "prefine has its own kernels", changes: false },
      { key: "deepspeed", text: "every process holds the whole model", changes: false },
    ]);
    expect(run.text).toContain("# deepspeed: every process holds the whole model\n");
  });

  it("adapters: LoRA on all linear layers, QLoRA with its nested quantization", async () => {
    const lora = { adapter: "lora", lora_r: 32, lora_alpha: 16, lora_target_linear: true, peft_use_rslora: true };
    expect(await keysOf({ ...BASE, ...lora, load_in_8bit: true })).toMatchObject({
      use_peft: true,
      lora_r: 32,
      lora_dropout: 0,
      lora_target_modules: "all-linear",
      use_rslora: true,
      load_in_8bit: true,
    });
    const quantized = { load_in_4bit: true, use_bnb_nested_quant: true, bnb_4bit_quant_type: "nf4" };
    expect(await keysOf({ ...BASE, adapter: "qlora", lora_target_modules: ["q_proj"] })).toMatchObject(quantized);
  });

  it.each([
    [
      { rl: "dpo", rl_beta: 0.2 },
      { loss_type: "sigmoid", beta: 0.2 },
    ],
    [{ rl: "dpo", dpo_loss_type: ["sigmoid", "sft"], dpo_loss_weights: [1, 0.5] }, { loss_weights: [1, 0.5] }],
    [{ rl: "dpo", rpo_alpha: 0.5 }, { rpo_alpha: 0.5 }],
    [
      { rl: "dpo", dpo_label_smoothing: 0.1 },
      { loss_type: "cdpo", label_smoothing: 0.1 },
    ],
    [
      { rl: "ipo", dpo_beta: 0.3 },
      { loss_type: "ipo", beta: 0.3 },
    ],
    [
      { rl: "orpo", orpo_alpha: 0.05 },
      { loss_type: "orpo", beta: 0.05 },
    ],
    [
      { rl: "simpo", trl: { beta: 2 }, cpo_alpha: 0 },
      { loss_type: "simpo", beta: 2, simpo_gamma: 0.5 },
    ],
    [
      { rl: "simpo", simpo_gamma: 1 },
      { loss_type: ["simpo", "sft"], loss_weights: [1, 1], simpo_gamma: 1 },
    ],
  ])("%j has the loss %j", async (given, expected) => {
    expect(await keysOf({ ...BASE, ...given })).toMatchObject(expected);
  });

  it("steps: batches, shares of an epoch, a smallest learning rate", async () => {
    const steps = { batch_size: 16, micro_batch_size: 4, num_epochs: 2, saves_per_epoch: 2, cosine_min_lr_ratio: 0.1 };
    expect(await keysOf({ ...BASE, ...steps, val_set_size: 0.1, evals_per_epoch: 4 })).toMatchObject({
      gradient_accumulation_steps: 4,
      per_device_eval_batch_size: 4,
      save_steps: 0.25,
      eval_strategy: "steps",
      eval_steps: 0.125,
      test_split_size: 0.1,
      datasets: [{ path: "Intel/orca_dpo_pairs", split: "train" }],
      lr_scheduler_type: "cosine_with_min_lr",
      lr_scheduler_kwargs: { min_lr_rate: 0.1 },
    });
    expect(await keysOf({ ...BASE, saves_per_epoch: 1, evals_per_epoch: 1 })).not.toHaveProperty("eval_strategy");
  });

  it("data: local files by split, another split as test set, several sets, formats of the user's own", async () => {
    const local = {
      datasets: [{ path: "json", data_files: ["a.jsonl", "b.jsonl"] }],
      test_datasets: [{ path: "t.jsonl" }],
    };
    expect((await keysOf({ ...BASE, ...local })).data_files).toEqual({
      train: ["a.jsonl", "b.jsonl"],
      test: ["t.jsonl"],
    });
    const split = { test_datasets: [{ ...BASE.datasets[0], split: "test" }], eval_steps: 5 };
    expect(await keysOf({ ...BASE, ...split })).toMatchObject({ dataset_test_split: "test", eval_strategy: "steps" });
    const type = { field_prompt: "question", prompt_format: "{prompt}" };
    const own = await keysOf({
      ...BASE,
      datasets: [
        { path: "a/b", type },
        { path: "c/d", type },
      ],
    });
    expect(own).toMatchObject({
      data_format: "user_defined.default",
      data_format_options: type,
      datasets: [{ path: "a/b" }, { path: "c/d" }],
    });
    const several = {
      datasets: [
        { path: "a/b", type: "chatml.intel" },
        { path: "c/d", type: "llama3.icr" },
      ],
    };
    expect((await keysOf({ ...BASE, ...several })).datasets).toEqual([
      { path: "a/b", data_format: "chatml.intel" },
      { path: "c/d", data_format: "llama3.icr" },
    ]);
    const unknown = { datasets: [{ path: "a/b", type: "my.own" }] };
    expect(differing(await imported({ ...BASE, ...unknown }))).toEqual(["datasets.type"]);
  });

  it("names what the run would do otherwise", async () => {
    const run = await imported({
      ...BASE,
      chat_template: "llama3",
      early_stopping_patience: 3,
      optimizer: "muon",
      special_tokens: { pad_token: "<pad>", eos_token: "<end>" },
      spectrum: true,
    });
    expect(differing(run)).toEqual([
      ...["early_stopping_patience", "optimizer", "spectrum", "special_tokens.eos_token", "chat_template"],
    ]);
    expect(run.text).toContain("chat_template: llama3 is one of Axolotl's own; give its text as chat_template, or");
    expect(run.keys).toMatchObject({ pad_token: "<pad>" });
    const template = "{% for m in messages %}{{ m.content }}{% endfor %}";
    expect(await keysOf({ ...BASE, chat_template: "jinja", chat_template_jinja: template })).toMatchObject({
      chat_template: template,
    });
  });

  it("warms up by warmup_ratio where the file has it, and by its default where it has neither", async () => {
    const ratio = await keysOf({ ...BASE, warmup_ratio: 0.1 });
    expect(ratio).toMatchObject({ warmup_ratio: 0.1 });
    expect(ratio).not.toHaveProperty("warmup_steps");
    expect(await keysOf({ ...BASE, warmup_steps: 10 })).toMatchObject({ warmup_steps: 10 });
  });

  it("writes the text of chatml, reads ORPO's type of conversations, and has a line per key of a dataset", async () => {
    const datasets = [{ path: "a/b", type: "chat_template.argilla", shards: 4, roles_to_train: ["assistant"] }];
    const trl = { beta: 0.3, sync_ref_model: true };
    const run = await imported({ ...BASE, chat_template: "chatml", datasets, trl });
    expect(run.keys).toMatchObject({ data_format: "chat_template.argilla_chat", beta: 0.3 });
    expect(run.keys.chat_template).toContain("<|im_start|>assistant\\n");
    expect(run.lines.map(({ key, changes }) => [key, changes])).toEqual([
      ["datasets.shards", true],
      ["datasets.roles_to_train", false],
      ["trl.sync_ref_model", false],
    ]);
  });

  it("refuses values of another kind, all at once", async () => {
    const wrong = { ...BASE, base_model: { a: 1 }, datasets: "a/b", chat_template: [] };
    const error = await failure(importRun({ name: "x.yml", text: JSON.stringify(wrong) }, { from: "axolotl" }));
    expect(error.message.split("\n").map((line) => line.trim().split(", found")[0])).toEqual([
      "x.yml:",
      "base_model: expected a name",
      "chat_template: expected a name",
      "datasets: expected a list of datasets with a path",
    ]);
  });

  it.each(["kto", "grpo", undefined])("rl: %s is refused by name", async (rl) => {
    const error = await failure(
      importRun({ name: "x.yml", text: JSON.stringify({ ...BASE, rl }) }, { from: "axolotl" }),
    );
    expect(error.message).toBe(
      `x.yml: rl: expected one of dpo, ipo, orpo, simpo, found ${rl ? `"${rl}"` : "none: this is supervised fine-tuning"}`,
    );
  });
});

it("a file of neither is refused, with what to do", async () => {
  const error = await failure(importRun({ name: "x.yml", text: "dataset_mixer: {a: 1}" }));
  expect(error.message).toMatch(/^x\.yml: expected a file of Axolotl .* or LLaMA-Factory .*, found dataset_mixer$/);
  expect(error.hint).toMatch(/need no import/);
});
