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
  type Kind,
  listOf,
  nullable,
  oneOf,
  path,
  string,
} from "../kinds.ts";
import { differs, group, noEffect, notYet, own, same } from "../option.ts";
import { lossReason } from "./authorsNames.ts";
import { LOSS_NAMES, lossesWith, OWN_LOSS_NAMES } from "./lossTypes.ts";

/** -1 is TRL 0.28's word for unset. */
const promptLength: Kind<number | null> = {
  ...nullable(above(0, int)),
  read: (value) => (int.read(value) === -1 ? null : nullable(above(0, int)).read(value)),
};

const loss = group("Loss", {
  beta: same(atLeast(0, float), 0.1, "Strength of the KL penalty: higher values stay closer to the reference model.", {
    onResume: "fixed",
    common: true,
  }),
  loss_type: differs(listOf(oneOf(...LOSS_NAMES)), ["sigmoid"], "Loss type, or several to combine with loss_weights.", {
    onResume: "fixed",
    common: true,
    whenWrong: lossReason,
    note:
      `${OWN_LOSS_NAMES.join(", ")} besides TRL's; ` +
      `${lossesWith("referenceFree").join(", ")} use no reference model`,
  }),
  loss_weights: same(nullable(listOf(float)), null, "Weight of each loss in loss_type.", { onResume: "fixed" }),
  label_smoothing: same(
    between(0, 1, float),
    0,
    `Label smoothing: assumed fraction of flipped labels (losses ${lossesWith("smoothing").join(", ")}).`,
    { onResume: "fixed" },
  ),
  ld_alpha: same(
    nullable(between(0, 1, float)),
    null,
    "LD-DPO: weight of the tokens beyond the length of the shorter answer.",
    {
      onResume: "fixed",
    },
  ),
  f_divergence_type: same(
    oneOf("reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"),
    "reverse_kl",
    "Divergence between policy and reference (f-DPO).",
    { onResume: "fixed" },
  ),
  f_alpha_divergence_coef: same(float, 0.5, "Alpha of alpha_divergence.", { onResume: "fixed" }),
  use_weighting: differs(bool, false, "WPO: weight pairs by their probability under the policy.", {
    onResume: "fixed",
    note: "also works with hinge and sft, where TRL 1.16 fails at the first step",
  }),
  discopop_tau: same(above(0, float), 0.05, "DiscoPOP temperature.", { onResume: "fixed" }),
  router_aux_loss_coef: notYet(
    nullable(float),
    null,
    "Weight of the router's load-balancing loss (mixture of experts).",
    {
      ready: [0],
    },
  ),
  ...own({
    dpop_lambda: same(
      atLeast(0, float),
      50,
      "Penalty weight on chosen answers whose likelihood drops (DPO-Positive).",
      {
        onResume: "fixed",
      },
    ),
    simpo_gamma: same(float, 0.5, "Target reward margin of SimPO.", { onResume: "fixed" }),
    cpo_alpha: same(atLeast(0, float), 1, "Weight of the negative log-likelihood term of CPO.", { onResume: "fixed" }),
  }),
});

const reference = group("Reference model", {
  precompute_ref_log_probs: same(bool, false, "Compute all reference log-probabilities before training.", {
    onResume: "free",
    common: true,
  }),
  precompute_ref_batch_size: noEffect(
    nullable(atLeast(1, int)),
    null,
    "Batch size while precomputing.",
    "the reference computes one pair at a time",
  ),
  sync_ref_model: differs(
    bool,
    false,
    "TR-DPO: update the reference model with the policy every ref_model_sync_steps.",
    {
      onResume: "fixed",
      note: "also works with adapters, where TRL refuses: it mixes the weights of the reference adapter",
    },
  ),
  ref_model_mixup_alpha: same(
    between(0, 1, float),
    0.6,
    "TR-DPO: weight of the policy in each update of the reference.",
    { onResume: "fixed" },
  ),
  ref_model_sync_steps: same(atLeast(1, int), 512, "TR-DPO: steps between updates of the reference.", {
    onResume: "fixed",
  }),
});

const referenceCache = group(
  "Reference model",
  own({
    precompute_ref_cache: same(
      nullable(either(bool, path)),
      null,
      "Cache folder for precomputed reference log-probabilities; false: no cache.",
      { onResume: "free", common: true },
    ),
  }),
);

const pairs = group("Pairs", {
  max_length: differs(
    nullable(above(0, int)),
    1024,
    "Maximum tokens of prompt and answer; longer sequences are truncated.",
    {
      onResume: "fixed",
      common: true,
      note: "a value above the model's context length is lowered to it, with a warning",
    },
  ),
  truncation_mode: same(
    oneOf("keep_end", "keep_start"),
    "keep_start",
    "Which end of a sequence to keep when truncating.",
    {
      onResume: "fixed",
    },
  ),
  dataset_num_proc: same(nullable(atLeast(1, int)), null, "Number of threads for data preparation.", {
    onResume: "free",
  }),
  pad_token: same(nullable(string), null, "Padding token; unset: the tokenizer's, else its end-of-sequence token.", {
    onResume: "free",
  }),
  padding_free: noEffect(bool, false, "Batches without padding.", "prefine never pads (TRL falls back to padding)"),
  pad_to_multiple_of: noEffect(
    nullable(either(int, oneOf("auto"))),
    "auto",
    "Pad batches to a multiple of this length.",
    "prefine never pads",
  ),
});

const model = group("Model", {
  disable_dropout: same(bool, true, "Disable all dropout, in the model and in the adapter.", {
    onResume: "fixed",
    common: true,
  }),
  model_init_kwargs: differs(nullable(json), null, "Arguments of from_pretrained for the model.", {
    onResume: "free",
    note: "revision and quantization_config work; dtype and the like change nothing; others are not built",
  }),
  trust_remote_code: noEffect(bool, false, "Run Python code from the model's repository.", "prefine runs no Python"),
  activation_offloading: noEffect(bool, false, "Offload activations to the CPU.", "activations are always on the CPU"),
});

const rows = group(
  "Data",
  own({
    max_prompt_length: same(promptLength, null, "Truncate prompts to their last tokens, before max_length.", {
      onResume: "data",
      advice: "removed in TRL 1.0; prefine truncates prompts to their last tokens, as TRL did",
    }),
    token_cache: same(
      nullable(either(bool, path)),
      null,
      "Cache folder for the tokens of large datasets; false: no cache.",
      { onResume: "free", common: true },
    ),
    drop_degenerate: same(bool, false, "Drop pairs whose answers are equal or empty (TRL keeps them).", {
      onResume: "data",
      common: true,
    }),
  }),
);

const folders = group(
  "Output",
  own({
    overwrite_output_dir: same(bool, false, "Replace the run in output_dir.", {
      onResume: "free",
      common: true,
      advice: "removed in transformers 5; in prefine it replaces the run in output_dir",
    }),
    logging_dir: same(
      nullable(path),
      null,
      "Folder for TensorBoard events; unset: $TENSORBOARD_LOGGING_DIR, else output_dir/runs.",
      { onResume: "free", advice: "removed in transformers 5; still works in prefine" },
    ),
  }),
);

/** DPOConfig's own fields, and those that prefine adds. */
export const DPO_OPTIONS = { ...loss, ...reference, ...referenceCache, ...pairs, ...model, ...rows, ...folders };
