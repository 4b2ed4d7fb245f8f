/** @file Axolotl's keys (its schemas of 0.4 to 0.19), but for those that are read together. */
import { AXOLOTL_DATA_KEYS } from "./axolotlData.ts";
import { each, type Families, idle, lost, type Rule, to } from "./rules.ts";

const ONE_PROCESS = "every process holds the whole model";
const KERNELS = "prefine has its own kernels";
const CACHE = "prefine prepares the data at each start";
const TRACKERS = "logs go to trainer_state.json and, with report_to: tensorboard, to event files";
const ADAPTER = "a setting of adapters that a run file does not have; DPOTrainer's peft_config may";
const DETECTED = "prefine reads it from the model's files";

export const AXOLOTL_RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(AXOLOTL_DATA_KEYS.map((key) => [key, "elsewhere" as const])),
  ...each("elsewhere", "rl", "rl_beta", "dpo_beta", "orpo_alpha", "simpo_gamma", "cpo_alpha", "trl", "adapter"),
  ...each("elsewhere", "load_in_4bit", "load_in_8bit", "bnb_config_kwargs", "lora_target_linear", "batch_size"),
  ...each("elsewhere", "micro_batch_size", "evals_per_epoch", "saves_per_epoch", "special_tokens", "strict"),
  ...each("elsewhere", "chat_template", "chat_template_jinja", "wandb_mode", "num_epochs"),
  base_model: to("model_name_or_path"),
  revision_of_model: to("model_revision"),
  tokenizer_config: to("tokenizer_name_or_path"),
  lora_model_dir: to("adapter_name_or_path"),
  sequence_len: to("max_length"),
  max_prompt_len: to("max_prompt_length"),
  optimizer: to("optim", (value) => (isOptimizer(value) ? value : undefined)),
  lr_scheduler: to("lr_scheduler_type", (value) => (/^(one_cycle|rex)$/.test(String(value)) ? undefined : value)),
  cosine_min_lr_ratio: "elsewhere",
  eval_batch_size: to("per_device_eval_batch_size"),
  gradient_checkpointing: to("gradient_checkpointing", (value) => value !== false && value !== "false"),
  noisy_embedding_alpha: to("neftune_noise_alpha"),
  dpo_loss_type: to("loss_type"),
  dpo_loss_weights: to("loss_weights"),
  dpo_label_smoothing: to("label_smoothing"),
  dpo_use_weighting: to("use_weighting"),
  dpo_padding_free: to("padding_free"),
  peft_use_rslora: to("use_rslora"),
  peft_use_dora: to("use_dora"),
  lora_target_parameters: to("lora_target_parameters"),
  dataset_processes: to("dataset_num_proc"),
  auto_resume_from_checkpoints: to("resume_from_checkpoint"),
  bf16: to("bf16", (value) => (value === "full" ? true : value)),
  bfloat16: to("bf16"),
  float16: to("fp16"),
  wandb_name: to("run_name"),
  loraplus_lr_ratio: lost("LoRA+ is not built"),
  loraplus_lr_embedding: lost("LoRA+ is not built"),
  relora: lost("ReLoRA is not built"),
  lisa_n_layers: lost("LISA is not built"),
  embedding_lr: lost("there is one learning rate"),
  embedding_lr_scale: lost("there is one learning rate"),
  lr_groups: lost("there is one learning rate"),
  unfrozen_parameters: lost("all weights or an adapter are trained"),
  rope_scaling: lost("config.json decides"),
  overrides_of_model_config: lost("config.json decides"),
  overrides_of_model_kwargs: lost("config.json decides"),
  tokens: lost("tokens are not added to a model"),
  added_tokens_overrides: lost("tokens are not added to a model"),
  additional_special_tokens: lost("tokens are not added to a model"),
  plugins: lost("plugins are Python"),
  trainer_cls: lost("a trainer of the user's own is Python"),
  early_stopping_patience: lost("early stopping is a callback: EarlyStoppingCallback of DPOTrainer"),
  cosine_constant_lr_ratio: lost("this schedule is not built"),
  dpo_norm_loss: lost("removed from TRL; loss_type sigmoid_norm is close to it"),
  dpo_generate_during_eval: idle("evaluation generates no answers; run `prefine compare` on the result"),
  gptq: lost("GPTQ weights are not read"),
  ...each(lost(ADAPTER), "peft_layers_to_transform", "peft_layers_pattern", "peft_init_lora_weights", "loftq_config"),
  ...each(lost(ADAPTER), "lora_rank_pattern", "lora_alpha_pattern", "peft", "peft_trainable_token_indices"),
  ...each(idle(DETECTED), "model_type", "tokenizer_type", "is_llama_derived_model", "is_mistral_derived_model"),
  ...each(idle(DETECTED), "is_qwen_derived_model", "is_falcon_derived_model", "type_of_model", "base_model_config"),
  ...each(
    idle(DETECTED),
    "tokenizer_use_fast",
    "tokenizer_legacy",
    "lora_fan_in_fan_out",
    "base_model_ignore_patterns",
  ),
  ...each(idle(KERNELS), "flash_attention", "xformers_attention", "sdp_attention", "eager_attention", "s2_attention"),
  ...each(idle(KERNELS), "flex_attention", "flash_attn_cross_entropy", "flash_attn_rms_norm", "lora_mlp_kernel"),
  ...each(idle(KERNELS), "lora_qkv_kernel", "lora_o_kernel", "dpo_use_liger_kernel", "flash_optimum", "unsloth"),
  ...each(idle(ONE_PROCESS), "deepspeed", "fsdp", "fsdp_config", "fsdp_version", "ddp", "ddp_timeout", "device_map"),
  ...each(idle(ONE_PROCESS), "ddp_bucket_cap_mb", "ddp_broadcast_buffers", "gpu_memory_limit", "max_memory"),
  ...each(idle(ONE_PROCESS), "tensor_parallel_size", "context_parallel_size", "sequence_parallel_degree", "world_size"),
  ...each(idle(ONE_PROCESS), "low_cpu_mem_usage", "lora_on_cpu", "local_rank", "gc_steps"),
  ...each(
    idle(CACHE),
    "dataset_prepared_path",
    "dataset_keep_in_memory",
    "push_dataset_to_hub",
    "skip_prepare_dataset",
  ),
  ...each(
    idle(TRACKERS),
    "wandb_project",
    "wandb_entity",
    "wandb_watch",
    "wandb_run_id",
    "wandb_log_model",
    "use_wandb",
  ),
  ...each(
    idle(TRACKERS),
    "use_mlflow",
    "mlflow_tracking_uri",
    "mlflow_experiment_name",
    "use_comet",
    "use_tensorboard",
  ),
  ...each(idle("DPO trains on answers alone, unpacked"), "train_on_inputs", "sample_packing", "eval_sample_packing"),
  ...each(
    idle("DPO trains on answers alone, unpacked"),
    "pad_to_sequence_len",
    "pad_to_multiple_of",
    "group_by_length",
  ),
  ...each(idle("without meaning for DPO"), "eval_table_size", "eval_max_new_tokens", "eval_causal_lm_metrics"),
  ...each(idle("without meaning for DPO"), "do_bench_eval", "debug", "hf_use_auth_token", "axolotl_config_path"),
  ...each(idle("a non-finite loss stops the run"), "loss_watchdog_threshold", "loss_watchdog_patience"),
};

const isOptimizer = (value: unknown) => /^(adamw|adafactor|sgd|adagrad|lion|paged_|rmsprop)/.test(String(value));

const NO_DPO = "without meaning for DPO";
const NO_MODEL = "a change of the model that is not built";

/** Keys alike. */
export const AXOLOTL_FAMILIES: Families = [
  [/^(comet_|mlflow_|hf_mlflow_|otel_|use_otel|trackio_|use_trackio|include_tkps)/, idle(TRACKERS)],
  [/^(ray_|use_ray|resources_per_worker|dp_|heads_k_stride|ring_attn|fsdp_|deepcompile|torchdistx)/, idle(ONE_PROCESS)],
  [
    /^(gc_collect|layer_offloading|qlora_sharded|ple_cpu|device$|env_capa|capabilities|selective_check)/,
    idle(ONE_PROCESS),
  ],
  [/^(generat|gradio_|n_samples|num_generation|gt_length|rl_coef|reward_|center_rewards|process_reward)/, idle(NO_DPO)],
  [
    /^(kto_|vllm|ebft|embed_method|feature_layers|cls_model|num_labels|temperature|top_p|stride|context_length)/,
    idle(NO_DPO),
  ],
  [
    /^(pretrain|bench_|do_causal|advantage_|alignment_coef|diversity_coef|ce_coef|adaptive_max|use_whitening)/,
    idle(NO_DPO),
  ],
  [
    /^(sample_packing_|batch_flattening|multipack_|max_packed|streaming_|eval_sequence|total_|curriculum)/,
    idle(NO_DPO),
  ],
  [
    /^(min_completion_prefix|dpo_use_logits|mode$|is_preprocess|profiler_|merge_|tokenizer_save|save_first)/,
    idle(NO_DPO),
  ],
  [/^(preprocess_|num_dataset_shards|dynamic_checkpoint)/, idle(CACHE)],
  [
    /(attn|attention|_kernel|_varlen|chunked_cross|tiled_mlp|use_kernels|torch_compile_options|experts_impl)/,
    idle(KERNELS),
  ],
  [
    /^(lora_embedding_kernel|fp32_|float32|embeddings_skip|peft_autocast|experimental_skip|quantize_moe)/,
    idle(KERNELS),
  ],
  [
    /^(lisa_|relora_|pose_|use_pose|jagged_|eaft_|use_eaft|qgalore_|dion_|adam_beta3|adam_epsilon2)/,
    lost("it is not built"),
  ],
  [/^(lr_div|lr_quadratic|loftq_|peft_|qat|quantization|model_quantization|fp8|use_onebit)/, lost("it is not built")],
  [/^(scaling_softmax|llama4_|freeze_mm|reinit_|resize_|shrink_|mean_resizing|fix_untrained)/, lost(NO_MODEL)],
  [/^(shuffle_|dataset_exact|dataset_shard|excess_length|min_sample_len)/, lost("rows are read as they are")],
  [
    /^(chat_template_kwargs|default_system_message|eot_tokens|bos_token|eos_token|unk_token)$/,
    lost("the tokenizer's own"),
  ],
  [/^(tokenizer_|processor_)/, idle(DETECTED)],
];
