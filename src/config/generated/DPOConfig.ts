/** @file trl.DPOConfig as interfaces. Written by `npm run docs`: edit the table of options. */
import type { OneOrMore } from "../kinds.ts";

/**
 * Input of {@link DPOConfig}: the options of trl.DPOConfig, all optional; undefined is as left out.
 *
 * Not built, and an error where they are set: optim_target_modules, router_aux_loss_coef, parallelism_config.
 */
export interface DPOConfigInput {
  /**
   * Number of passes over the training set.
   *
   * Default: `3`. Differs from TRL: 0 is an error: TRL ends without a step.
   */
  readonly num_train_epochs?: number | undefined;
  /**
   * Number of optimizer steps; above 0 it overrides num_train_epochs.
   *
   * Default: `-1`. Differs from TRL: 0 is an error: TRL takes one step, at learning rate 0.
   */
  readonly max_steps?: number | undefined;
  /**
   * Pairs per micro-batch.
   *
   * Default: `8`. Same as TRL.
   */
  readonly per_device_train_batch_size?: number | undefined;
  /**
   * Micro-batches per optimizer step.
   *
   * Default: `1`. Same as TRL.
   */
  readonly gradient_accumulation_steps?: number | undefined;
  /**
   * Lower the batch size when memory runs out.
   *
   * Default: `false`. No effect: pairs are computed one at a time.
   */
  readonly auto_find_batch_size?: boolean | undefined;
  /**
   * Average over the tokens of all devices.
   *
   * Default: `true`. No effect: TRL's DPO loss is a mean over pairs.
   */
  readonly average_tokens_across_devices?: boolean | undefined;
  /**
   * Peak learning rate.
   *
   * Default: `1e-6`. Same as TRL.
   */
  readonly learning_rate?: number | undefined;
  /**
   * Learning rate schedule.
   *
   * Default: `"linear"`. Same as TRL.
   */
  readonly lr_scheduler_type?:
    | "linear"
    | "cosine"
    | "cosine_with_restarts"
    | "polynomial"
    | "constant"
    | "constant_with_warmup"
    | "inverse_sqrt"
    | "reduce_lr_on_plateau"
    | "cosine_with_min_lr"
    | "cosine_warmup_with_min_lr"
    | "warmup_stable_decay"
    | "greedy"
    | undefined;
  /**
   * Schedule arguments, such as num_cycles.
   *
   * Default: `null`. Same as TRL.
   */
  readonly lr_scheduler_kwargs?: Record<string, unknown> | null | undefined;
  /**
   * Linear warmup steps; below 1, a fraction of all steps.
   *
   * Default: `0`. Same as TRL.
   */
  readonly warmup_steps?: number | undefined;
  /**
   * Optimizer.
   *
   * Default: `"adamw_torch_fused"`. Same as TRL. Not built: adamw_anyprecision, adamw_torch_4bit, adamw_torch_8bit,
   * ademamix, ademamix_8bit, lion_8bit, paged_ademamix_32bit, paged_ademamix_8bit, paged_lion_8bit, rmsprop_bnb,
   * rmsprop_bnb_8bit, rmsprop_bnb_32bit, galore_adamw, galore_adamw_8bit, galore_adafactor, galore_adamw_layerwise,
   * galore_adamw_8bit_layerwise, galore_adafactor_layerwise, lomo, adalomo, grokadamw, schedule_free_radam,
   * schedule_free_adamw, schedule_free_sgd, apollo_adamw, apollo_adamw_layerwise, stable_adamw.
   */
  readonly optim?:
    | "adamw_torch"
    | "adamw_torch_fused"
    | "adamw_torch_xla"
    | "adamw_torch_npu_fused"
    | "paged_adamw_32bit"
    | "adamw_8bit"
    | "adamw_bnb_8bit"
    | "paged_adamw_8bit"
    | "sgd"
    | "adafactor"
    | "rmsprop"
    | "adagrad"
    | "lion_32bit"
    | "paged_lion_32bit"
    | undefined;
  /**
   * Optimizer arguments (sgd, rmsprop, adagrad): key=value,...
   *
   * Default: `null`. Differs from TRL: an argument the optimizer does not read is an error.
   */
  readonly optim_args?: string | null | undefined;
  /**
   * Decoupled weight decay; biases and norms are exempt.
   *
   * Default: `0`. Same as TRL.
   */
  readonly weight_decay?: number | undefined;
  /**
   * AdamW beta1: decay rate of the first moment.
   *
   * Default: `0.9`. Same as TRL.
   */
  readonly adam_beta1?: number | undefined;
  /**
   * AdamW beta2: decay rate of the second moment.
   *
   * Default: `0.999`. Same as TRL.
   */
  readonly adam_beta2?: number | undefined;
  /**
   * AdamW epsilon.
   *
   * Default: `1e-8`. Same as TRL.
   */
  readonly adam_epsilon?: number | undefined;
  /**
   * Gradient clipping: largest global norm; 0 = off.
   *
   * Default: `1`. Same as TRL.
   */
  readonly max_grad_norm?: number | undefined;
  /**
   * Label smoothing of the cross entropy.
   *
   * Default: `0`. No effect: DPO has no cross entropy (TRL ignores it too).
   */
  readonly label_smoothing_factor?: number | undefined;
  /**
   * NEFTune noise on the embeddings during training.
   *
   * Default: `null`. Differs from TRL: the noise is a function of seed and step; both answers of a pair share the noise
   * of their prompt, and the reference gets none (TRL's does with the adapter off).
   */
  readonly neftune_noise_alpha?: number | null | undefined;
  /**
   * Random seed for data order, adapter initialization and dropout.
   *
   * Default: `42`. Same as TRL.
   */
  readonly seed?: number | undefined;
  /**
   * Random seed for data order; unset: seed.
   *
   * Default: `null`. Same as TRL.
   */
  readonly data_seed?: number | null | undefined;
  /**
   * Order of the training pairs.
   *
   * Default: `"random"`. Differs from TRL: group_by_length groups by packed tokens, shuffled by seed and epoch;
   * evaluation keeps its order. Not built: batch_rebalance.
   */
  readonly train_sampling_strategy?: "random" | "sequential" | "group_by_length" | undefined;
  /**
   * Column with lengths for group_by_length.
   *
   * Default: `"length"`. No effect: group_by_length counts the tokens per pair itself.
   */
  readonly length_column_name?: string | undefined;
  /**
   * Use deterministic kernels.
   *
   * Default: `false`. No effect: runs are always deterministic.
   */
  readonly full_determinism?: boolean | undefined;
  /**
   * Settings of accelerate (AcceleratorConfig).
   *
   * Default: `null`. Differs from TRL: a mapping only; a path is an error.
   */
  readonly accelerator_config?: Record<string, unknown> | string | null | undefined;
  /**
   * Mixed precision in bfloat16.
   *
   * Default: `null`. Differs from TRL: prefine computes in float32.
   */
  readonly bf16?: boolean | "auto" | null | undefined;
  /**
   * Mixed precision in float16.
   *
   * Default: `false`. Differs from TRL: prefine computes in float32.
   */
  readonly fp16?: boolean | undefined;
  /**
   * Evaluate in bfloat16.
   *
   * Default: `false`. No effect: prefine computes in float32.
   */
  readonly bf16_full_eval?: boolean | undefined;
  /**
   * Evaluate in float16.
   *
   * Default: `false`. Differs from TRL: prefine computes in float32.
   */
  readonly fp16_full_eval?: boolean | undefined;
  /**
   * TF32 on GPUs.
   *
   * Default: `null`. No effect: prefine computes in float32.
   */
  readonly tf32?: boolean | "auto" | null | undefined;
  /**
   * Recompute activations in the backward pass to save memory.
   *
   * Default: `null`. Differs from TRL: TRL's default is true; unset, it is on only if memory would not suffice; the
   * numbers are the same.
   */
  readonly gradient_checkpointing?: boolean | null | undefined;
  /**
   * Arguments of gradient checkpointing.
   *
   * Default: `null`. No effect: there is one implementation.
   */
  readonly gradient_checkpointing_kwargs?: Record<string, unknown> | null | undefined;
  /**
   * New name of gradient_checkpointing.
   *
   * Default: `null`. Differs from TRL: as gradient_checkpointing, which it overrides.
   */
  readonly activation_checkpointing?: boolean | null | undefined;
  /**
   * Arguments of gradient checkpointing.
   *
   * Default: `null`. No effect: there is one implementation.
   */
  readonly activation_checkpointing_kwargs?: Record<string, unknown> | null | undefined;
  /**
   * Compile the model with torch.compile.
   *
   * Default: `false`. No effect: prefine always compiles its graphs.
   */
  readonly torch_compile?: boolean | undefined;
  /**
   * Backend of torch.compile.
   *
   * Default: `null`. No effect: prefine always compiles its graphs.
   */
  readonly torch_compile_backend?: string | null | undefined;
  /**
   * Mode of torch.compile.
   *
   * Default: `null`. No effect: prefine always compiles its graphs.
   */
  readonly torch_compile_mode?: string | null | undefined;
  /**
   * Steps between calls of torch.cuda.empty_cache.
   *
   * Default: `null`. No effect: there is no such cache.
   */
  readonly torch_empty_cache_steps?: number | null | undefined;
  /**
   * Use Liger's Triton kernels.
   *
   * Default: `false`. No effect: prefine has its own kernels.
   */
  readonly use_liger_kernel?: boolean | undefined;
  /**
   * Liger kernels to use.
   *
   * Default: `null`. No effect: prefine has its own kernels.
   */
  readonly liger_kernel_config?: Record<string, unknown> | null | undefined;
  /**
   * Use the KV cache during training.
   *
   * Default: `false`. No effect: training needs no cache.
   */
  readonly use_cache?: boolean | undefined;
  /**
   * Train on the CPU.
   *
   * Default: `false`. No effect: prefine always trains on the CPU.
   */
  readonly use_cpu?: boolean | undefined;
  /**
   * Strength of the KL penalty: higher values stay closer to the reference model.
   *
   * Default: `0.1`. Same as TRL.
   */
  readonly beta?: number | undefined;
  /**
   * Loss type, or several to combine with loss_weights.
   *
   * Default: `["sigmoid"]`. Differs from TRL: sppo, cdpo, dpop, simpo, orpo, cpo besides TRL's; simpo, orpo, cpo use no
   * reference model.
   */
  readonly loss_type?:
    | OneOrMore<
        | "sigmoid"
        | "hinge"
        | "ipo"
        | "exo_pair"
        | "nca_pair"
        | "robust"
        | "bco_pair"
        | "sppo_hard"
        | "aot"
        | "aot_unpaired"
        | "apo_zero"
        | "apo_down"
        | "discopop"
        | "sft"
        | "sigmoid_norm"
        | "sppo"
        | "cdpo"
        | "dpop"
        | "simpo"
        | "orpo"
        | "cpo"
      >
    | undefined;
  /**
   * Weight of each loss in loss_type.
   *
   * Default: `null`. Same as TRL.
   */
  readonly loss_weights?: OneOrMore<number> | null | undefined;
  /**
   * Label smoothing: assumed fraction of flipped labels (losses exo_pair, robust, aot, aot_unpaired, cdpo).
   *
   * Default: `0`. Same as TRL.
   */
  readonly label_smoothing?: number | undefined;
  /**
   * LD-DPO: weight of the tokens beyond the length of the shorter answer.
   *
   * Default: `null`. Same as TRL.
   */
  readonly ld_alpha?: number | null | undefined;
  /**
   * Divergence between policy and reference (f-DPO).
   *
   * Default: `"reverse_kl"`. Same as TRL.
   */
  readonly f_divergence_type?: "reverse_kl" | "forward_kl" | "js_divergence" | "alpha_divergence" | undefined;
  /**
   * Alpha of alpha_divergence.
   *
   * Default: `0.5`. Same as TRL.
   */
  readonly f_alpha_divergence_coef?: number | undefined;
  /**
   * WPO: weight pairs by their probability under the policy.
   *
   * Default: `false`. Differs from TRL: also works with hinge and sft, where TRL 1.16 fails at the first step.
   */
  readonly use_weighting?: boolean | undefined;
  /**
   * DiscoPOP temperature.
   *
   * Default: `0.05`. Same as TRL.
   */
  readonly discopop_tau?: number | undefined;
  /**
   * Penalty weight on chosen answers whose likelihood drops (DPO-Positive).
   *
   * Default: `50`. Prefine's own.
   */
  readonly dpop_lambda?: number | undefined;
  /**
   * Target reward margin of SimPO.
   *
   * Default: `0.5`. Prefine's own.
   */
  readonly simpo_gamma?: number | undefined;
  /**
   * Weight of the negative log-likelihood term of CPO.
   *
   * Default: `1`. Prefine's own.
   */
  readonly cpo_alpha?: number | undefined;
  /**
   * Compute all reference log-probabilities before training.
   *
   * Default: `false`. Same as TRL.
   */
  readonly precompute_ref_log_probs?: boolean | undefined;
  /**
   * Batch size while precomputing.
   *
   * Default: `null`. No effect: the reference computes one pair at a time.
   */
  readonly precompute_ref_batch_size?: number | null | undefined;
  /**
   * TR-DPO: update the reference model with the policy every ref_model_sync_steps.
   *
   * Default: `false`. Differs from TRL: also works with adapters, where TRL refuses: it mixes the weights of the
   * reference adapter.
   */
  readonly sync_ref_model?: boolean | undefined;
  /**
   * TR-DPO: weight of the policy in each update of the reference.
   *
   * Default: `0.6`. Same as TRL.
   */
  readonly ref_model_mixup_alpha?: number | undefined;
  /**
   * TR-DPO: steps between updates of the reference.
   *
   * Default: `512`. Same as TRL.
   */
  readonly ref_model_sync_steps?: number | undefined;
  /**
   * Cache folder for precomputed reference log-probabilities; false: no cache.
   *
   * Default: `null`. Prefine's own.
   */
  readonly precompute_ref_cache?: boolean | string | null | undefined;
  /**
   * Maximum tokens of prompt and answer; longer sequences are truncated.
   *
   * Default: `1024`. Differs from TRL: a value above the model's context length is lowered to it, with a warning.
   */
  readonly max_length?: number | null | undefined;
  /**
   * Which end of a sequence to keep when truncating.
   *
   * Default: `"keep_start"`. Same as TRL.
   */
  readonly truncation_mode?: "keep_end" | "keep_start" | undefined;
  /**
   * Number of threads for data preparation.
   *
   * Default: `null`. Same as TRL.
   */
  readonly dataset_num_proc?: number | null | undefined;
  /**
   * Padding token; unset: the tokenizer's, else its end-of-sequence token.
   *
   * Default: `null`. Same as TRL.
   */
  readonly pad_token?: string | null | undefined;
  /**
   * Batches without padding.
   *
   * Default: `false`. No effect: prefine never pads (TRL falls back to padding).
   */
  readonly padding_free?: boolean | undefined;
  /**
   * Pad batches to a multiple of this length.
   *
   * Default: `"auto"`. No effect: prefine never pads.
   */
  readonly pad_to_multiple_of?: number | "auto" | null | undefined;
  /**
   * Disable all dropout, in the model and in the adapter.
   *
   * Default: `true`. Same as TRL.
   */
  readonly disable_dropout?: boolean | undefined;
  /**
   * Arguments of from_pretrained for the model.
   *
   * Default: `null`. Differs from TRL: revision and quantization_config work; dtype and the like change nothing; others
   * are not built.
   */
  readonly model_init_kwargs?: Record<string, unknown> | null | undefined;
  /**
   * Run Python code from the model's repository.
   *
   * Default: `false`. No effect: prefine runs no Python.
   */
  readonly trust_remote_code?: boolean | undefined;
  /**
   * Offload activations to the CPU.
   *
   * Default: `false`. No effect: activations are always on the CPU.
   */
  readonly activation_offloading?: boolean | undefined;
  /**
   * Truncate prompts to their last tokens, before max_length.
   *
   * Default: `null`. Prefine's own: removed in TRL 1.0; prefine truncates prompts to their last tokens, as TRL did.
   */
  readonly max_prompt_length?: number | null | undefined;
  /**
   * Cache folder for the tokens of large datasets; false: no cache.
   *
   * Default: `null`. Prefine's own.
   */
  readonly token_cache?: boolean | string | null | undefined;
  /**
   * Drop pairs whose answers are equal or empty (TRL keeps them).
   *
   * Default: `false`. Prefine's own.
   */
  readonly drop_degenerate?: boolean | undefined;
  /**
   * Replace the run in output_dir.
   *
   * Default: `false`. Prefine's own: removed in transformers 5; in prefine it replaces the run in output_dir.
   */
  readonly overwrite_output_dir?: boolean | undefined;
  /**
   * Folder for TensorBoard events; unset: $TENSORBOARD_LOGGING_DIR, else output_dir/runs.
   *
   * Default: `null`. Prefine's own: removed in transformers 5; still works in prefine.
   */
  readonly logging_dir?: string | null | undefined;
  /**
   * When to log.
   *
   * Default: `"steps"`. Same as TRL.
   */
  readonly logging_strategy?: "no" | "steps" | "epoch" | undefined;
  /**
   * Steps between logs; below 1, a fraction of all steps.
   *
   * Default: `10`. Same as TRL.
   */
  readonly logging_steps?: number | undefined;
  /**
   * Also log the first step.
   *
   * Default: `false`. Same as TRL.
   */
  readonly logging_first_step?: boolean | undefined;
  /**
   * Leave non-finite losses out of the log.
   *
   * Default: `true`. Differs from TRL: a non-finite loss stops the run.
   */
  readonly logging_nan_inf_filter?: boolean | undefined;
  /**
   * Where to report logs besides trainer_state.json: none or tensorboard.
   *
   * Default: `["none"]`. Differs from TRL: tensorboard only (all means tensorboard); for others prefine prints one
   * line.
   */
  readonly report_to?: OneOrMore<"none" | "all" | "tensorboard"> | null | undefined;
  /**
   * Print only warnings during training.
   *
   * Default: `null`. Differs from TRL: true also silences the log lines; the log is in trainer_state.json.
   */
  readonly disable_tqdm?: boolean | null | undefined;
  /**
   * Log num_input_tokens_seen.
   *
   * Default: `"no"`. No effect: num_tokens is always logged, as in TRL.
   */
  readonly include_num_input_tokens_seen?: "all" | "non_padding" | "no" | boolean | undefined;
  /**
   * Log level.
   *
   * Default: `"passive"`. No effect: prefine has one log level.
   */
  readonly log_level?: "detail" | "debug" | "info" | "warning" | "error" | "critical" | "passive" | undefined;
  /**
   * Log level on replicas.
   *
   * Default: `"warning"`. No effect: prefine has one log level.
   */
  readonly log_level_replica?: "detail" | "debug" | "info" | "warning" | "error" | "critical" | "passive" | undefined;
  /**
   * Log on each node.
   *
   * Default: `true`. No effect: of several processes the first one logs.
   */
  readonly log_on_each_node?: boolean | undefined;
  /**
   * Run name for trackers.
   *
   * Default: `null`. No effect: a run's name is its output_dir.
   */
  readonly run_name?: string | null | undefined;
  /**
   * Trackio project.
   *
   * Default: `"huggingface"`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to:
   * tensorboard, to event files.
   */
  readonly project?: string | undefined;
  /**
   * Trackio Space.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to: tensorboard,
   * to event files.
   */
  readonly trackio_space_id?: string | null | undefined;
  /**
   * Trackio bucket.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to: tensorboard,
   * to event files.
   */
  readonly trackio_bucket_id?: string | null | undefined;
  /**
   * Trackio static Space.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to: tensorboard,
   * to event files.
   */
  readonly trackio_static_space_id?: boolean | string | null | undefined;
  /**
   * When to evaluate.
   *
   * Default: `"no"`. Same as TRL.
   */
  readonly eval_strategy?: "no" | "steps" | "epoch" | undefined;
  /**
   * Steps between evaluations; unset: logging_steps.
   *
   * Default: `null`. Same as TRL.
   */
  readonly eval_steps?: number | null | undefined;
  /**
   * Epochs or steps before the first evaluation.
   *
   * Default: `0`. Same as TRL.
   */
  readonly eval_delay?: number | undefined;
  /**
   * Evaluate before the first step.
   *
   * Default: `false`. Same as TRL.
   */
  readonly eval_on_start?: boolean | undefined;
  /**
   * Pairs per evaluation batch.
   *
   * Default: `8`. Same as TRL.
   */
  readonly per_device_eval_batch_size?: number | undefined;
  /**
   * Return only the loss.
   *
   * Default: `false`. No effect: all metrics are always logged.
   */
  readonly prediction_loss_only?: boolean | undefined;
  /**
   * Batches before results move to the CPU.
   *
   * Default: `null`. No effect: results are small.
   */
  readonly eval_accumulation_steps?: number | null | undefined;
  /**
   * Concatenate the results of batches.
   *
   * Default: `true`. No effect: results are a list of pairs.
   */
  readonly eval_do_concat_batches?: boolean | undefined;
  /**
   * Gather objects from all devices.
   *
   * Default: `false`. No effect: what several processes evaluate is always brought together.
   */
  readonly eval_use_gather_object?: boolean | undefined;
  /**
   * Further inputs of compute_metrics: loss, inputs.
   *
   * Default: `[]`. Same as TRL.
   */
  readonly include_for_metrics?: OneOrMore<string> | undefined;
  /**
   * Call compute_metrics per batch; compute_result is true in the last call.
   *
   * Default: `false`. Same as TRL.
   */
  readonly batch_eval_metrics?: boolean | undefined;
  /**
   * Names of the labels.
   *
   * Default: `null`. No effect: DPO has no labels.
   */
  readonly label_names?: OneOrMore<string> | null | undefined;
  /**
   * Output folder of the run; unset: trainer_output.
   *
   * Default: `null`. Same as TRL.
   */
  readonly output_dir?: string | null | undefined;
  /**
   * When to save a checkpoint.
   *
   * Default: `"steps"`. Same as TRL.
   */
  readonly save_strategy?: "no" | "steps" | "epoch" | "best" | undefined;
  /**
   * Steps between checkpoints; below 1, a fraction of all steps.
   *
   * Default: `500`. Same as TRL.
   */
  readonly save_steps?: number | undefined;
  /**
   * Maximum number of checkpoints; older ones are deleted.
   *
   * Default: `null`. Same as TRL.
   */
  readonly save_total_limit?: number | null | undefined;
  /**
   * Save checkpoints without optimizer; a resumed run begins a new one.
   *
   * Default: `false`. Differs from TRL: Ctrl-C saves one with it; resuming from others is the same: a new optimizer and
   * learning rate schedule.
   */
  readonly save_only_model?: boolean | undefined;
  /**
   * Checkpoint to resume from; true: the newest valid one in output_dir.
   *
   * Default: `null`. Same as TRL.
   */
  readonly resume_from_checkpoint?: boolean | string | null | undefined;
  /**
   * Restart the epoch when resuming instead of skipping the pairs already seen.
   *
   * Default: `false`. Same as TRL.
   */
  readonly ignore_data_skip?: boolean | undefined;
  /**
   * Restore the settings of callbacks from the checkpoint.
   *
   * Default: `false`. Differs from TRL: callbacks' counters are always restored, so a resumed run equals an unbroken
   * one; true: settings too.
   */
  readonly restore_callback_states_from_checkpoint?: boolean | undefined;
  /**
   * Load the best checkpoint at the end of training.
   *
   * Default: `false`. Same as TRL.
   */
  readonly load_best_model_at_end?: boolean | undefined;
  /**
   * Evaluation metric used to pick the best checkpoint.
   *
   * Default: `null`. Differs from TRL: with several evaluation sets all metrics carry the set's name (eval_NAME_loss,
   * eval_NAME_...).
   */
  readonly metric_for_best_model?: string | null | undefined;
  /**
   * Whether higher values of the metric are better; unset: true unless it ends in loss.
   *
   * Default: `null`. Same as TRL.
   */
  readonly greater_is_better?: boolean | null | undefined;
  /**
   * Save on each node.
   *
   * Default: `false`. No effect: of several processes the first one saves.
   */
  readonly save_on_each_node?: boolean | undefined;
  /**
   * Save a checkpoint on SIGTERM.
   *
   * Default: `false`. No effect: Ctrl-C always saves one.
   */
  readonly enable_jit_checkpoint?: boolean | undefined;
  /**
   * Upload the model to the hub.
   *
   * Default: `false`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly push_to_hub?: boolean | undefined;
  /**
   * Access token for the upload.
   *
   * Default: `null`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_token?: string | null | undefined;
  /**
   * Upload to a private repository.
   *
   * Default: `null`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_private_repo?: boolean | null | undefined;
  /**
   * Hub repository to upload to.
   *
   * Default: `null`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_model_id?: string | null | undefined;
  /**
   * When to upload.
   *
   * Default: `"every_save"`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_strategy?: "end" | "every_save" | "checkpoint" | "all_checkpoints" | undefined;
  /**
   * Upload even while the previous upload runs.
   *
   * Default: `false`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_always_push?: boolean | undefined;
  /**
   * Branch to upload to.
   *
   * Default: `null`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_revision?: string | null | undefined;
  /**
   * Drop columns that training does not use; prefine ignores them anyway.
   *
   * Default: `true`. Same as TRL.
   */
  readonly remove_unused_columns?: boolean | undefined;
  /**
   * Drop the last incomplete batch of each epoch and evaluation.
   *
   * Default: `false`. Same as TRL.
   */
  readonly dataloader_drop_last?: boolean | undefined;
  /**
   * Number of data loader processes.
   *
   * Default: `0`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_num_workers?: number | undefined;
  /**
   * Pin memory for the GPU.
   *
   * Default: `true`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_pin_memory?: boolean | undefined;
  /**
   * Keep data loader processes between epochs.
   *
   * Default: `false`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_persistent_workers?: boolean | undefined;
  /**
   * Batches prefetched per data loader process.
   *
   * Default: `null`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_prefetch_factor?: number | null | undefined;
  /**
   * Start method of data loader processes.
   *
   * Default: `null`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_multiprocessing_context?: "fork" | "spawn" | "forkserver" | null | undefined;
  /**
   * Return batches in order.
   *
   * Default: `true`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_in_order?: boolean | undefined;
  /**
   * DeepSpeed config.
   *
   * Default: `null`. No effect: every process holds the whole model; optimizer and schedule come from this file alone.
   */
  readonly deepspeed?: Record<string, unknown> | string | null | undefined;
  /**
   * Fully sharded data parallelism.
   *
   * Default: `null`. No effect: every process holds the whole model; mpirun starts several of them (docs/cluster.md).
   */
  readonly fsdp?: boolean | string | null | undefined;
  /**
   * FSDP settings.
   *
   * Default: `null`. No effect: every process holds the whole model; mpirun starts several of them (docs/cluster.md).
   */
  readonly fsdp_config?: Record<string, unknown> | string | null | undefined;
  /**
   * Rank of this process.
   *
   * Default: `-1`. No effect: mpirun or srun says it.
   */
  readonly local_rank?: number | undefined;
  /**
   * Find unused parameters in DDP.
   *
   * Default: `null`. No effect: all gradients are summed at once.
   */
  readonly ddp_find_unused_parameters?: boolean | null | undefined;
  /**
   * Bucket size of DDP, MB.
   *
   * Default: `null`. No effect: gradients are summed in pieces of 4 MB.
   */
  readonly ddp_bucket_cap_mb?: number | null | undefined;
  /**
   * Broadcast buffers in DDP.
   *
   * Default: `null`. No effect: the models have no buffers that training changes.
   */
  readonly ddp_broadcast_buffers?: boolean | null | undefined;
  /**
   * Assume a static graph in DDP.
   *
   * Default: `null`. No effect: every graph is static.
   */
  readonly ddp_static_graph?: boolean | null | undefined;
  /**
   * Communication backend of DDP.
   *
   * Default: `null`. No effect: MPI connects the processes of mpirun (docs/cluster.md).
   */
  readonly ddp_backend?: "nccl" | "gloo" | "mpi" | "xccl" | "hccl" | "cncl" | "mccl" | null | undefined;
  /**
   * Seconds that a process waits for the others before the job ends.
   *
   * Default: `1800`. Same as TRL.
   */
  readonly ddp_timeout?: number | undefined;
  /**
   * Run training (for scripts).
   *
   * Default: `false`. No effect: TRL's script ignores it too.
   */
  readonly do_train?: boolean | undefined;
  /**
   * Run evaluation (for scripts).
   *
   * Default: `false`. No effect: eval_strategy decides, as in TRL's script.
   */
  readonly do_eval?: boolean | undefined;
  /**
   * Run prediction (for scripts).
   *
   * Default: `false`. No effect: TRL's script ignores it too.
   */
  readonly do_predict?: boolean | undefined;
  /**
   * PyTorch debugging tools.
   *
   * Default: `[""]`. No effect: these tools are PyTorch's.
   */
  readonly debug?: OneOrMore<string> | undefined;
  /**
   * Leave memory usage out of the metrics.
   *
   * Default: `true`. No effect: memory is not logged.
   */
  readonly skip_memory_metrics?: boolean | undefined;
  /** @deprecated Use eval_strategy instead. */
  readonly evaluation_strategy?: unknown;
  /** @deprecated Use warmup_steps instead. */
  readonly warmup_ratio?: unknown;
  /** @deprecated Use train_sampling_strategy instead. */
  readonly group_by_length?: unknown;
  /** @deprecated Use use_cpu instead. */
  readonly no_cuda?: unknown;
  /** @deprecated No effect: prefine trains on the CPU. */
  readonly use_mps_device?: unknown;
  /** @deprecated Use per_device_train_batch_size instead. */
  readonly per_gpu_train_batch_size?: unknown;
  /** @deprecated Use per_device_eval_batch_size instead. */
  readonly per_gpu_eval_batch_size?: unknown;
  /** @deprecated Use optim instead. */
  readonly adafactor?: unknown;
  /** @deprecated Error: weights are always safetensors; remove it. */
  readonly save_safetensors?: unknown;
  /** @deprecated No effect: the progress bar shows tokens/s. */
  readonly include_tokens_per_second?: unknown;
  /** @deprecated No effect: set include_for_metrics instead. */
  readonly include_inputs_for_metrics?: unknown;
  /** @deprecated Use hub_token instead. */
  readonly push_to_hub_token?: unknown;
  /** @deprecated Use hub_model_id instead. */
  readonly push_to_hub_model_id?: unknown;
  /** @deprecated No effect: prefine uploads nothing; upload the finished output_dir yourself. */
  readonly push_to_hub_organization?: unknown;
  /** @deprecated No effect: prefine computes in float32. */
  readonly fp16_opt_level?: unknown;
  /** @deprecated No effect: prefine computes in float32. */
  readonly fp16_backend?: unknown;
  /** @deprecated No effect: prefine computes in float32. */
  readonly half_precision_backend?: unknown;
  /** @deprecated No effect: prefine does not use PyTorch. */
  readonly use_ipex?: unknown;
  /** @deprecated No effect: prefine always compiles its graphs. */
  readonly jit_mode_eval?: unknown;
  /** @deprecated No effect: prefine always compiles its graphs. */
  readonly torchdynamo?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly tpu_num_cores?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly tpu_metrics_debug?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly xpu_backend?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly sharded_ddp?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly fsdp_min_num_params?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly fsdp_transformer_layer_cls_to_wrap?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly tp_size?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly _n_gpu?: unknown;
  /** @deprecated No effect: is a SageMaker setting. */
  readonly mp_parameters?: unknown;
  /** @deprecated No effect: no supported model keeps a past between rows. */
  readonly past_index?: unknown;
  /** @deprecated No effect: is a Ray setting. */
  readonly ray_scope?: unknown;
  /** @deprecated No effect: every process trains on one device. */
  readonly dispatch_batches?: unknown;
  /** @deprecated Not built: is a setting of accelerator_config, which is not built. */
  readonly split_batches?: unknown;
  /** @deprecated No effect: there is one evaluation loop. */
  readonly use_legacy_prediction_loop?: unknown;
  /** @deprecated Use loss_type [sigmoid, sft] with loss_weights [1, rpo_alpha] instead. */
  readonly rpo_alpha?: unknown;
  /** @deprecated No effect: is simpo_gamma / beta, with loss_type simpo. */
  readonly gamma_beta_ratio?: unknown;
  /** @deprecated No effect: is the weight of loss_type sft beside simpo. */
  readonly sft_weight?: unknown;
  /** @deprecated No effect: answers are not truncated separately; max_length truncates prompt and answer. */
  readonly max_completion_length?: unknown;
  /** @deprecated No effect: answers are not truncated separately; max_length truncates prompt and answer. */
  readonly max_target_length?: unknown;
  /** @deprecated No effect: prefine never pads. */
  readonly label_pad_token_id?: unknown;
  /** @deprecated No effect: prefine never pads. */
  readonly padding_value?: unknown;
  /** @deprecated Error: prefine trains decoder-only models. */
  readonly is_encoder_decoder?: unknown;
  /** @deprecated No effect: evaluation generates no answers; run `prefine compare` on the result. */
  readonly generate_during_eval?: unknown;
  /**
   * @deprecated No effect: adapters have no names in prefine; adapter_name_or_path starts from one, and its frozen copy
   * is the reference.
   */
  readonly model_adapter_name?: unknown;
  /**
   * @deprecated No effect: adapters have no names in prefine; adapter_name_or_path starts from one, and its frozen copy
   * is the reference.
   */
  readonly ref_adapter_name?: unknown;
  /** @deprecated No effect: a given ref_model is always used. */
  readonly force_use_ref_model?: unknown;
  /** @deprecated No effect: the reference is loaded like the model. */
  readonly ref_model_init_kwargs?: unknown;
  /** @deprecated Not built: a uniform reference is not built; loss_type simpo, orpo or cpo need no reference. */
  readonly reference_free?: unknown;
  /** @deprecated No effect: the decoder is derived from the model's config. */
  readonly base_model_attribute_name?: unknown;
  /** @deprecated No effect: logits are computed for answer tokens only. */
  readonly use_logits_to_keep?: unknown;
  /** @deprecated No effect: logits are computed for answer tokens only. */
  readonly use_num_logits_to_keep?: unknown;
  /** @deprecated No effect: logits are computed for answer tokens only. */
  readonly use_liger_loss?: unknown;
  /** @deprecated No effect: DPO generates no answers during training. */
  readonly use_vllm?: unknown;
  /** @deprecated No effect: DPO generates no answers during training. */
  readonly vllm_mode?: unknown;
  /** @deprecated Error: tools of chat templates are per row, in a column `tools`. */
  readonly tools?: unknown;
}

/** trl.DPOConfig: all options, checked and complete; frozen. */
export interface DPOConfig {
  /**
   * Number of passes over the training set.
   *
   * Default: `3`. Differs from TRL: 0 is an error: TRL ends without a step.
   */
  readonly num_train_epochs: number;
  /**
   * Number of optimizer steps; above 0 it overrides num_train_epochs.
   *
   * Default: `-1`. Differs from TRL: 0 is an error: TRL takes one step, at learning rate 0.
   */
  readonly max_steps: number;
  /**
   * Pairs per micro-batch.
   *
   * Default: `8`. Same as TRL.
   */
  readonly per_device_train_batch_size: number;
  /**
   * Micro-batches per optimizer step.
   *
   * Default: `1`. Same as TRL.
   */
  readonly gradient_accumulation_steps: number;
  /**
   * Lower the batch size when memory runs out.
   *
   * Default: `false`. No effect: pairs are computed one at a time.
   */
  readonly auto_find_batch_size: boolean;
  /**
   * Average over the tokens of all devices.
   *
   * Default: `true`. No effect: TRL's DPO loss is a mean over pairs.
   */
  readonly average_tokens_across_devices: boolean;
  /**
   * Peak learning rate.
   *
   * Default: `1e-6`. Same as TRL.
   */
  readonly learning_rate: number;
  /**
   * Learning rate schedule.
   *
   * Default: `"linear"`. Same as TRL.
   */
  readonly lr_scheduler_type:
    | "linear"
    | "cosine"
    | "cosine_with_restarts"
    | "polynomial"
    | "constant"
    | "constant_with_warmup"
    | "inverse_sqrt"
    | "reduce_lr_on_plateau"
    | "cosine_with_min_lr"
    | "cosine_warmup_with_min_lr"
    | "warmup_stable_decay"
    | "greedy";
  /**
   * Schedule arguments, such as num_cycles.
   *
   * Default: `null`. Same as TRL.
   */
  readonly lr_scheduler_kwargs: Record<string, unknown> | null;
  /**
   * Linear warmup steps; below 1, a fraction of all steps.
   *
   * Default: `0`. Same as TRL.
   */
  readonly warmup_steps: number;
  /**
   * Optimizer.
   *
   * Default: `"adamw_torch_fused"`. Same as TRL. Not built: adamw_anyprecision, adamw_torch_4bit, adamw_torch_8bit,
   * ademamix, ademamix_8bit, lion_8bit, paged_ademamix_32bit, paged_ademamix_8bit, paged_lion_8bit, rmsprop_bnb,
   * rmsprop_bnb_8bit, rmsprop_bnb_32bit, galore_adamw, galore_adamw_8bit, galore_adafactor, galore_adamw_layerwise,
   * galore_adamw_8bit_layerwise, galore_adafactor_layerwise, lomo, adalomo, grokadamw, schedule_free_radam,
   * schedule_free_adamw, schedule_free_sgd, apollo_adamw, apollo_adamw_layerwise, stable_adamw.
   */
  readonly optim:
    | "adamw_torch"
    | "adamw_torch_fused"
    | "adamw_torch_xla"
    | "adamw_torch_npu_fused"
    | "paged_adamw_32bit"
    | "adamw_8bit"
    | "adamw_bnb_8bit"
    | "paged_adamw_8bit"
    | "sgd"
    | "adafactor"
    | "rmsprop"
    | "adagrad"
    | "lion_32bit"
    | "paged_lion_32bit";
  /**
   * Optimizer arguments (sgd, rmsprop, adagrad): key=value,...
   *
   * Default: `null`. Differs from TRL: an argument the optimizer does not read is an error.
   */
  readonly optim_args: string | null;
  /**
   * Layers for GaLore and APOLLO.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly optim_target_modules: string[] | null;
  /**
   * Decoupled weight decay; biases and norms are exempt.
   *
   * Default: `0`. Same as TRL.
   */
  readonly weight_decay: number;
  /**
   * AdamW beta1: decay rate of the first moment.
   *
   * Default: `0.9`. Same as TRL.
   */
  readonly adam_beta1: number;
  /**
   * AdamW beta2: decay rate of the second moment.
   *
   * Default: `0.999`. Same as TRL.
   */
  readonly adam_beta2: number;
  /**
   * AdamW epsilon.
   *
   * Default: `1e-8`. Same as TRL.
   */
  readonly adam_epsilon: number;
  /**
   * Gradient clipping: largest global norm; 0 = off.
   *
   * Default: `1`. Same as TRL.
   */
  readonly max_grad_norm: number;
  /**
   * Label smoothing of the cross entropy.
   *
   * Default: `0`. No effect: DPO has no cross entropy (TRL ignores it too).
   */
  readonly label_smoothing_factor: number;
  /**
   * NEFTune noise on the embeddings during training.
   *
   * Default: `null`. Differs from TRL: the noise is a function of seed and step; both answers of a pair share the noise
   * of their prompt, and the reference gets none (TRL's does with the adapter off).
   */
  readonly neftune_noise_alpha: number | null;
  /**
   * Random seed for data order, adapter initialization and dropout.
   *
   * Default: `42`. Same as TRL.
   */
  readonly seed: number;
  /**
   * Random seed for data order; unset: seed.
   *
   * Default: `null`. Same as TRL.
   */
  readonly data_seed: number | null;
  /**
   * Order of the training pairs.
   *
   * Default: `"random"`. Differs from TRL: group_by_length groups by packed tokens, shuffled by seed and epoch;
   * evaluation keeps its order. Not built: batch_rebalance.
   */
  readonly train_sampling_strategy: "random" | "sequential" | "group_by_length";
  /**
   * Column with lengths for group_by_length.
   *
   * Default: `"length"`. No effect: group_by_length counts the tokens per pair itself.
   */
  readonly length_column_name: string;
  /**
   * Use deterministic kernels.
   *
   * Default: `false`. No effect: runs are always deterministic.
   */
  readonly full_determinism: boolean;
  /**
   * Settings of accelerate (AcceleratorConfig).
   *
   * Default: `null`. Differs from TRL: a mapping only; a path is an error.
   */
  readonly accelerator_config: Record<string, unknown> | string | null;
  /**
   * Mixed precision in bfloat16.
   *
   * Default: `null`. Differs from TRL: prefine computes in float32.
   */
  readonly bf16: boolean | null;
  /**
   * Mixed precision in float16.
   *
   * Default: `false`. Differs from TRL: prefine computes in float32.
   */
  readonly fp16: boolean;
  /**
   * Evaluate in bfloat16.
   *
   * Default: `false`. No effect: prefine computes in float32.
   */
  readonly bf16_full_eval: boolean;
  /**
   * Evaluate in float16.
   *
   * Default: `false`. Differs from TRL: prefine computes in float32.
   */
  readonly fp16_full_eval: boolean;
  /**
   * TF32 on GPUs.
   *
   * Default: `null`. No effect: prefine computes in float32.
   */
  readonly tf32: boolean | null;
  /**
   * Recompute activations in the backward pass to save memory.
   *
   * Default: `null`. Differs from TRL: TRL's default is true; unset, it is on only if memory would not suffice; the
   * numbers are the same.
   */
  readonly gradient_checkpointing: boolean | null;
  /**
   * Arguments of gradient checkpointing.
   *
   * Default: `null`. No effect: there is one implementation.
   */
  readonly gradient_checkpointing_kwargs: Record<string, unknown> | null;
  /**
   * New name of gradient_checkpointing.
   *
   * Default: `null`. Differs from TRL: as gradient_checkpointing, which it overrides.
   */
  readonly activation_checkpointing: boolean | null;
  /**
   * Arguments of gradient checkpointing.
   *
   * Default: `null`. No effect: there is one implementation.
   */
  readonly activation_checkpointing_kwargs: Record<string, unknown> | null;
  /**
   * Compile the model with torch.compile.
   *
   * Default: `false`. No effect: prefine always compiles its graphs.
   */
  readonly torch_compile: boolean;
  /**
   * Backend of torch.compile.
   *
   * Default: `null`. No effect: prefine always compiles its graphs.
   */
  readonly torch_compile_backend: string | null;
  /**
   * Mode of torch.compile.
   *
   * Default: `null`. No effect: prefine always compiles its graphs.
   */
  readonly torch_compile_mode: string | null;
  /**
   * Steps between calls of torch.cuda.empty_cache.
   *
   * Default: `null`. No effect: there is no such cache.
   */
  readonly torch_empty_cache_steps: number | null;
  /**
   * Use Liger's Triton kernels.
   *
   * Default: `false`. No effect: prefine has its own kernels.
   */
  readonly use_liger_kernel: boolean;
  /**
   * Liger kernels to use.
   *
   * Default: `null`. No effect: prefine has its own kernels.
   */
  readonly liger_kernel_config: Record<string, unknown> | null;
  /**
   * Use the KV cache during training.
   *
   * Default: `false`. No effect: training needs no cache.
   */
  readonly use_cache: boolean;
  /**
   * Train on the CPU.
   *
   * Default: `false`. No effect: prefine always trains on the CPU.
   */
  readonly use_cpu: boolean;
  /**
   * Strength of the KL penalty: higher values stay closer to the reference model.
   *
   * Default: `0.1`. Same as TRL.
   */
  readonly beta: number;
  /**
   * Loss type, or several to combine with loss_weights.
   *
   * Default: `["sigmoid"]`. Differs from TRL: sppo, cdpo, dpop, simpo, orpo, cpo besides TRL's; simpo, orpo, cpo use no
   * reference model.
   */
  readonly loss_type: (
    | "sigmoid"
    | "hinge"
    | "ipo"
    | "exo_pair"
    | "nca_pair"
    | "robust"
    | "bco_pair"
    | "sppo_hard"
    | "aot"
    | "aot_unpaired"
    | "apo_zero"
    | "apo_down"
    | "discopop"
    | "sft"
    | "sigmoid_norm"
    | "sppo"
    | "cdpo"
    | "dpop"
    | "simpo"
    | "orpo"
    | "cpo"
  )[];
  /**
   * Weight of each loss in loss_type.
   *
   * Default: `null`. Same as TRL.
   */
  readonly loss_weights: number[] | null;
  /**
   * Label smoothing: assumed fraction of flipped labels (losses exo_pair, robust, aot, aot_unpaired, cdpo).
   *
   * Default: `0`. Same as TRL.
   */
  readonly label_smoothing: number;
  /**
   * LD-DPO: weight of the tokens beyond the length of the shorter answer.
   *
   * Default: `null`. Same as TRL.
   */
  readonly ld_alpha: number | null;
  /**
   * Divergence between policy and reference (f-DPO).
   *
   * Default: `"reverse_kl"`. Same as TRL.
   */
  readonly f_divergence_type: "reverse_kl" | "forward_kl" | "js_divergence" | "alpha_divergence";
  /**
   * Alpha of alpha_divergence.
   *
   * Default: `0.5`. Same as TRL.
   */
  readonly f_alpha_divergence_coef: number;
  /**
   * WPO: weight pairs by their probability under the policy.
   *
   * Default: `false`. Differs from TRL: also works with hinge and sft, where TRL 1.16 fails at the first step.
   */
  readonly use_weighting: boolean;
  /**
   * DiscoPOP temperature.
   *
   * Default: `0.05`. Same as TRL.
   */
  readonly discopop_tau: number;
  /**
   * Weight of the router's load-balancing loss (mixture of experts).
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly router_aux_loss_coef: number | null;
  /**
   * Penalty weight on chosen answers whose likelihood drops (DPO-Positive).
   *
   * Default: `50`. Prefine's own.
   */
  readonly dpop_lambda: number;
  /**
   * Target reward margin of SimPO.
   *
   * Default: `0.5`. Prefine's own.
   */
  readonly simpo_gamma: number;
  /**
   * Weight of the negative log-likelihood term of CPO.
   *
   * Default: `1`. Prefine's own.
   */
  readonly cpo_alpha: number;
  /**
   * Compute all reference log-probabilities before training.
   *
   * Default: `false`. Same as TRL.
   */
  readonly precompute_ref_log_probs: boolean;
  /**
   * Batch size while precomputing.
   *
   * Default: `null`. No effect: the reference computes one pair at a time.
   */
  readonly precompute_ref_batch_size: number | null;
  /**
   * TR-DPO: update the reference model with the policy every ref_model_sync_steps.
   *
   * Default: `false`. Differs from TRL: also works with adapters, where TRL refuses: it mixes the weights of the
   * reference adapter.
   */
  readonly sync_ref_model: boolean;
  /**
   * TR-DPO: weight of the policy in each update of the reference.
   *
   * Default: `0.6`. Same as TRL.
   */
  readonly ref_model_mixup_alpha: number;
  /**
   * TR-DPO: steps between updates of the reference.
   *
   * Default: `512`. Same as TRL.
   */
  readonly ref_model_sync_steps: number;
  /**
   * Cache folder for precomputed reference log-probabilities; false: no cache.
   *
   * Default: `null`. Prefine's own.
   */
  readonly precompute_ref_cache: boolean | string | null;
  /**
   * Maximum tokens of prompt and answer; longer sequences are truncated.
   *
   * Default: `1024`. Differs from TRL: a value above the model's context length is lowered to it, with a warning.
   */
  readonly max_length: number | null;
  /**
   * Which end of a sequence to keep when truncating.
   *
   * Default: `"keep_start"`. Same as TRL.
   */
  readonly truncation_mode: "keep_end" | "keep_start";
  /**
   * Number of threads for data preparation.
   *
   * Default: `null`. Same as TRL.
   */
  readonly dataset_num_proc: number | null;
  /**
   * Padding token; unset: the tokenizer's, else its end-of-sequence token.
   *
   * Default: `null`. Same as TRL.
   */
  readonly pad_token: string | null;
  /**
   * Batches without padding.
   *
   * Default: `false`. No effect: prefine never pads (TRL falls back to padding).
   */
  readonly padding_free: boolean;
  /**
   * Pad batches to a multiple of this length.
   *
   * Default: `"auto"`. No effect: prefine never pads.
   */
  readonly pad_to_multiple_of: number | "auto" | null;
  /**
   * Disable all dropout, in the model and in the adapter.
   *
   * Default: `true`. Same as TRL.
   */
  readonly disable_dropout: boolean;
  /**
   * Arguments of from_pretrained for the model.
   *
   * Default: `null`. Differs from TRL: revision and quantization_config work; dtype and the like change nothing; others
   * are not built.
   */
  readonly model_init_kwargs: Record<string, unknown> | null;
  /**
   * Run Python code from the model's repository.
   *
   * Default: `false`. No effect: prefine runs no Python.
   */
  readonly trust_remote_code: boolean;
  /**
   * Offload activations to the CPU.
   *
   * Default: `false`. No effect: activations are always on the CPU.
   */
  readonly activation_offloading: boolean;
  /**
   * Truncate prompts to their last tokens, before max_length.
   *
   * Default: `null`. Prefine's own: removed in TRL 1.0; prefine truncates prompts to their last tokens, as TRL did.
   */
  readonly max_prompt_length: number | null;
  /**
   * Cache folder for the tokens of large datasets; false: no cache.
   *
   * Default: `null`. Prefine's own.
   */
  readonly token_cache: boolean | string | null;
  /**
   * Drop pairs whose answers are equal or empty (TRL keeps them).
   *
   * Default: `false`. Prefine's own.
   */
  readonly drop_degenerate: boolean;
  /**
   * Replace the run in output_dir.
   *
   * Default: `false`. Prefine's own: removed in transformers 5; in prefine it replaces the run in output_dir.
   */
  readonly overwrite_output_dir: boolean;
  /**
   * Folder for TensorBoard events; unset: $TENSORBOARD_LOGGING_DIR, else output_dir/runs.
   *
   * Default: `null`. Prefine's own: removed in transformers 5; still works in prefine.
   */
  readonly logging_dir: string | null;
  /**
   * When to log.
   *
   * Default: `"steps"`. Same as TRL.
   */
  readonly logging_strategy: "no" | "steps" | "epoch";
  /**
   * Steps between logs; below 1, a fraction of all steps.
   *
   * Default: `10`. Same as TRL.
   */
  readonly logging_steps: number;
  /**
   * Also log the first step.
   *
   * Default: `false`. Same as TRL.
   */
  readonly logging_first_step: boolean;
  /**
   * Leave non-finite losses out of the log.
   *
   * Default: `true`. Differs from TRL: a non-finite loss stops the run.
   */
  readonly logging_nan_inf_filter: boolean;
  /**
   * Where to report logs besides trainer_state.json: none or tensorboard.
   *
   * Default: `["none"]`. Differs from TRL: tensorboard only (all means tensorboard); for others prefine prints one
   * line.
   */
  readonly report_to: readonly "tensorboard"[];
  /**
   * Print only warnings during training.
   *
   * Default: `null`. Differs from TRL: true also silences the log lines; the log is in trainer_state.json.
   */
  readonly disable_tqdm: boolean | null;
  /**
   * Log num_input_tokens_seen.
   *
   * Default: `"no"`. No effect: num_tokens is always logged, as in TRL.
   */
  readonly include_num_input_tokens_seen: "all" | "non_padding" | "no" | boolean;
  /**
   * Log level.
   *
   * Default: `"passive"`. No effect: prefine has one log level.
   */
  readonly log_level: "detail" | "debug" | "info" | "warning" | "error" | "critical" | "passive";
  /**
   * Log level on replicas.
   *
   * Default: `"warning"`. No effect: prefine has one log level.
   */
  readonly log_level_replica: "detail" | "debug" | "info" | "warning" | "error" | "critical" | "passive";
  /**
   * Log on each node.
   *
   * Default: `true`. No effect: of several processes the first one logs.
   */
  readonly log_on_each_node: boolean;
  /**
   * Run name for trackers.
   *
   * Default: `null`. No effect: a run's name is its output_dir.
   */
  readonly run_name: string | null;
  /**
   * Trackio project.
   *
   * Default: `"huggingface"`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to:
   * tensorboard, to event files.
   */
  readonly project: string;
  /**
   * Trackio Space.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to: tensorboard,
   * to event files.
   */
  readonly trackio_space_id: string | null;
  /**
   * Trackio bucket.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to: tensorboard,
   * to event files.
   */
  readonly trackio_bucket_id: string | null;
  /**
   * Trackio static Space.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to: tensorboard,
   * to event files.
   */
  readonly trackio_static_space_id: boolean | string | null;
  /**
   * When to evaluate.
   *
   * Default: `"no"`. Same as TRL.
   */
  readonly eval_strategy: "no" | "steps" | "epoch";
  /**
   * Steps between evaluations; unset: logging_steps.
   *
   * Default: `null`. Same as TRL.
   */
  readonly eval_steps: number | null;
  /**
   * Epochs or steps before the first evaluation.
   *
   * Default: `0`. Same as TRL.
   */
  readonly eval_delay: number;
  /**
   * Evaluate before the first step.
   *
   * Default: `false`. Same as TRL.
   */
  readonly eval_on_start: boolean;
  /**
   * Pairs per evaluation batch.
   *
   * Default: `8`. Same as TRL.
   */
  readonly per_device_eval_batch_size: number;
  /**
   * Return only the loss.
   *
   * Default: `false`. No effect: all metrics are always logged.
   */
  readonly prediction_loss_only: boolean;
  /**
   * Batches before results move to the CPU.
   *
   * Default: `null`. No effect: results are small.
   */
  readonly eval_accumulation_steps: number | null;
  /**
   * Concatenate the results of batches.
   *
   * Default: `true`. No effect: results are a list of pairs.
   */
  readonly eval_do_concat_batches: boolean;
  /**
   * Gather objects from all devices.
   *
   * Default: `false`. No effect: what several processes evaluate is always brought together.
   */
  readonly eval_use_gather_object: boolean;
  /**
   * Further inputs of compute_metrics: loss, inputs.
   *
   * Default: `[]`. Same as TRL.
   */
  readonly include_for_metrics: string[];
  /**
   * Call compute_metrics per batch; compute_result is true in the last call.
   *
   * Default: `false`. Same as TRL.
   */
  readonly batch_eval_metrics: boolean;
  /**
   * Names of the labels.
   *
   * Default: `null`. No effect: DPO has no labels.
   */
  readonly label_names: string[] | null;
  /**
   * Output folder of the run; unset: trainer_output.
   *
   * Default: `null`. Same as TRL.
   */
  readonly output_dir: string;
  /**
   * When to save a checkpoint.
   *
   * Default: `"steps"`. Same as TRL.
   */
  readonly save_strategy: "no" | "steps" | "epoch" | "best";
  /**
   * Steps between checkpoints; below 1, a fraction of all steps.
   *
   * Default: `500`. Same as TRL.
   */
  readonly save_steps: number;
  /**
   * Maximum number of checkpoints; older ones are deleted.
   *
   * Default: `null`. Same as TRL.
   */
  readonly save_total_limit: number | null;
  /**
   * Save checkpoints without optimizer; a resumed run begins a new one.
   *
   * Default: `false`. Differs from TRL: Ctrl-C saves one with it; resuming from others is the same: a new optimizer and
   * learning rate schedule.
   */
  readonly save_only_model: boolean;
  /**
   * Checkpoint to resume from; true: the newest valid one in output_dir.
   *
   * Default: `null`. Same as TRL.
   */
  readonly resume_from_checkpoint: boolean | string | null;
  /**
   * Restart the epoch when resuming instead of skipping the pairs already seen.
   *
   * Default: `false`. Same as TRL.
   */
  readonly ignore_data_skip: boolean;
  /**
   * Restore the settings of callbacks from the checkpoint.
   *
   * Default: `false`. Differs from TRL: callbacks' counters are always restored, so a resumed run equals an unbroken
   * one; true: settings too.
   */
  readonly restore_callback_states_from_checkpoint: boolean;
  /**
   * Load the best checkpoint at the end of training.
   *
   * Default: `false`. Same as TRL.
   */
  readonly load_best_model_at_end: boolean;
  /**
   * Evaluation metric used to pick the best checkpoint.
   *
   * Default: `null`. Differs from TRL: with several evaluation sets all metrics carry the set's name (eval_NAME_loss,
   * eval_NAME_...).
   */
  readonly metric_for_best_model: string | null;
  /**
   * Whether higher values of the metric are better; unset: true unless it ends in loss.
   *
   * Default: `null`. Same as TRL.
   */
  readonly greater_is_better: boolean | null;
  /**
   * Save on each node.
   *
   * Default: `false`. No effect: of several processes the first one saves.
   */
  readonly save_on_each_node: boolean;
  /**
   * Save a checkpoint on SIGTERM.
   *
   * Default: `false`. No effect: Ctrl-C always saves one.
   */
  readonly enable_jit_checkpoint: boolean;
  /**
   * Upload the model to the hub.
   *
   * Default: `false`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly push_to_hub: boolean;
  /**
   * Access token for the upload.
   *
   * Default: `null`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_token: string | null;
  /**
   * Upload to a private repository.
   *
   * Default: `null`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_private_repo: boolean | null;
  /**
   * Hub repository to upload to.
   *
   * Default: `null`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_model_id: string | null;
  /**
   * When to upload.
   *
   * Default: `"every_save"`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_strategy: "end" | "every_save" | "checkpoint" | "all_checkpoints";
  /**
   * Upload even while the previous upload runs.
   *
   * Default: `false`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_always_push: boolean;
  /**
   * Branch to upload to.
   *
   * Default: `null`. No effect: prefine uploads nothing; upload the finished output_dir yourself.
   */
  readonly hub_revision: string | null;
  /**
   * Drop columns that training does not use; prefine ignores them anyway.
   *
   * Default: `true`. Same as TRL.
   */
  readonly remove_unused_columns: boolean;
  /**
   * Drop the last incomplete batch of each epoch and evaluation.
   *
   * Default: `false`. Same as TRL.
   */
  readonly dataloader_drop_last: boolean;
  /**
   * Number of data loader processes.
   *
   * Default: `0`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_num_workers: number;
  /**
   * Pin memory for the GPU.
   *
   * Default: `true`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_pin_memory: boolean;
  /**
   * Keep data loader processes between epochs.
   *
   * Default: `false`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_persistent_workers: boolean;
  /**
   * Batches prefetched per data loader process.
   *
   * Default: `null`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_prefetch_factor: number | null;
  /**
   * Start method of data loader processes.
   *
   * Default: `null`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_multiprocessing_context: "fork" | "spawn" | "forkserver" | null;
  /**
   * Return batches in order.
   *
   * Default: `true`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_in_order: boolean;
  /**
   * DeepSpeed config.
   *
   * Default: `null`. No effect: every process holds the whole model; optimizer and schedule come from this file alone.
   */
  readonly deepspeed: Record<string, unknown> | string | null;
  /**
   * Fully sharded data parallelism.
   *
   * Default: `null`. No effect: every process holds the whole model; mpirun starts several of them (docs/cluster.md).
   */
  readonly fsdp: boolean | string | null;
  /**
   * FSDP settings.
   *
   * Default: `null`. No effect: every process holds the whole model; mpirun starts several of them (docs/cluster.md).
   */
  readonly fsdp_config: Record<string, unknown> | string | null;
  /**
   * Tensor, context and data parallelism.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly parallelism_config: Record<string, unknown> | null;
  /**
   * Rank of this process.
   *
   * Default: `-1`. No effect: mpirun or srun says it.
   */
  readonly local_rank: number;
  /**
   * Find unused parameters in DDP.
   *
   * Default: `null`. No effect: all gradients are summed at once.
   */
  readonly ddp_find_unused_parameters: boolean | null;
  /**
   * Bucket size of DDP, MB.
   *
   * Default: `null`. No effect: gradients are summed in pieces of 4 MB.
   */
  readonly ddp_bucket_cap_mb: number | null;
  /**
   * Broadcast buffers in DDP.
   *
   * Default: `null`. No effect: the models have no buffers that training changes.
   */
  readonly ddp_broadcast_buffers: boolean | null;
  /**
   * Assume a static graph in DDP.
   *
   * Default: `null`. No effect: every graph is static.
   */
  readonly ddp_static_graph: boolean | null;
  /**
   * Communication backend of DDP.
   *
   * Default: `null`. No effect: MPI connects the processes of mpirun (docs/cluster.md).
   */
  readonly ddp_backend: "nccl" | "gloo" | "mpi" | "xccl" | "hccl" | "cncl" | "mccl" | null;
  /**
   * Seconds that a process waits for the others before the job ends.
   *
   * Default: `1800`. Same as TRL.
   */
  readonly ddp_timeout: number;
  /**
   * Run training (for scripts).
   *
   * Default: `false`. No effect: TRL's script ignores it too.
   */
  readonly do_train: boolean;
  /**
   * Run evaluation (for scripts).
   *
   * Default: `false`. No effect: eval_strategy decides, as in TRL's script.
   */
  readonly do_eval: boolean;
  /**
   * Run prediction (for scripts).
   *
   * Default: `false`. No effect: TRL's script ignores it too.
   */
  readonly do_predict: boolean;
  /**
   * PyTorch debugging tools.
   *
   * Default: `[""]`. No effect: these tools are PyTorch's.
   */
  readonly debug: string[];
  /**
   * Leave memory usage out of the metrics.
   *
   * Default: `true`. No effect: memory is not logged.
   */
  readonly skip_memory_metrics: boolean;
}
