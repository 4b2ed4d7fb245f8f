/** @file Configs as objects: old names, wrong values reported together, options not built, advice. */
import { describe, expect, it } from "vitest";
import { thrown } from "../../test/support/outcomes.ts";
import { adviceOf, DPOConfig, type DPOConfigInput, warningOf } from "./DPOConfig.ts";
import { GenerationConfig } from "./GenerationConfig.ts";
import { LoraConfig } from "./LoraConfig.ts";

const linesOf = (make: () => unknown) => thrown(make).message.split("\n  ");

/** The course note's arguments. */
const NOTE: DPOConfigInput = {
  beta: 0.1,
  output_dir: "dpo",
  num_train_epochs: 5,
  per_device_train_batch_size: 1,
  per_device_eval_batch_size: 1,
  remove_unused_columns: false,
  logging_steps: 10,
  gradient_accumulation_steps: 1,
  learning_rate: 1e-4,
  evaluation_strategy: "epoch",
  warmup_steps: 2,
  fp16: false,
  save_steps: 500,
  report_to: "none",
};

describe("DPOConfig", () => {
  it("accepts the note's arguments, including the old name of eval_strategy", () => {
    const config = new DPOConfig(NOTE);
    expect(config).toMatchObject({ eval_strategy: "epoch", num_train_epochs: 5, learning_rate: 1e-4, report_to: [] });
    expect(adviceOf(config)).toEqual(["evaluation_strategy: is eval_strategy now"]);
    expect(adviceOf(DPOConfig({ bf16: true }))).toEqual([
      "bf16: prefine trains in float32, as TRL does with bf16: false",
    ]);
  });

  it("has TRL's defaults, and is complete and frozen", () => {
    const config = DPOConfig();
    expect(config).toMatchObject({ output_dir: "trainer_output", learning_rate: 1e-6, beta: 0.1, max_length: 1024 });
    expect(config).toMatchObject({ loss_type: ["sigmoid"], disable_dropout: true, logging_steps: 10 });
    expect(Object.isFrozen(config)).toBe(true);
    expect(DPOConfig(config)).toBe(config);
  });

  it("gives no advice without a reason", () => {
    expect(adviceOf(DPOConfig({ bf16: false, gradient_checkpointing: true, dataloader_pin_memory: true }))).toEqual([]);
  });

  it("reports all problems together: unknown keys with the nearest name, wrong kinds, values out of bounds", () => {
    const wrong = {
      learning_rat: 1,
      beta: "much",
      max_length: 0,
      seed: 1.5,
      eval_strategy: "step",
      num_train_epochs: true,
    };
    expect(linesOf(() => DPOConfig(wrong as object))).toEqual([
      "DPOConfig:",
      "learning_rat: unknown key; did you mean learning_rate?",
      "num_train_epochs: expected a number above 0, found true",
      "seed: expected an integer, found 1.5",
      'beta: expected a number of at least 0, found "much"',
      "max_length: expected an integer above 0, or null, found 0",
      'eval_strategy: expected one of no, steps, epoch, found "step"; did you mean steps?',
    ]);
  });

  it("rejects a run without a step, in every unit", () => {
    expect(thrown(() => DPOConfig({ max_steps: 0 })).message).toBe(
      "DPOConfig: max_steps: expected a number of steps above 0, or -1 to train for num_train_epochs, found 0; " +
        "to measure without training, call evaluate()",
    );
    const empty = { num_train_epochs: 0, per_device_train_batch_size: 0, gradient_accumulation_steps: -1 };
    expect(linesOf(() => DPOConfig({ ...empty, logging_steps: 0, save_steps: 0 })).slice(1)).toEqual([
      "num_train_epochs: expected a number above 0, found 0",
      "per_device_train_batch_size: expected an integer above 0, found 0",
      "gradient_accumulation_steps: expected an integer above 0, found -1",
      "logging_steps: expected more than 0 with logging_strategy steps",
      "save_steps: expected more than 0 with save_strategy steps",
    ]);
    expect(DPOConfig({ bf16: false, max_steps: -5 }).max_steps).toBe(-5); // as in transformers: any negative number
  });

  it("rejects options that would change results and are not built, with their own error code", () => {
    const input: object = {
      loss_type: ["sigmoid", "sft"],
      optim: "lion_8bit",
      router_aux_loss_coef: 0.1,
      optim_target_modules: "all-linear",
    };
    const error = thrown(() => DPOConfig(input));
    expect(error.code).toBe("not-yet");
    expect(error.hint).toContain("COMPATIBILITY.md");
    expect(error.message.match(/not yet/g)).toHaveLength(3);
    expect(error.message).toContain("router_aux_loss_coef: not yet: 0.1 would change results and is not built");
    expect(thrown(() => DPOConfig({ optim: "lion_8bit", beta: -1 } as object)).code).toBe("config");
  });

  it("accepts options without effect, with one line of advice each", () => {
    const config = DPOConfig({ bf16: false, padding_free: true, use_cache: true, dataloader_num_workers: 2 });
    const keys = adviceOf(config).map((line) => line.split(":")[0]);
    expect(keys.toSorted()).toEqual(["dataloader_num_workers", "padding_free", "use_cache"]);
    expect(warningOf(config)).toBeUndefined();
  });

  it("puts those that users rely on into one warning", () => {
    const config = DPOConfig({
      bf16: false,
      torch_compile: true,
      tf32: true,
      push_to_hub: true,
      hub_model_id: "me/model",
      report_to: ["wandb", "tensorboard"],
      run_name: "mine",
      fsdp: "full_shard",
      use_liger_kernel: true,
      use_vllm: true,
    } as object);
    expect(adviceOf(config)).toEqual([]);
    expect(warningOf(config)).toBe(
      "no effect: use_vllm (DPO generates no answers during training); tf32 (prefine computes in float32); " +
        "torch_compile (prefine always compiles its graphs); use_liger_kernel (prefine has its own kernels); " +
        "push_to_hub, hub_model_id (prefine uploads nothing; upload the finished output_dir yourself); " +
        "fsdp (every process holds the whole model; mpirun starts several of them (docs/cluster.md)); " +
        "report_to: wandb (logs go to trainer_state.json and, with report_to: tensorboard, to event files); " +
        "run_name (a run's name is its output_dir)",
    );
  });

  it("trains in float32 with float16, bfloat16 and Axolotl's auto, with a line", () => {
    expect(adviceOf(DPOConfig({ fp16: true, bf16: false }))).toEqual([
      "fp16: prefine trains in float32, as TRL does with fp16: false",
    ]);
    expect(adviceOf(DPOConfig({ bf16: true }))[0]).toMatch(/^bf16: prefine trains in float32/);
    expect(DPOConfig({ bf16: "auto", tf32: "auto" })).toMatchObject({ bf16: null, tf32: null });
    expect(thrown(() => DPOConfig({ bf16: true, fp16: true })).message).toMatch(/expected one of fp16 and bf16/);
  });

  it("takes gradient accumulation from accelerator_config, and checks the rest", () => {
    const config = DPOConfig({
      bf16: false,
      accelerator_config: {
        split_batches: true,
        gradient_accumulation_kwargs: { num_steps: 4, sync_each_batch: true },
      },
    });
    expect(config.gradient_accumulation_steps).toBe(4);
    expect(adviceOf(config)).toEqual([
      "accelerator_config.split_batches: no effect: one process has all of a batch; of several processes, each has " +
        "batches of its own: true is an error there",
      "accelerator_config.gradient_accumulation_kwargs.sync_each_batch: no effect: gradients of processes are " +
        "summed once per optimizer step: the same mean",
    ]);
    const messageOf = (input: DPOConfigInput) => thrown(() => DPOConfig(input)).message;
    const accelerator_config = { gradient_accumulation_kwargs: { num_steps: 4 }, even_batch: false };
    expect(messageOf({ gradient_accumulation_steps: 2, accelerator_config })).toBe(
      [
        "DPOConfig:",
        "accelerator_config.even_batch: unknown key; did you mean even_batches?",
        "accelerator_config.gradient_accumulation_kwargs.num_steps: expected no value with " +
          "gradient_accumulation_steps 2, found 4: set only one",
      ].join("\n  "),
    );
    expect(messageOf({ accelerator_config: { use_seedable_sampler: false } })).toMatch(/not yet: false would change/);
    expect(messageOf({ output_dir: "" })).toMatch(/output_dir: expected a path, or null, found ""/); // not the cwd
    expect(messageOf({ accelerator_config: "accelerate.json" })).toMatch(/not yet: .* the path "accelerate.json"/);
  });

  it("translates old names that still have a meaning", () => {
    const old: DPOConfigInput = {
      warmup_ratio: 0.1,
      no_cuda: true,
      per_gpu_train_batch_size: 2,
      group_by_length: false,
    };
    expect(DPOConfig(old)).toMatchObject({ warmup_steps: 0.1, use_cpu: true, per_device_train_batch_size: 2 });
    expect(DPOConfig({ group_by_length: true }).train_sampling_strategy).toBe("group_by_length");
    expect(DPOConfig({ eval_strategy: "steps", evaluation_strategy: "steps" }).eval_strategy).toBe("steps");
    expect(thrown(() => DPOConfig({ eval_strategy: "no", evaluation_strategy: "steps" })).message).toBe(
      "DPOConfig: evaluation_strategy: is eval_strategy now, and eval_strategy is set too; keep one of them",
    );
    const unused = adviceOf(
      DPOConfig({ bf16: false, max_completion_length: 512, label_pad_token_id: -100, rpo_alpha: null }),
    );
    expect(unused.map((line) => line.split(":")[0])).toEqual(["max_completion_length", "label_pad_token_id"]);
    expect(DPOConfig({ max_prompt_length: 128 }).max_prompt_length).toBe(128);
    const advice = adviceOf(DPOConfig({ bf16: false, overwrite_output_dir: true, logging_dir: "logs" }));
    expect(advice.map((line) => line.split(";")[0])).toEqual([
      "overwrite_output_dir: removed in transformers 5",
      "logging_dir: removed in transformers 5",
    ]);
    expect(thrown(() => DPOConfig({ is_encoder_decoder: true })).code).toBe("config");
  });

  it("checks steps as transformers does, and takes eval_steps from logging_steps", () => {
    expect(DPOConfig({ eval_strategy: "steps", logging_steps: 7 }).eval_steps).toBe(7);
    expect(DPOConfig({ logging_steps: 0.25, save_steps: 0.5 })).toMatchObject({ logging_steps: 0.25, save_steps: 0.5 });
    const wrong: DPOConfigInput = { logging_steps: 0, save_steps: 2.5, warmup_steps: 1.5 };
    expect(linesOf(() => DPOConfig(wrong))).toEqual([
      "DPOConfig:",
      "logging_steps: expected more than 0 with logging_strategy steps",
      "save_steps: expected an integer, or a share of all steps below 1, found 2.5",
      "warmup_steps: expected an integer, or a share of all steps below 1, found 1.5",
    ]);
  });

  it("requires evaluations if the learning rate depends on them", () => {
    for (const lr_scheduler_type of ["reduce_lr_on_plateau", "greedy"] as const) {
      expect(linesOf(() => DPOConfig({ lr_scheduler_type }))).toEqual([
        `DPOConfig: eval_strategy: expected steps or epoch with lr_scheduler_type ${lr_scheduler_type}, found no`,
      ]);
      const config = DPOConfig({ lr_scheduler_type, eval_strategy: "epoch" });
      expect(config).toMatchObject({ metric_for_best_model: "loss", greater_is_better: false });
    }
  });

  it("checks model_init_kwargs", () => {
    expect(adviceOf(DPOConfig({ bf16: false, model_init_kwargs: { revision: "x", dtype: "auto" } }))).toEqual([
      "model_init_kwargs.dtype: no effect: prefine loads float32 on the CPU",
    ]);
    const quantized = (quantization_config: object): DPOConfigInput => ({ model_init_kwargs: { quantization_config } });
    expect(adviceOf(DPOConfig({ bf16: false, ...quantized({ load_in_4bit: true }) }))).toEqual([]);
    expect(thrown(() => DPOConfig(quantized({ load_in_3bit: true }))).message).toContain("did you mean load_in_8bit?");
    expect(thrown(() => DPOConfig({ model_init_kwargs: { subfolder: "x" } })).code).toBe("not-yet");
  });

  it("keeps secrets out of messages", () => {
    const { message } = thrown(() => DPOConfig({ hub_token: ["hf_secret"] as unknown as string }));
    expect(message).toContain("hub_token");
    expect(message).not.toContain("hf_secret");
  });
});

describe("LoraConfig and GenerationConfig", () => {
  it("accept the note's arguments", () => {
    const lora = new LoraConfig({
      r: 4,
      target_modules: ["c_proj", "c_attn"],
      task_type: "CAUSAL_LM",
      lora_alpha: 8,
      lora_dropout: 0.1,
      bias: "none",
    });
    expect(lora).toMatchObject({ r: 4, lora_alpha: 8, lora_dropout: 0.1, target_modules: ["c_proj", "c_attn"] });
    const generation = new GenerationConfig({ do_sample: true, top_k: 1, temperature: 0.1, max_new_tokens: 25 });
    expect(generation).toMatchObject({ do_sample: true, top_k: 1, temperature: 0.1, max_new_tokens: 25, top_p: null });
  });

  it("keep strings and lists apart, and reject contradictions and what is not built", () => {
    expect(LoraConfig({ target_modules: "all-linear" }).target_modules).toBe("all-linear");
    expect(LoraConfig({ target_modules: ["c_attn"], exclude_modules: "h.0.*" })).toMatchObject({
      target_modules: ["c_attn"],
      exclude_modules: "h.0.*",
    });
    const several = { use_dora: true, bias: "all", rank_pattern: { c_attn: 2 }, layers_to_transform: 1 } as const;
    expect(LoraConfig(several)).toMatchObject({ ...several, layers_to_transform: [1], init_lora_weights: true });
    const wrong = { target_modules: ".*attn", layers_to_transform: [1], layers_pattern: "h" };
    expect(thrown(() => LoraConfig(wrong)).message.split("\n  ")).toEqual([
      "LoraConfig:",
      'layers_to_transform: expected none with target_modules ".*attn"; give a list of names',
      'layers_pattern: expected none with target_modules ".*attn"; give a list of names',
    ]);
    expect(thrown(() => LoraConfig({ layers_pattern: "h" })).message).toMatch(/expected layers_to_transform with it/);
    expect(thrown(() => LoraConfig({ rank_pattern: { c_attn: "x" as unknown as number } })).message).toMatch(
      /rank_pattern: expected a mapping of names to values, each an integer above 0/,
    );
    expect(thrown(() => LoraConfig({ init_lora_weights: "olora" } as object)).code).toBe("not-yet");
    for (const init_lora_weights of ["gaussian", "pissa_niter_4"] as const)
      expect(LoraConfig({ init_lora_weights })).toMatchObject({ init_lora_weights });
    expect(thrown(() => GenerationConfig({ num_beams: 4, num_beam_groups: 2 } as object))).toMatchObject({
      code: "not-yet",
      message: expect.stringContaining("num_beam_groups: not yet: 2 would change results and is not built (removed in"),
    });
    expect(GenerationConfig({ num_beams: 1, stop_strings: "\n", eos_token_id: [1, 2] })).toMatchObject({
      stop_strings: ["\n"],
      eos_token_id: [1, 2],
    });
  });
});
