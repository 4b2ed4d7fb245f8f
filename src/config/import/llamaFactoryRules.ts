/** @file LLaMA-Factory's keys (its arguments of 0.6 to 0.9.5), but for those that are read together. */
import { FACTORY_DATA_KEYS } from "./llamaFactoryData.ts";
import { each, type Families, idle, lost, type Rule, to } from "./rules.ts";

const KERNELS = "prefine has its own kernels";
const ONE_PROCESS = "every process holds the whole model";
const OPTIMIZER = "this optimizer is not built";
const TOKENS = "tokens are not added to a model";
const LATER = "it is for another command than training";

export const FACTORY_RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(FACTORY_DATA_KEYS.map((key) => [key, "elsewhere" as const])),
  ...each(
    "elsewhere",
    "stage",
    "finetuning_type",
    "pref_loss",
    "pref_ftx",
    "dpo_label_smoothing",
    "dpo_ftx",
    "dpo_loss",
  ),
  ...each("elsewhere", "lora_target", "lora_alpha", "lora_rank", "lora_dropout", "quantization_bit", "template"),
  ...each(
    "elsewhere",
    "double_quantization",
    "quantization_type",
    "quantization_method",
    "do_train",
    "adapter_name_or_path",
  ),
  ...each("elsewhere", "additional_target", "use_rslora", "use_dora", "hf_hub_token", "simpo_gamma"),
  pref_beta: to("beta"),
  dpo_beta: to("beta"),
  orpo_beta: to("beta"),
  cutoff_len: to("max_length"),
  preprocessing_num_workers: to("dataset_num_proc"),
  ld_alpha: to("ld_alpha"),
  disable_shuffling: to("train_sampling_strategy", (value) => (value === true ? "sequential" : "random")),
  disable_gradient_checkpointing: to("gradient_checkpointing", (value) => value !== true),
  enable_liger_kernel: to("use_liger_kernel"),
  pref_bco_weight: lost(
    "the mean reward of BCO as LLaMA-Factory counts it is not built; bco_pair is a loss of its own",
  ),
  ref_model: lost("the reference is the model at the start; another one: ref_model of DPOTrainer"),
  ref_model_adapters: lost("the reference is the model at the start; another one: ref_model of DPOTrainer"),
  ref_model_quantization_bit: lost("the reference is the model at the start"),
  create_new_adapter: lost("merge the adapter first (`prefine merge`), and train a new one on the result"),
  pissa_init: lost("PiSSA is init_lora_weights: pissa of DPOTrainer's peft_config"),
  loraplus_lr_ratio: lost("LoRA+ is not built"),
  early_stopping_steps: lost("early stopping is a callback: EarlyStoppingCallback of DPOTrainer"),
  rope_scaling: lost("config.json decides"),
  shift_attn: lost("shifted sparse attention is not built"),
  mixture_of_depths: lost("mixture of depths is not built"),
  train_from_scratch: lost("training starts from the model's weights"),
  moe_aux_loss_coef: lost("mixtures of experts are not built"),
  neat_packing: lost("pairs are never packed together"),
  packing: idle("pairs are never packed together"),
  adapter_folder: idle("name the adapter's folder or id as adapter_name_or_path"),
  cache_dir: idle("set HF_HOME or HF_HUB_CACHE"),
  ...each(lost(TOKENS), "resize_vocab", "add_tokens", "add_special_tokens", "new_special_tokens_config"),
  ...each(lost(OPTIMIZER), "use_galore", "use_apollo", "use_badam", "use_adam_mini", "use_muon", "use_llama_pro"),
  ...each(
    idle(KERNELS),
    "booster",
    "flash_attn",
    "use_unsloth",
    "use_unsloth_gc",
    "use_v1_kernels",
    "use_reentrant_gc",
  ),
  ...each(idle(KERNELS), "upcast_layernorm", "upcast_lmhead_output", "pure_bf16", "low_cpu_mem_usage", "compute_dtype"),
  ...each(idle(KERNELS), "device_map", "infer_dtype", "infer_backend", "use_fast_tokenizer", "split_special_tokens"),
  ...each(idle(ONE_PROCESS), "deepspeed", "fsdp", "fsdp_config", "ddp_timeout", "ray_num_workers", "ray_run_name"),
  ...each(idle(ONE_PROCESS), "resources_per_worker", "placement_strategy", "use_ray", "ray_storage_path"),
  ...each(idle("swanlab is not built"), "use_swanlab", "swanlab_project", "swanlab_run_name", "swanlab_mode"),
  ...each(idle("every run is plotted"), "plot_loss"),
  ...each(idle("DPO generates no answers during training"), "predict_with_generate", "compute_accuracy", "do_predict"),
  ...each(idle("DPO generates no answers during training"), "max_new_tokens", "top_p", "temperature", "eval_num_beams"),
  ...each(idle("DPO trains on answers alone"), "train_on_prompt", "mask_history", "ignore_pad_token_for_loss"),
  ...each(idle(LATER), "export_dir", "export_size", "export_device", "export_legacy_format", "export_hub_model_id"),
  ...each(idle("it is for images"), "freeze_vision_tower", "freeze_multi_modal_projector", "image_max_pixels"),
  ...each(idle("it is for images"), "image_min_pixels", "video_max_pixels", "video_min_pixels", "media_dir"),
};

/** Keys alike. */
export const FACTORY_FAMILIES: Families = [
  [
    /^(apollo_|badam_|galore_|hyper_parallel|use_hyper|loraplus_|asft_|use_asft|eaft_|use_eaft|use_dft)/,
    idle(OPTIMIZER),
  ],
  [/^(oft_|module_dropout|pissa_|freeze_)/, idle("it is for another kind of adapter")],
  [
    /^(kt_|use_kt|sglang_|vllm_|export_|offload_folder|use_kv_cache|preserve_thinking|reward_model|ppo_|kto_)/,
    idle(LATER),
  ],
  [/^(image_|video_|audio_|use_audio|crop_to)/, idle("it is for images, videos and sound")],
  [/^(ray_|master_|use_mca|quantization_device_map)/, idle(ONE_PROCESS)],
  [/^(profil|enable_torch_profiler|print_param|include_effective)/, idle("prefine prints its own figures")],
  [/^swanlab_/, idle("swanlab is not built")],
  [/^(ms_hub_token|om_hub_token)$/, idle("models and data come from the Hugging Face hub")],
  [/^fp8/, idle("prefine computes in float32")],
  [/^(init_special_tokens|model_max_length|block_diag_attn)$/, idle("without meaning for DPO")],
];
