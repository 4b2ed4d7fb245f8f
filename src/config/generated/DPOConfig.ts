/** @file trl.DPOConfig as interfaces. Written by `npm run docs`: edit the table of options. */
import type { OneOrMore } from "../kinds.ts";

/**
 * Input of {@link DPOConfig}: the options of trl.DPOConfig, all optional; undefined is as left out.
 *
 * Not built, and an error where they are set: optim_target_modules, router_aux_loss_coef, deepspeed, fsdp, fsdp_config,
 * parallelism_config.
 */
export interface DPOConfigInput {
  /**
   * Passes over the training split.
   *
   * Default: `3`. Same as TRL.
   */
  readonly num_train_epochs?: number | undefined;
  /**
   * Optimizer steps; above 0 it overrides num_train_epochs.
   *
   * Default: `-1`. Same as TRL.
   */
  readonly max_steps?: number | undefined;
  /**
   * Pairs in a micro-batch.
   *
   * Default: `8`. Same as TRL.
   */
  readonly per_device_train_batch_size?: number | undefined;
  /**
   * Micro-batches in an optimizer step.
   *
   * Default: `1`. Same as TRL.
   */
  readonly gradient_accumulation_steps?: number | undefined;
  /**
   * Lower the batch size when memory runs out.
   *
   * Default: `false`. No effect: pairs run one at a time.
   */
  readonly auto_find_batch_size?: boolean | undefined;
  /**
   * Count tokens over all devices.
   *
   * Default: `true`. No effect: there is one device.
   */
  readonly average_tokens_across_devices?: boolean | undefined;
  /**
   * Peak learning rate.
   *
   * Default: `1e-6`. Same as TRL.
   */
  readonly learning_rate?: number | undefined;
  /**
   * Schedule of the learning rate.
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
   * Arguments of the schedule, such as num_cycles.
   *
   * Default: `null`. Same as TRL.
   */
  readonly lr_scheduler_kwargs?: Record<string, unknown> | null | undefined;
  /**
   * Steps of linear warm-up; below 1, a share of all steps.
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
   * Arguments of sgd (momentum, dampening, nesterov), rmsprop, adagrad: key=value,...
   *
   * Default: `null`. Differs from TRL: an argument that the optimizer does not read is an error.
   */
  readonly optim_args?: string | null | undefined;
  /**
   * Decoupled weight decay; not on biases and norms.
   *
   * Default: `0`. Same as TRL.
   */
  readonly weight_decay?: number | undefined;
  /**
   * AdamW's decay of the mean gradient.
   *
   * Default: `0.9`. Same as TRL.
   */
  readonly adam_beta1?: number | undefined;
  /**
   * AdamW's decay of the mean squared gradient.
   *
   * Default: `0.999`. Same as TRL.
   */
  readonly adam_beta2?: number | undefined;
  /**
   * AdamW's epsilon.
   *
   * Default: `1e-8`. Same as TRL.
   */
  readonly adam_epsilon?: number | undefined;
  /**
   * Gradients are scaled down to this norm; 0: never.
   *
   * Default: `1`. Same as TRL.
   */
  readonly max_grad_norm?: number | undefined;
  /**
   * Label smoothing of the cross entropy.
   *
   * Default: `0`. No effect: DPO has none (nor in TRL).
   */
  readonly label_smoothing_factor?: number | undefined;
  /**
   * Noise on the embeddings in training (NEFTune).
   *
   * Default: `null`. Differs from TRL: the noise is drawn anew by a function of seed and step; a pair's answers share
   * that of their prompt, and the reference gets none, where TRL's with the adapter off does.
   */
  readonly neftune_noise_alpha?: number | null | undefined;
  /**
   * Seed of the order, the adapter's start and dropout.
   *
   * Default: `42`. Same as TRL.
   */
  readonly seed?: number | undefined;
  /**
   * Seed of the order alone; unset: seed.
   *
   * Default: `null`. Same as TRL.
   */
  readonly data_seed?: number | null | undefined;
  /**
   * Order of the training rows.
   *
   * Default: `"random"`. Differs from TRL: group_by_length groups by packed tokens, drawn by seed and epoch;
   * evaluations keep their order. Not built: batch_rebalance.
   */
  readonly train_sampling_strategy?: "random" | "sequential" | "group_by_length" | undefined;
  /**
   * Column of lengths for group_by_length.
   *
   * Default: `"length"`. No effect: group_by_length counts the tokens of a pair itself.
   */
  readonly length_column_name?: string | undefined;
  /**
   * Deterministic kernels.
   *
   * Default: `false`. No effect: runs are deterministic anyway.
   */
  readonly full_determinism?: boolean | undefined;
  /**
   * Settings of accelerate: AcceleratorConfig.
   *
   * Default: `null`. Differs from TRL: a mapping; the path of a file is an error.
   */
  readonly accelerator_config?: Record<string, unknown> | string | null | undefined;
  /**
   * Mixed precision of bfloat16.
   *
   * Default: `null`. Differs from TRL: prefine computes in float32.
   */
  readonly bf16?: boolean | null | undefined;
  /**
   * Mixed precision of float16.
   *
   * Default: `false`. Differs from TRL: true is an error: there is no float16 on a CPU.
   */
  readonly fp16?: false | undefined;
  /**
   * Evaluate in bfloat16.
   *
   * Default: `false`. No effect: prefine computes in float32.
   */
  readonly bf16_full_eval?: boolean | undefined;
  /**
   * Evaluate in float16.
   *
   * Default: `false`. Differs from TRL: true is an error, as fp16.
   */
  readonly fp16_full_eval?: false | undefined;
  /**
   * TF32 kernels of GPUs.
   *
   * Default: `null`. No effect: prefine computes in float32.
   */
  readonly tf32?: boolean | null | undefined;
  /**
   * Compute layers again in the backward pass: less memory.
   *
   * Default: `null`. Differs from TRL: TRL's default is true; unset, it is on here only where memory would not suffice.
   * The numbers are the same.
   */
  readonly gradient_checkpointing?: boolean | null | undefined;
  /**
   * Its arguments.
   *
   * Default: `null`. No effect: there is one way to compute again.
   */
  readonly gradient_checkpointing_kwargs?: Record<string, unknown> | null | undefined;
  /**
   * New name of gradient_checkpointing.
   *
   * Default: `null`. Differs from TRL: as gradient_checkpointing; wins where both are set.
   */
  readonly activation_checkpointing?: boolean | null | undefined;
  /**
   * Its arguments.
   *
   * Default: `null`. No effect: there is one way to compute again.
   */
  readonly activation_checkpointing_kwargs?: Record<string, unknown> | null | undefined;
  /**
   * Compile the model.
   *
   * Default: `false`. No effect: prefine always compiles its graph.
   */
  readonly torch_compile?: boolean | undefined;
  /**
   * Compiler.
   *
   * Default: `null`. No effect: prefine always compiles its graph.
   */
  readonly torch_compile_backend?: string | null | undefined;
  /**
   * Mode of the compiler.
   *
   * Default: `null`. No effect: prefine always compiles its graph.
   */
  readonly torch_compile_mode?: string | null | undefined;
  /**
   * Steps between cache clearings.
   *
   * Default: `null`. No effect: there is no such cache.
   */
  readonly torch_empty_cache_steps?: number | null | undefined;
  /**
   * Triton kernels for GPUs.
   *
   * Default: `false`. No effect: prefine has kernels of its own.
   */
  readonly use_liger_kernel?: boolean | undefined;
  /**
   * Which of them.
   *
   * Default: `null`. No effect: prefine has kernels of its own.
   */
  readonly liger_kernel_config?: Record<string, unknown> | null | undefined;
  /**
   * KV cache while training.
   *
   * Default: `false`. No effect: a training step needs none.
   */
  readonly use_cache?: boolean | undefined;
  /**
   * Train on the CPU.
   *
   * Default: `false`. No effect: prefine trains on the CPU anyway.
   */
  readonly use_cpu?: boolean | undefined;
  /**
   * Strength of the pull towards the reference model.
   *
   * Default: `0.1`. Same as TRL.
   */
  readonly beta?: number | undefined;
  /**
   * Loss, or several to add up.
   *
   * Default: `["sigmoid"]`. Differs from TRL: cdpo, dpop, simpo, orpo, cpo besides TRL's; simpo, orpo, cpo use no
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
   * Share of labels taken to be flipped (losses exo_pair, robust, aot, aot_unpaired, cdpo).
   *
   * Default: `0`. Same as TRL.
   */
  readonly label_smoothing?: number | undefined;
  /**
   * Weight of the tokens beyond the shorter answer (LD-DPO).
   *
   * Default: `null`. Same as TRL.
   */
  readonly ld_alpha?: number | null | undefined;
  /**
   * Divergence between policy and reference.
   *
   * Default: `"reverse_kl"`. Same as TRL.
   */
  readonly f_divergence_type?: "reverse_kl" | "forward_kl" | "js_divergence" | "alpha_divergence" | undefined;
  /**
   * Coefficient of alpha_divergence.
   *
   * Default: `0.5`. Same as TRL.
   */
  readonly f_alpha_divergence_coef?: number | undefined;
  /**
   * Weight pairs by the policy's own probability (WPO).
   *
   * Default: `false`. Differs from TRL: works with hinge and sft too, where TRL 1.16 fails at the first step.
   */
  readonly use_weighting?: boolean | undefined;
  /**
   * Temperature of discopop.
   *
   * Default: `0.05`. Same as TRL.
   */
  readonly discopop_tau?: number | undefined;
  /**
   * What dpop holds against chosen answers that become less likely.
   *
   * Default: `50`. Prefine's own.
   */
  readonly dpop_lambda?: number | undefined;
  /**
   * Margin that simpo asks for.
   *
   * Default: `0.5`. Prefine's own.
   */
  readonly simpo_gamma?: number | undefined;
  /**
   * Weight of cpo's likelihood of chosen answers.
   *
   * Default: `1`. Prefine's own.
   */
  readonly cpo_alpha?: number | undefined;
  /**
   * Score all pairs with the reference before training.
   *
   * Default: `false`. Same as TRL.
   */
  readonly precompute_ref_log_probs?: boolean | undefined;
  /**
   * Pairs per batch while precomputing.
   *
   * Default: `null`. No effect: the reference scores one pair at a time.
   */
  readonly precompute_ref_batch_size?: number | null | undefined;
  /**
   * Move the reference towards the policy now and then (TR-DPO).
   *
   * Default: `false`. Differs from TRL: works with adapters too, where TRL refuses: the weights of the reference
   * adapter are mixed.
   */
  readonly sync_ref_model?: boolean | undefined;
  /**
   * Share of the policy in such a move.
   *
   * Default: `0.6`. Same as TRL.
   */
  readonly ref_model_mixup_alpha?: number | undefined;
  /**
   * Steps between such moves.
   *
   * Default: `512`. Same as TRL.
   */
  readonly ref_model_sync_steps?: number | undefined;
  /**
   * Folder that keeps what precompute_ref_log_probs computed; false: none.
   *
   * Default: `null`. Prefine's own.
   */
  readonly precompute_ref_cache?: boolean | string | null | undefined;
  /**
   * Tokens of prompt and answer; longer ones are cut.
   *
   * Default: `1024`. Differs from TRL: a value above the model's positions is lowered to them, with a warning.
   */
  readonly max_length?: number | null | undefined;
  /**
   * Which end of a too long pair is kept.
   *
   * Default: `"keep_start"`. Same as TRL.
   */
  readonly truncation_mode?: "keep_end" | "keep_start" | undefined;
  /**
   * Threads that prepare the data.
   *
   * Default: `null`. Same as TRL.
   */
  readonly dataset_num_proc?: number | null | undefined;
  /**
   * Padding token; unset: the tokenizer's, else its end-of-text token.
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
   * Pad batches to a multiple of this.
   *
   * Default: `"auto"`. No effect: prefine never pads.
   */
  readonly pad_to_multiple_of?: number | "auto" | null | undefined;
  /**
   * No dropout at all, neither the adapter's nor the model's.
   *
   * Default: `true`. Same as TRL.
   */
  readonly disable_dropout?: boolean | undefined;
  /**
   * Arguments for loading the model.
   *
   * Default: `null`. Differs from TRL: revision and quantization_config count; dtype and the like change nothing;
   * others are not built yet.
   */
  readonly model_init_kwargs?: Record<string, unknown> | null | undefined;
  /**
   * Run Python code from the model's repository.
   *
   * Default: `false`. No effect: prefine runs no Python.
   */
  readonly trust_remote_code?: boolean | undefined;
  /**
   * Keep activations on the CPU.
   *
   * Default: `false`. No effect: they are there anyway.
   */
  readonly activation_offloading?: boolean | undefined;
  /**
   * Cut prompts to their last tokens, before max_length.
   *
   * Default: `null`. Prefine's own: gone from TRL 1.0; prompts are cut to their last tokens, as it did.
   */
  readonly max_prompt_length?: number | null | undefined;
  /**
   * Drop pairs whose chosen and rejected are equal or empty (TRL keeps them).
   *
   * Default: `false`. Prefine's own.
   */
  readonly drop_degenerate?: boolean | undefined;
  /**
   * Replace the run that output_dir holds.
   *
   * Default: `false`. Prefine's own: gone from transformers 5; prefine keeps it: a run that output_dir holds is
   * replaced.
   */
  readonly overwrite_output_dir?: boolean | undefined;
  /**
   * Folder of TensorBoard's events; unset: $TENSORBOARD_LOGGING_DIR, else output_dir/runs.
   *
   * Default: `null`. Prefine's own: gone from transformers 5; prefine keeps it.
   */
  readonly logging_dir?: string | null | undefined;
  /**
   * When to log.
   *
   * Default: `"steps"`. Same as TRL.
   */
  readonly logging_strategy?: "no" | "steps" | "epoch" | undefined;
  /**
   * Steps between logs; below 1, a share of all steps.
   *
   * Default: `10`. Same as TRL.
   */
  readonly logging_steps?: number | undefined;
  /**
   * Log the first step too.
   *
   * Default: `false`. Same as TRL.
   */
  readonly logging_first_step?: boolean | undefined;
  /**
   * Hide non-finite losses in the log.
   *
   * Default: `true`. Differs from TRL: a non-finite loss stops the run.
   */
  readonly logging_nan_inf_filter?: boolean | undefined;
  /**
   * Where else to log: none or tensorboard.
   *
   * Default: `["none"]`. Differs from TRL: tensorboard only; others get one line (all: tensorboard).
   */
  readonly report_to?: OneOrMore<"none" | "all" | "tensorboard"> | null | undefined;
  /**
   * Print nothing but warnings while training.
   *
   * Default: `null`. Differs from TRL: true silences the log's lines too; the log is in trainer_state.json.
   */
  readonly disable_tqdm?: boolean | null | undefined;
  /**
   * Log num_input_tokens_seen.
   *
   * Default: `"no"`. No effect: num_tokens is logged, as TRL always does.
   */
  readonly include_num_input_tokens_seen?: "all" | "non_padding" | "no" | boolean | undefined;
  /**
   * Level of Python's logging.
   *
   * Default: `"passive"`. No effect: prefine has one level.
   */
  readonly log_level?: "detail" | "debug" | "info" | "warning" | "error" | "critical" | "passive" | undefined;
  /**
   * Level on replicas.
   *
   * Default: `"warning"`. No effect: prefine has one level.
   */
  readonly log_level_replica?: "detail" | "debug" | "info" | "warning" | "error" | "critical" | "passive" | undefined;
  /**
   * Log on each node.
   *
   * Default: `true`. No effect: there is one node.
   */
  readonly log_on_each_node?: boolean | undefined;
  /**
   * Name of the run for trackers.
   *
   * Default: `null`. No effect: runs are named by their output_dir.
   */
  readonly run_name?: string | null | undefined;
  /**
   * Project for Trackio.
   *
   * Default: `"huggingface"`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to
   * tensorboard, to event files.
   */
  readonly project?: string | undefined;
  /**
   * Space for Trackio.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to tensorboard, to
   * event files.
   */
  readonly trackio_space_id?: string | null | undefined;
  /**
   * Bucket for Trackio.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to tensorboard, to
   * event files.
   */
  readonly trackio_bucket_id?: string | null | undefined;
  /**
   * Static Space for Trackio.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to tensorboard, to
   * event files.
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
   * Pairs in a batch of evaluation.
   *
   * Default: `8`. Same as TRL.
   */
  readonly per_device_eval_batch_size?: number | undefined;
  /**
   * Return only the loss.
   *
   * Default: `false`. No effect: all metrics are logged.
   */
  readonly prediction_loss_only?: boolean | undefined;
  /**
   * Batches before results move.
   *
   * Default: `null`. No effect: results stay small.
   */
  readonly eval_accumulation_steps?: number | null | undefined;
  /**
   * Join results of batches.
   *
   * Default: `true`. No effect: results are a list of pairs.
   */
  readonly eval_do_concat_batches?: boolean | undefined;
  /**
   * Gather objects of all devices.
   *
   * Default: `false`. No effect: there is one device.
   */
  readonly eval_use_gather_object?: boolean | undefined;
  /**
   * What compute_metrics gets besides: loss, inputs.
   *
   * Default: `[]`. Same as TRL.
   */
  readonly include_for_metrics?: OneOrMore<string> | undefined;
  /**
   * Call compute_metrics for each batch, at last with compute_result true.
   *
   * Default: `false`. Same as TRL.
   */
  readonly batch_eval_metrics?: boolean | undefined;
  /**
   * Names of the labels.
   *
   * Default: `null`. No effect: DPO has none.
   */
  readonly label_names?: OneOrMore<string> | null | undefined;
  /**
   * Folder of the run; unset: trainer_output.
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
   * Steps between checkpoints; below 1, a share of all steps.
   *
   * Default: `500`. Same as TRL.
   */
  readonly save_steps?: number | undefined;
  /**
   * Newest checkpoints to keep.
   *
   * Default: `null`. Same as TRL.
   */
  readonly save_total_limit?: number | null | undefined;
  /**
   * Checkpoints without the optimizer, which can't be resumed.
   *
   * Default: `false`. Differs from TRL: ctrl-C saves one that can; resuming from others is refused (transformers starts
   * a new optimizer).
   */
  readonly save_only_model?: boolean | undefined;
  /**
   * Go on from this checkpoint; true: the newest valid one of output_dir.
   *
   * Default: `null`. Same as TRL.
   */
  readonly resume_from_checkpoint?: boolean | string | null | undefined;
  /**
   * Begin the epoch again when resuming, rather than go on within it.
   *
   * Default: `false`. Same as TRL.
   */
  readonly ignore_data_skip?: boolean | undefined;
  /**
   * Give callbacks the settings of the checkpoint.
   *
   * Default: `false`. Differs from TRL: what callbacks have counted is restored in any case, so that resumed is
   * unbroken; true: their settings too.
   */
  readonly restore_callback_states_from_checkpoint?: boolean | undefined;
  /**
   * End with the weights of the best checkpoint.
   *
   * Default: `false`. Same as TRL.
   */
  readonly load_best_model_at_end?: boolean | undefined;
  /**
   * Metric of evaluations that says what is best.
   *
   * Default: `null`. Differs from TRL: of several evaluation sets, all metrics have the name
   * (eval_NAME_rewards/margins), not the loss alone.
   */
  readonly metric_for_best_model?: string | null | undefined;
  /**
   * Whether more of it is better; unset: unless it ends with loss.
   *
   * Default: `null`. Same as TRL.
   */
  readonly greater_is_better?: boolean | null | undefined;
  /**
   * Save on each node.
   *
   * Default: `false`. No effect: there is one node.
   */
  readonly save_on_each_node?: boolean | undefined;
  /**
   * Save a checkpoint on SIGTERM.
   *
   * Default: `false`. No effect: ctrl-C saves one anyway.
   */
  readonly enable_jit_checkpoint?: boolean | undefined;
  /**
   * Upload the model.
   *
   * Default: `false`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly push_to_hub?: boolean | undefined;
  /**
   * Token for the upload.
   *
   * Default: `null`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_token?: string | null | undefined;
  /**
   * Upload to a private repository.
   *
   * Default: `null`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_private_repo?: boolean | null | undefined;
  /**
   * Repository to upload to.
   *
   * Default: `null`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_model_id?: string | null | undefined;
  /**
   * When to upload.
   *
   * Default: `"every_save"`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_strategy?: "end" | "every_save" | "checkpoint" | "all_checkpoints" | undefined;
  /**
   * Upload while an upload runs.
   *
   * Default: `false`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_always_push?: boolean | undefined;
  /**
   * Branch to upload to.
   *
   * Default: `null`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_revision?: string | null | undefined;
  /**
   * Drop columns that training does not need; they never matter here.
   *
   * Default: `true`. Same as TRL.
   */
  readonly remove_unused_columns?: boolean | undefined;
  /**
   * Drop the last, smaller batch of an epoch, and of an evaluation.
   *
   * Default: `false`. Same as TRL.
   */
  readonly dataloader_drop_last?: boolean | undefined;
  /**
   * Processes that load data.
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
   * Keep these processes.
   *
   * Default: `false`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_persistent_workers?: boolean | undefined;
  /**
   * Batches ahead.
   *
   * Default: `null`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_prefetch_factor?: number | null | undefined;
  /**
   * How these processes start.
   *
   * Default: `null`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_multiprocessing_context?: "fork" | "spawn" | "forkserver" | null | undefined;
  /**
   * Keep the order of batches.
   *
   * Default: `true`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_in_order?: boolean | undefined;
  /**
   * Rank of this process.
   *
   * Default: `-1`. No effect: prefine trains in one process.
   */
  readonly local_rank?: number | undefined;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_find_unused_parameters?: boolean | null | undefined;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_bucket_cap_mb?: number | null | undefined;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_broadcast_buffers?: boolean | null | undefined;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_static_graph?: boolean | null | undefined;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_backend?: "nccl" | "gloo" | "mpi" | "xccl" | "hccl" | "cncl" | "mccl" | null | undefined;
  /**
   * Setting of DDP, seconds.
   *
   * Default: `1800`. No effect: prefine trains in one process.
   */
  readonly ddp_timeout?: number | undefined;
  /**
   * For scripts.
   *
   * Default: `false`. No effect: TRL's script takes no notice of it either.
   */
  readonly do_train?: boolean | undefined;
  /**
   * For scripts.
   *
   * Default: `false`. No effect: TRL's script takes no notice of it either.
   */
  readonly do_eval?: boolean | undefined;
  /**
   * For scripts.
   *
   * Default: `false`. No effect: TRL's script takes no notice of it either.
   */
  readonly do_predict?: boolean | undefined;
  /**
   * Debugging of PyTorch.
   *
   * Default: `[""]`. No effect: these are PyTorch's tools.
   */
  readonly debug?: OneOrMore<string> | undefined;
  /**
   * No memory in the metrics.
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
  /** @deprecated No effect: there is no compute_metrics yet. */
  readonly include_inputs_for_metrics?: unknown;
  /** @deprecated Use hub_token instead. */
  readonly push_to_hub_token?: unknown;
  /** @deprecated Use hub_model_id instead. */
  readonly push_to_hub_model_id?: unknown;
  /** @deprecated No effect: nothing is uploaded. */
  readonly push_to_hub_organization?: unknown;
  /** @deprecated No effect: prefine computes in float32. */
  readonly fp16_opt_level?: unknown;
  /** @deprecated No effect: prefine computes in float32. */
  readonly fp16_backend?: unknown;
  /** @deprecated No effect: prefine computes in float32. */
  readonly half_precision_backend?: unknown;
  /** @deprecated No effect: there is no PyTorch here. */
  readonly use_ipex?: unknown;
  /** @deprecated No effect: the graph is always compiled. */
  readonly jit_mode_eval?: unknown;
  /** @deprecated No effect: the graph is always compiled. */
  readonly torchdynamo?: unknown;
  /** @deprecated No effect: there is one device. */
  readonly tpu_num_cores?: unknown;
  /** @deprecated No effect: there is one device. */
  readonly tpu_metrics_debug?: unknown;
  /** @deprecated No effect: there is one device. */
  readonly xpu_backend?: unknown;
  /** @deprecated Not built: is fsdp now, which is not built. */
  readonly sharded_ddp?: unknown;
  /** @deprecated No effect: is a setting of fsdp, which is not built. */
  readonly fsdp_min_num_params?: unknown;
  /** @deprecated No effect: is a setting of fsdp, which is not built. */
  readonly fsdp_transformer_layer_cls_to_wrap?: unknown;
  /** @deprecated No effect: SageMaker's. */
  readonly mp_parameters?: unknown;
  /** @deprecated No effect: no model here keeps a past between rows. */
  readonly past_index?: unknown;
  /** @deprecated No effect: Ray's. */
  readonly ray_scope?: unknown;
  /** @deprecated No effect: there is one device. */
  readonly dispatch_batches?: unknown;
  /** @deprecated Not built: is a setting of accelerator_config, which is not built. */
  readonly split_batches?: unknown;
  /** @deprecated No effect: there is one evaluation loop. */
  readonly use_legacy_prediction_loop?: unknown;
  /** @deprecated Use loss_type [sigmoid, sft] with loss_weights [1, rpo_alpha] instead. */
  readonly rpo_alpha?: unknown;
  /** @deprecated No effect: answers are not cut on their own: max_length cuts prompt and answer. */
  readonly max_completion_length?: unknown;
  /** @deprecated No effect: answers are not cut on their own: max_length cuts prompt and answer. */
  readonly max_target_length?: unknown;
  /** @deprecated No effect: prefine pads nothing. */
  readonly label_pad_token_id?: unknown;
  /** @deprecated No effect: prefine pads nothing. */
  readonly padding_value?: unknown;
  /** @deprecated Error: GPT-2 and its like have no encoder. */
  readonly is_encoder_decoder?: unknown;
  /** @deprecated No effect: no answers are generated while evaluating; run `prefine compare` on the result. */
  readonly generate_during_eval?: unknown;
  /**
   * @deprecated Error: adapters have no names here: start from one with adapter_name_or_path, whose frozen copy is the
   * reference.
   */
  readonly model_adapter_name?: unknown;
  /**
   * @deprecated Error: adapters have no names here: start from one with adapter_name_or_path, whose frozen copy is the
   * reference.
   */
  readonly ref_adapter_name?: unknown;
  /** @deprecated No effect: a ref_model that is given is always used. */
  readonly force_use_ref_model?: unknown;
  /** @deprecated No effect: the reference is loaded as the model is. */
  readonly ref_model_init_kwargs?: unknown;
  /** @deprecated Not built: a reference that finds all answers equally likely is not built. */
  readonly reference_free?: unknown;
  /** @deprecated No effect: the decoder is found from the model's config. */
  readonly base_model_attribute_name?: unknown;
  /** @deprecated No effect: logits are computed for answer tokens only. */
  readonly use_logits_to_keep?: unknown;
  /** @deprecated No effect: logits are computed for answer tokens only. */
  readonly use_num_logits_to_keep?: unknown;
  /** @deprecated No effect: logits are computed for answer tokens only. */
  readonly use_liger_loss?: unknown;
  /** @deprecated Error: tools of chat templates come with each row, in a column `tools`. */
  readonly tools?: unknown;
}

/** trl.DPOConfig: all options, checked and complete; frozen. */
export interface DPOConfig {
  /**
   * Passes over the training split.
   *
   * Default: `3`. Same as TRL.
   */
  readonly num_train_epochs: number;
  /**
   * Optimizer steps; above 0 it overrides num_train_epochs.
   *
   * Default: `-1`. Same as TRL.
   */
  readonly max_steps: number;
  /**
   * Pairs in a micro-batch.
   *
   * Default: `8`. Same as TRL.
   */
  readonly per_device_train_batch_size: number;
  /**
   * Micro-batches in an optimizer step.
   *
   * Default: `1`. Same as TRL.
   */
  readonly gradient_accumulation_steps: number;
  /**
   * Lower the batch size when memory runs out.
   *
   * Default: `false`. No effect: pairs run one at a time.
   */
  readonly auto_find_batch_size: boolean;
  /**
   * Count tokens over all devices.
   *
   * Default: `true`. No effect: there is one device.
   */
  readonly average_tokens_across_devices: boolean;
  /**
   * Peak learning rate.
   *
   * Default: `1e-6`. Same as TRL.
   */
  readonly learning_rate: number;
  /**
   * Schedule of the learning rate.
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
   * Arguments of the schedule, such as num_cycles.
   *
   * Default: `null`. Same as TRL.
   */
  readonly lr_scheduler_kwargs: Record<string, unknown> | null;
  /**
   * Steps of linear warm-up; below 1, a share of all steps.
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
   * Arguments of sgd (momentum, dampening, nesterov), rmsprop, adagrad: key=value,...
   *
   * Default: `null`. Differs from TRL: an argument that the optimizer does not read is an error.
   */
  readonly optim_args: string | null;
  /**
   * Layers for GaLore and APOLLO.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly optim_target_modules: string[] | null;
  /**
   * Decoupled weight decay; not on biases and norms.
   *
   * Default: `0`. Same as TRL.
   */
  readonly weight_decay: number;
  /**
   * AdamW's decay of the mean gradient.
   *
   * Default: `0.9`. Same as TRL.
   */
  readonly adam_beta1: number;
  /**
   * AdamW's decay of the mean squared gradient.
   *
   * Default: `0.999`. Same as TRL.
   */
  readonly adam_beta2: number;
  /**
   * AdamW's epsilon.
   *
   * Default: `1e-8`. Same as TRL.
   */
  readonly adam_epsilon: number;
  /**
   * Gradients are scaled down to this norm; 0: never.
   *
   * Default: `1`. Same as TRL.
   */
  readonly max_grad_norm: number;
  /**
   * Label smoothing of the cross entropy.
   *
   * Default: `0`. No effect: DPO has none (nor in TRL).
   */
  readonly label_smoothing_factor: number;
  /**
   * Noise on the embeddings in training (NEFTune).
   *
   * Default: `null`. Differs from TRL: the noise is drawn anew by a function of seed and step; a pair's answers share
   * that of their prompt, and the reference gets none, where TRL's with the adapter off does.
   */
  readonly neftune_noise_alpha: number | null;
  /**
   * Seed of the order, the adapter's start and dropout.
   *
   * Default: `42`. Same as TRL.
   */
  readonly seed: number;
  /**
   * Seed of the order alone; unset: seed.
   *
   * Default: `null`. Same as TRL.
   */
  readonly data_seed: number | null;
  /**
   * Order of the training rows.
   *
   * Default: `"random"`. Differs from TRL: group_by_length groups by packed tokens, drawn by seed and epoch;
   * evaluations keep their order. Not built: batch_rebalance.
   */
  readonly train_sampling_strategy: "random" | "sequential" | "group_by_length";
  /**
   * Column of lengths for group_by_length.
   *
   * Default: `"length"`. No effect: group_by_length counts the tokens of a pair itself.
   */
  readonly length_column_name: string;
  /**
   * Deterministic kernels.
   *
   * Default: `false`. No effect: runs are deterministic anyway.
   */
  readonly full_determinism: boolean;
  /**
   * Settings of accelerate: AcceleratorConfig.
   *
   * Default: `null`. Differs from TRL: a mapping; the path of a file is an error.
   */
  readonly accelerator_config: Record<string, unknown> | string | null;
  /**
   * Mixed precision of bfloat16.
   *
   * Default: `null`. Differs from TRL: prefine computes in float32.
   */
  readonly bf16: boolean | null;
  /**
   * Mixed precision of float16.
   *
   * Default: `false`. Differs from TRL: true is an error: there is no float16 on a CPU.
   */
  readonly fp16: false;
  /**
   * Evaluate in bfloat16.
   *
   * Default: `false`. No effect: prefine computes in float32.
   */
  readonly bf16_full_eval: boolean;
  /**
   * Evaluate in float16.
   *
   * Default: `false`. Differs from TRL: true is an error, as fp16.
   */
  readonly fp16_full_eval: false;
  /**
   * TF32 kernels of GPUs.
   *
   * Default: `null`. No effect: prefine computes in float32.
   */
  readonly tf32: boolean | null;
  /**
   * Compute layers again in the backward pass: less memory.
   *
   * Default: `null`. Differs from TRL: TRL's default is true; unset, it is on here only where memory would not suffice.
   * The numbers are the same.
   */
  readonly gradient_checkpointing: boolean | null;
  /**
   * Its arguments.
   *
   * Default: `null`. No effect: there is one way to compute again.
   */
  readonly gradient_checkpointing_kwargs: Record<string, unknown> | null;
  /**
   * New name of gradient_checkpointing.
   *
   * Default: `null`. Differs from TRL: as gradient_checkpointing; wins where both are set.
   */
  readonly activation_checkpointing: boolean | null;
  /**
   * Its arguments.
   *
   * Default: `null`. No effect: there is one way to compute again.
   */
  readonly activation_checkpointing_kwargs: Record<string, unknown> | null;
  /**
   * Compile the model.
   *
   * Default: `false`. No effect: prefine always compiles its graph.
   */
  readonly torch_compile: boolean;
  /**
   * Compiler.
   *
   * Default: `null`. No effect: prefine always compiles its graph.
   */
  readonly torch_compile_backend: string | null;
  /**
   * Mode of the compiler.
   *
   * Default: `null`. No effect: prefine always compiles its graph.
   */
  readonly torch_compile_mode: string | null;
  /**
   * Steps between cache clearings.
   *
   * Default: `null`. No effect: there is no such cache.
   */
  readonly torch_empty_cache_steps: number | null;
  /**
   * Triton kernels for GPUs.
   *
   * Default: `false`. No effect: prefine has kernels of its own.
   */
  readonly use_liger_kernel: boolean;
  /**
   * Which of them.
   *
   * Default: `null`. No effect: prefine has kernels of its own.
   */
  readonly liger_kernel_config: Record<string, unknown> | null;
  /**
   * KV cache while training.
   *
   * Default: `false`. No effect: a training step needs none.
   */
  readonly use_cache: boolean;
  /**
   * Train on the CPU.
   *
   * Default: `false`. No effect: prefine trains on the CPU anyway.
   */
  readonly use_cpu: boolean;
  /**
   * Strength of the pull towards the reference model.
   *
   * Default: `0.1`. Same as TRL.
   */
  readonly beta: number;
  /**
   * Loss, or several to add up.
   *
   * Default: `["sigmoid"]`. Differs from TRL: cdpo, dpop, simpo, orpo, cpo besides TRL's; simpo, orpo, cpo use no
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
   * Share of labels taken to be flipped (losses exo_pair, robust, aot, aot_unpaired, cdpo).
   *
   * Default: `0`. Same as TRL.
   */
  readonly label_smoothing: number;
  /**
   * Weight of the tokens beyond the shorter answer (LD-DPO).
   *
   * Default: `null`. Same as TRL.
   */
  readonly ld_alpha: number | null;
  /**
   * Divergence between policy and reference.
   *
   * Default: `"reverse_kl"`. Same as TRL.
   */
  readonly f_divergence_type: "reverse_kl" | "forward_kl" | "js_divergence" | "alpha_divergence";
  /**
   * Coefficient of alpha_divergence.
   *
   * Default: `0.5`. Same as TRL.
   */
  readonly f_alpha_divergence_coef: number;
  /**
   * Weight pairs by the policy's own probability (WPO).
   *
   * Default: `false`. Differs from TRL: works with hinge and sft too, where TRL 1.16 fails at the first step.
   */
  readonly use_weighting: boolean;
  /**
   * Temperature of discopop.
   *
   * Default: `0.05`. Same as TRL.
   */
  readonly discopop_tau: number;
  /**
   * Weight of a mixture-of-experts' balancing loss.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly router_aux_loss_coef: number | null;
  /**
   * What dpop holds against chosen answers that become less likely.
   *
   * Default: `50`. Prefine's own.
   */
  readonly dpop_lambda: number;
  /**
   * Margin that simpo asks for.
   *
   * Default: `0.5`. Prefine's own.
   */
  readonly simpo_gamma: number;
  /**
   * Weight of cpo's likelihood of chosen answers.
   *
   * Default: `1`. Prefine's own.
   */
  readonly cpo_alpha: number;
  /**
   * Score all pairs with the reference before training.
   *
   * Default: `false`. Same as TRL.
   */
  readonly precompute_ref_log_probs: boolean;
  /**
   * Pairs per batch while precomputing.
   *
   * Default: `null`. No effect: the reference scores one pair at a time.
   */
  readonly precompute_ref_batch_size: number | null;
  /**
   * Move the reference towards the policy now and then (TR-DPO).
   *
   * Default: `false`. Differs from TRL: works with adapters too, where TRL refuses: the weights of the reference
   * adapter are mixed.
   */
  readonly sync_ref_model: boolean;
  /**
   * Share of the policy in such a move.
   *
   * Default: `0.6`. Same as TRL.
   */
  readonly ref_model_mixup_alpha: number;
  /**
   * Steps between such moves.
   *
   * Default: `512`. Same as TRL.
   */
  readonly ref_model_sync_steps: number;
  /**
   * Folder that keeps what precompute_ref_log_probs computed; false: none.
   *
   * Default: `null`. Prefine's own.
   */
  readonly precompute_ref_cache: boolean | string | null;
  /**
   * Tokens of prompt and answer; longer ones are cut.
   *
   * Default: `1024`. Differs from TRL: a value above the model's positions is lowered to them, with a warning.
   */
  readonly max_length: number | null;
  /**
   * Which end of a too long pair is kept.
   *
   * Default: `"keep_start"`. Same as TRL.
   */
  readonly truncation_mode: "keep_end" | "keep_start";
  /**
   * Threads that prepare the data.
   *
   * Default: `null`. Same as TRL.
   */
  readonly dataset_num_proc: number | null;
  /**
   * Padding token; unset: the tokenizer's, else its end-of-text token.
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
   * Pad batches to a multiple of this.
   *
   * Default: `"auto"`. No effect: prefine never pads.
   */
  readonly pad_to_multiple_of: number | "auto" | null;
  /**
   * No dropout at all, neither the adapter's nor the model's.
   *
   * Default: `true`. Same as TRL.
   */
  readonly disable_dropout: boolean;
  /**
   * Arguments for loading the model.
   *
   * Default: `null`. Differs from TRL: revision and quantization_config count; dtype and the like change nothing;
   * others are not built yet.
   */
  readonly model_init_kwargs: Record<string, unknown> | null;
  /**
   * Run Python code from the model's repository.
   *
   * Default: `false`. No effect: prefine runs no Python.
   */
  readonly trust_remote_code: boolean;
  /**
   * Keep activations on the CPU.
   *
   * Default: `false`. No effect: they are there anyway.
   */
  readonly activation_offloading: boolean;
  /**
   * Cut prompts to their last tokens, before max_length.
   *
   * Default: `null`. Prefine's own: gone from TRL 1.0; prompts are cut to their last tokens, as it did.
   */
  readonly max_prompt_length: number | null;
  /**
   * Drop pairs whose chosen and rejected are equal or empty (TRL keeps them).
   *
   * Default: `false`. Prefine's own.
   */
  readonly drop_degenerate: boolean;
  /**
   * Replace the run that output_dir holds.
   *
   * Default: `false`. Prefine's own: gone from transformers 5; prefine keeps it: a run that output_dir holds is
   * replaced.
   */
  readonly overwrite_output_dir: boolean;
  /**
   * Folder of TensorBoard's events; unset: $TENSORBOARD_LOGGING_DIR, else output_dir/runs.
   *
   * Default: `null`. Prefine's own: gone from transformers 5; prefine keeps it.
   */
  readonly logging_dir: string | null;
  /**
   * When to log.
   *
   * Default: `"steps"`. Same as TRL.
   */
  readonly logging_strategy: "no" | "steps" | "epoch";
  /**
   * Steps between logs; below 1, a share of all steps.
   *
   * Default: `10`. Same as TRL.
   */
  readonly logging_steps: number;
  /**
   * Log the first step too.
   *
   * Default: `false`. Same as TRL.
   */
  readonly logging_first_step: boolean;
  /**
   * Hide non-finite losses in the log.
   *
   * Default: `true`. Differs from TRL: a non-finite loss stops the run.
   */
  readonly logging_nan_inf_filter: boolean;
  /**
   * Where else to log: none or tensorboard.
   *
   * Default: `["none"]`. Differs from TRL: tensorboard only; others get one line (all: tensorboard).
   */
  readonly report_to: readonly "tensorboard"[];
  /**
   * Print nothing but warnings while training.
   *
   * Default: `null`. Differs from TRL: true silences the log's lines too; the log is in trainer_state.json.
   */
  readonly disable_tqdm: boolean | null;
  /**
   * Log num_input_tokens_seen.
   *
   * Default: `"no"`. No effect: num_tokens is logged, as TRL always does.
   */
  readonly include_num_input_tokens_seen: "all" | "non_padding" | "no" | boolean;
  /**
   * Level of Python's logging.
   *
   * Default: `"passive"`. No effect: prefine has one level.
   */
  readonly log_level: "detail" | "debug" | "info" | "warning" | "error" | "critical" | "passive";
  /**
   * Level on replicas.
   *
   * Default: `"warning"`. No effect: prefine has one level.
   */
  readonly log_level_replica: "detail" | "debug" | "info" | "warning" | "error" | "critical" | "passive";
  /**
   * Log on each node.
   *
   * Default: `true`. No effect: there is one node.
   */
  readonly log_on_each_node: boolean;
  /**
   * Name of the run for trackers.
   *
   * Default: `null`. No effect: runs are named by their output_dir.
   */
  readonly run_name: string | null;
  /**
   * Project for Trackio.
   *
   * Default: `"huggingface"`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to
   * tensorboard, to event files.
   */
  readonly project: string;
  /**
   * Space for Trackio.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to tensorboard, to
   * event files.
   */
  readonly trackio_space_id: string | null;
  /**
   * Bucket for Trackio.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to tensorboard, to
   * event files.
   */
  readonly trackio_bucket_id: string | null;
  /**
   * Static Space for Trackio.
   *
   * Default: `null`. No effect: Trackio is not built; logs go to trainer_state.json and, with report_to tensorboard, to
   * event files.
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
   * Pairs in a batch of evaluation.
   *
   * Default: `8`. Same as TRL.
   */
  readonly per_device_eval_batch_size: number;
  /**
   * Return only the loss.
   *
   * Default: `false`. No effect: all metrics are logged.
   */
  readonly prediction_loss_only: boolean;
  /**
   * Batches before results move.
   *
   * Default: `null`. No effect: results stay small.
   */
  readonly eval_accumulation_steps: number | null;
  /**
   * Join results of batches.
   *
   * Default: `true`. No effect: results are a list of pairs.
   */
  readonly eval_do_concat_batches: boolean;
  /**
   * Gather objects of all devices.
   *
   * Default: `false`. No effect: there is one device.
   */
  readonly eval_use_gather_object: boolean;
  /**
   * What compute_metrics gets besides: loss, inputs.
   *
   * Default: `[]`. Same as TRL.
   */
  readonly include_for_metrics: string[];
  /**
   * Call compute_metrics for each batch, at last with compute_result true.
   *
   * Default: `false`. Same as TRL.
   */
  readonly batch_eval_metrics: boolean;
  /**
   * Names of the labels.
   *
   * Default: `null`. No effect: DPO has none.
   */
  readonly label_names: string[] | null;
  /**
   * Folder of the run; unset: trainer_output.
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
   * Steps between checkpoints; below 1, a share of all steps.
   *
   * Default: `500`. Same as TRL.
   */
  readonly save_steps: number;
  /**
   * Newest checkpoints to keep.
   *
   * Default: `null`. Same as TRL.
   */
  readonly save_total_limit: number | null;
  /**
   * Checkpoints without the optimizer, which can't be resumed.
   *
   * Default: `false`. Differs from TRL: ctrl-C saves one that can; resuming from others is refused (transformers starts
   * a new optimizer).
   */
  readonly save_only_model: boolean;
  /**
   * Go on from this checkpoint; true: the newest valid one of output_dir.
   *
   * Default: `null`. Same as TRL.
   */
  readonly resume_from_checkpoint: boolean | string | null;
  /**
   * Begin the epoch again when resuming, rather than go on within it.
   *
   * Default: `false`. Same as TRL.
   */
  readonly ignore_data_skip: boolean;
  /**
   * Give callbacks the settings of the checkpoint.
   *
   * Default: `false`. Differs from TRL: what callbacks have counted is restored in any case, so that resumed is
   * unbroken; true: their settings too.
   */
  readonly restore_callback_states_from_checkpoint: boolean;
  /**
   * End with the weights of the best checkpoint.
   *
   * Default: `false`. Same as TRL.
   */
  readonly load_best_model_at_end: boolean;
  /**
   * Metric of evaluations that says what is best.
   *
   * Default: `null`. Differs from TRL: of several evaluation sets, all metrics have the name
   * (eval_NAME_rewards/margins), not the loss alone.
   */
  readonly metric_for_best_model: string | null;
  /**
   * Whether more of it is better; unset: unless it ends with loss.
   *
   * Default: `null`. Same as TRL.
   */
  readonly greater_is_better: boolean | null;
  /**
   * Save on each node.
   *
   * Default: `false`. No effect: there is one node.
   */
  readonly save_on_each_node: boolean;
  /**
   * Save a checkpoint on SIGTERM.
   *
   * Default: `false`. No effect: ctrl-C saves one anyway.
   */
  readonly enable_jit_checkpoint: boolean;
  /**
   * Upload the model.
   *
   * Default: `false`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly push_to_hub: boolean;
  /**
   * Token for the upload.
   *
   * Default: `null`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_token: string | null;
  /**
   * Upload to a private repository.
   *
   * Default: `null`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_private_repo: boolean | null;
  /**
   * Repository to upload to.
   *
   * Default: `null`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_model_id: string | null;
  /**
   * When to upload.
   *
   * Default: `"every_save"`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_strategy: "end" | "every_save" | "checkpoint" | "all_checkpoints";
  /**
   * Upload while an upload runs.
   *
   * Default: `false`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_always_push: boolean;
  /**
   * Branch to upload to.
   *
   * Default: `null`. No effect: nothing is uploaded; upload the finished output_dir yourself.
   */
  readonly hub_revision: string | null;
  /**
   * Drop columns that training does not need; they never matter here.
   *
   * Default: `true`. Same as TRL.
   */
  readonly remove_unused_columns: boolean;
  /**
   * Drop the last, smaller batch of an epoch, and of an evaluation.
   *
   * Default: `false`. Same as TRL.
   */
  readonly dataloader_drop_last: boolean;
  /**
   * Processes that load data.
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
   * Keep these processes.
   *
   * Default: `false`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_persistent_workers: boolean;
  /**
   * Batches ahead.
   *
   * Default: `null`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_prefetch_factor: number | null;
  /**
   * How these processes start.
   *
   * Default: `null`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_multiprocessing_context: "fork" | "spawn" | "forkserver" | null;
  /**
   * Keep the order of batches.
   *
   * Default: `true`. No effect: pairs are prepared once, before training.
   */
  readonly dataloader_in_order: boolean;
  /**
   * DeepSpeed.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly deepspeed: Record<string, unknown> | string | null;
  /**
   * Fully sharded data parallel.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly fsdp: boolean | string | null;
  /**
   * Its settings.
   *
   * Default: `null`. Not built: only the default is taken.
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
   * Default: `-1`. No effect: prefine trains in one process.
   */
  readonly local_rank: number;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_find_unused_parameters: boolean | null;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_bucket_cap_mb: number | null;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_broadcast_buffers: boolean | null;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_static_graph: boolean | null;
  /**
   * Setting of DDP.
   *
   * Default: `null`. No effect: prefine trains in one process.
   */
  readonly ddp_backend: "nccl" | "gloo" | "mpi" | "xccl" | "hccl" | "cncl" | "mccl" | null;
  /**
   * Setting of DDP, seconds.
   *
   * Default: `1800`. No effect: prefine trains in one process.
   */
  readonly ddp_timeout: number;
  /**
   * For scripts.
   *
   * Default: `false`. No effect: TRL's script takes no notice of it either.
   */
  readonly do_train: boolean;
  /**
   * For scripts.
   *
   * Default: `false`. No effect: TRL's script takes no notice of it either.
   */
  readonly do_eval: boolean;
  /**
   * For scripts.
   *
   * Default: `false`. No effect: TRL's script takes no notice of it either.
   */
  readonly do_predict: boolean;
  /**
   * Debugging of PyTorch.
   *
   * Default: `[""]`. No effect: these are PyTorch's tools.
   */
  readonly debug: string[];
  /**
   * No memory in the metrics.
   *
   * Default: `true`. No effect: memory is not logged.
   */
  readonly skip_memory_metrics: boolean;
}
