/**
 * @file What other tools call an option: Axolotl, LLaMA-Factory, unsloth, torchtune, OpenAI, and what people type. Such
 * a name is never read as the option, since its values may mean something else there; messages name the option.
 */
import { registerOtherNames } from "../../arguments.ts";

/** Option -> its other names. A name of several options stands for the one that its place has, the first of them. */
const NAMES: Readonly<Record<string, string>> = {
  // training
  learning_rate: "lr learningRate init_lr base_lr learning_rate_multiplier",
  num_train_epochs: "epochs epoch n_epochs num_epochs train_epochs max_epochs",
  max_steps: "steps num_steps num_train_steps max_train_steps train_steps iters max_iters iterations",
  per_device_train_batch_size:
    "batch_size batch bs batchsize train_batch_size micro_batch_size micro_batch_size_per_gpu " +
    "train_micro_batch_size_per_gpu per_device_batch_size",
  per_device_eval_batch_size: "eval_batch_size val_batch_size",
  gradient_accumulation_steps:
    "grad_accum gradient_accumulation grad_accumulation_steps accumulation_steps accumulate_grad_batches",
  max_grad_norm: "grad_clip clip_grad_norm gradient_clipping gradient_clip_val max_norm",
  warmup_steps: "warmup num_warmup_steps lr_warmup_steps",
  lr_scheduler_type: "lr_scheduler scheduler schedule lr_schedule",
  optim: "optimizer",
  weight_decay: "wd decay",
  seed: "random_seed random_state",
  max_length:
    "sequence_len seq_len seq_length max_seq_len max_seq_length cutoff_len model_max_length context_length max_len",
  max_prompt_length: "max_prompt_len",
  beta: "pref_beta dpo_beta rl_beta kl_coef kl_beta",
  loss_type: "loss pref_loss dpo_loss dpo_loss_type rl_loss",
  loss_weights: "pref_ftx",
  label_smoothing: "dpo_label_smoothing",
  simpo_gamma: "simpo_gamma_beta_ratio gamma",
  neftune_noise_alpha: "neftune_alpha noisy_embedding_alpha",
  gradient_checkpointing: "use_gradient_checkpointing grad_checkpointing",
  dataset_num_proc: "num_proc num_workers dataset_processes preprocessing_num_workers",
  // output
  output_dir: "output out out_dir outdir output_path output_folder save_dir checkpoint_dir",
  overwrite_output_dir: "overwrite force",
  resume_from_checkpoint: "resume resume_from resume_training auto_resume_from_checkpoints continue",
  report_to: "wandb use_wandb wandb_project tensorboard log_with",
  run_name: "wandb_run_name wandb_name experiment_name",
  logging_steps: "log_interval log_every log_every_n_steps log_steps",
  eval_steps: "eval_interval eval_every eval_every_steps evals_per_epoch val_check_interval",
  eval_strategy: "eval evaluate do_evaluate",
  save_steps: "save_interval save_every saves_per_epoch checkpointing_steps",
  save_total_limit: "keep_checkpoints max_checkpoints",
  disable_tqdm: "quiet silent no_progress",
  load_best_model_at_end: "load_best keep_best",
  // model and data of a run
  model_name_or_path:
    "model model_id model_name model_path base_model pretrained_model pretrained_model_name_or_path policy",
  model_revision: "revision",
  adapter_name_or_path: "adapter adapter_path adapter_name lora_model_dir resume_lora lora_path",
  attn_implementation: "flash_attn flash_attention use_flash_attention use_flash_attention_2",
  dataset_name: "data dataset_path dataset_id data_path training_data train_dataset",
  data_files: "data_file train_file train_files training_file file files train_data",
  dataset_config: "subset config_name dataset_config_name",
  dataset_train_split: "split train_split dataset_split",
  dataset_test_split: "test_split eval_split eval_dataset test_datasets val_split validation_split",
  test_split_size: "val_size val_set_size test_size eval_size",
  token: "hf_token access_token hub_access_token hf_hub_token use_auth_token",
  use_peft: "lora peft use_lora finetuning_type",
  load_in_4bit: "qlora use_qlora quantization_bit quantize load_4bit",
  load_in_8bit: "load_8bit",
  lora_r: "rank r lora_rank lora_dim",
  lora_alpha: "alpha",
  lora_target_modules:
    "target_modules lora_target lora_targets lora_modules lora_attn_modules lora_target_linear lora_layers",
  lora_modules_to_save: "modules_to_save additional_target",
  use_rslora: "peft_use_rslora rslora",
  use_dora: "peft_use_dora lora_use_dora dora",
  // adapters in code
  r: "rank lora_r lora_rank lora_dim",
  target_modules: "lora_target_modules lora_target lora_targets lora_modules",
  modules_to_save: "lora_modules_to_save additional_target",
  // generation
  max_new_tokens:
    "max_tokens max_completion_tokens max_output_tokens max_gen_len max_tokens_to_sample n_predict num_predict tokens",
  min_new_tokens: "min_tokens",
  num_return_sequences: "n num_samples num_generations",
  num_beams: "beams beam_size num_beam best_of",
  temperature: "temp",
  top_k: "topk topK",
  top_p: "topp topP nucleus",
  do_sample: "sample sampling greedy",
  stop_strings: "stop stop_sequences stop_words stopping_criteria",
  eos_token_id: "stop_token_ids",
  repetition_penalty: "repeat_penalty frequency_penalty presence_penalty",
  system: "system_prompt system_message",
  prompt: "prompts input text question query",
  metrics: "margins metric loss accuracies accuracy rewards keys",
  // the API
  onText: "streamer callback_function",
  cacheDir: "cache_dir",
  offline: "local_files_only",
  endpoint: "remote_host remoteHost",
  onProgress: "progress_callback",
  signal: "abort_signal abortSignal",
  base: "base_model base_model_name_or_path",
  peft_config: "lora_config lora peft adapter",
  quantization_config: "bnb_config quantization load_in_4bit load_in_8bit",
  ref_model: "reference_model reference",
  train_dataset: "dataset data train_data",
  eval_dataset: "eval_data val_dataset test_dataset validation_dataset",
  args: "config training_args training_arguments dpo_config",
  processing_class: "tokenizer_class processor",
  out: "output output_dir out_dir file filename",
  test_size: "test test_ratio",
  early_stopping_patience: "patience",
  early_stopping_threshold: "min_delta threshold",
};

/** Other name -> the options it may stand for. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = invert();
registerOtherNames(OTHER_NAMES);

function invert(): Map<string, string[]> {
  const options = new Map<string, string[]>();
  for (const [option, others] of Object.entries(NAMES)) {
    for (const name of others.split(" ")) options.set(name, [...(options.get(name) ?? []), option]);
  }
  return options;
}
