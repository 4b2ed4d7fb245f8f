/** @file The method: the fields that trl.DPOConfig (TRL 1.16) adds to TrainingArguments, and prefine's own. */
import {
  above,
  atLeast,
  between,
  bool,
  either,
  float,
  int,
  json,
  listOf,
  nullable,
  oneOf,
  path,
  string,
} from "../kinds.ts";
import { differs, group, noEffect, notYet, own, same } from "../option.ts";
import { LOSS_NAMES, lossesWith, OWN_LOSS_NAMES } from "./lossTypes.ts";

const loss = group("Loss", {
  beta: same(atLeast(0, float), 0.1, "Strength of the pull towards the reference model.", {
    onResume: "fixed",
    common: true,
  }),
  loss_type: differs(listOf(oneOf(...LOSS_NAMES)), ["sigmoid"], "Loss, or several to add up.", {
    onResume: "fixed",
    common: true,
    note:
      `${OWN_LOSS_NAMES.join(", ")} besides TRL's; ` +
      `${lossesWith("referenceFree").join(", ")} use no reference model`,
  }),
  loss_weights: same(nullable(listOf(float)), null, "Weight of each loss in loss_type.", { onResume: "fixed" }),
  label_smoothing: same(
    between(0, 1, float),
    0,
    `Share of labels taken to be flipped (losses ${lossesWith("smoothing").join(", ")}).`,
    { onResume: "fixed" },
  ),
  ld_alpha: same(nullable(between(0, 1, float)), null, "Weight of the tokens beyond the shorter answer (LD-DPO).", {
    onResume: "fixed",
  }),
  f_divergence_type: same(
    oneOf("reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"),
    "reverse_kl",
    "Divergence between policy and reference.",
    { onResume: "fixed" },
  ),
  f_alpha_divergence_coef: same(float, 0.5, "Coefficient of alpha_divergence.", { onResume: "fixed" }),
  use_weighting: differs(bool, false, "Weight pairs by the policy's own probability (WPO).", {
    onResume: "fixed",
    note: "works with hinge and sft too, where TRL 1.16 fails at the first step",
  }),
  discopop_tau: same(above(0, float), 0.05, "Temperature of discopop.", { onResume: "fixed" }),
  router_aux_loss_coef: notYet(nullable(float), null, "Weight of a mixture-of-experts' balancing loss.", {
    ready: [0],
  }),
  ...own({
    dpop_lambda: same(atLeast(0, float), 50, "What dpop holds against chosen answers that become less likely.", {
      onResume: "fixed",
    }),
    simpo_gamma: same(float, 0.5, "Margin that simpo asks for.", { onResume: "fixed" }),
    cpo_alpha: same(atLeast(0, float), 1, "Weight of cpo's likelihood of chosen answers.", { onResume: "fixed" }),
  }),
});

const reference = group("Reference model", {
  precompute_ref_log_probs: same(bool, false, "Score all pairs with the reference before training.", {
    onResume: "free",
    common: true,
  }),
  precompute_ref_batch_size: noEffect(
    nullable(atLeast(1, int)),
    null,
    "Pairs per batch while precomputing.",
    "the reference scores one pair at a time",
  ),
  sync_ref_model: differs(bool, false, "Move the reference towards the policy now and then (TR-DPO).", {
    onResume: "fixed",
    note: "works with adapters too, where TRL refuses: the weights of the reference adapter are mixed",
  }),
  ref_model_mixup_alpha: same(between(0, 1, float), 0.6, "Share of the policy in such a move.", { onResume: "fixed" }),
  ref_model_sync_steps: same(atLeast(1, int), 512, "Steps between such moves.", { onResume: "fixed" }),
});

const referenceCache = group(
  "Reference model",
  own({
    precompute_ref_cache: same(
      nullable(either(bool, path)),
      null,
      "Folder that keeps what precompute_ref_log_probs computed; false: none.",
      { onResume: "free", common: true },
    ),
  }),
);

const pairs = group("Pairs", {
  max_length: differs(nullable(above(0, int)), 1024, "Tokens of prompt and answer; longer ones are cut.", {
    onResume: "fixed",
    common: true,
    note: "a value above the model's positions is lowered to them, with a warning",
  }),
  truncation_mode: same(oneOf("keep_end", "keep_start"), "keep_start", "Which end of a too long pair is kept.", {
    onResume: "fixed",
  }),
  dataset_num_proc: same(nullable(atLeast(1, int)), null, "Threads that prepare the data.", { onResume: "free" }),
  pad_token: same(nullable(string), null, "Padding token; unset: the tokenizer's, else its end-of-text token.", {
    onResume: "free",
  }),
  padding_free: noEffect(bool, false, "Batches without padding.", "prefine never pads (TRL falls back to padding)"),
  pad_to_multiple_of: noEffect(
    nullable(either(int, oneOf("auto"))),
    "auto",
    "Pad batches to a multiple of this.",
    "prefine never pads",
  ),
});

const model = group("Model", {
  disable_dropout: same(bool, true, "No dropout at all, neither the adapter's nor the model's.", {
    onResume: "fixed",
    common: true,
  }),
  model_init_kwargs: differs(nullable(json), null, "Arguments for loading the model.", {
    onResume: "free",
    note: "revision and quantization_config count; dtype and the like change nothing; others are not built yet",
  }),
  trust_remote_code: noEffect(bool, false, "Run Python code from the model's repository.", "prefine runs no Python"),
  activation_offloading: noEffect(bool, false, "Keep activations on the CPU.", "they are there anyway"),
});

const rows = group(
  "Data",
  own({
    max_prompt_length: same(nullable(above(0, int)), null, "Cut prompts to their last tokens, before max_length.", {
      onResume: "data",
      advice: "gone from TRL 1.0; prompts are cut to their last tokens, as it did",
    }),
    drop_degenerate: same(bool, false, "Drop pairs whose chosen and rejected are equal or empty (TRL keeps them).", {
      onResume: "data",
      common: true,
    }),
  }),
);

const folders = group(
  "Output",
  own({
    overwrite_output_dir: same(bool, false, "Replace the run that output_dir holds.", {
      onResume: "free",
      common: true,
      advice: "gone from transformers 5; prefine keeps it: a run that output_dir holds is replaced",
    }),
    logging_dir: same(
      nullable(path),
      null,
      "Folder of TensorBoard's events; unset: $TENSORBOARD_LOGGING_DIR, else output_dir/runs.",
      { onResume: "free", advice: "gone from transformers 5; prefine keeps it" },
    ),
  }),
);

/** DPOConfig's own fields, and those that prefine adds. */
export const DPO_OPTIONS = { ...loss, ...reference, ...referenceCache, ...pairs, ...model, ...rows, ...folders };
