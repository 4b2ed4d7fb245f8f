/** @file Keys and losses of trainers that the authors of a paper wrote for it: refused by name, with the reason. */
import { type RenamedTable, refused, refusedUnless } from "../renamed.ts";

const ALPHA = "is read by the trainer of alpha-DPO's authors (arXiv 2410.10148), whose loss is not built";
const SHIFT = "is read by the trainer of DPO-Shift's authors (arXiv 2502.07599), whose loss is not built";
const SSPO = "is read by the trainer of SSPO's authors, whose loss is not built";
const ACTIVE = "is read by the trainer of active queries (arXiv 2402.09401), whose selection of pairs is not built";

/** Key -> why it is refused. A value that leaves the trainer with a loss that prefine has is accepted. */
export const AUTHORS_NAMES = {
  trainer_type: refused(ALPHA, ["simpo"]),
  ln: refusedUnless("trainer_type", ["simpo"], ALPHA),
  alpha: refusedUnless("trainer_type", ["simpo"], `${ALPHA} (LoRA's alpha is lora_alpha)`, [0, "0.0"]),
  dpo_lambda: refused(SHIFT, [1, "1.0"]),
  dpo_lambda_strategy: refused(SHIFT, ["fixed"]),
  dpo_lambda_min: refusedUnless("dpo_lambda_strategy", ["fixed", undefined], SHIFT),
  dpo_lambda_max: refusedUnless("dpo_lambda_strategy", ["fixed", undefined], SHIFT),
  use_sspo: refused(SSPO, []),
  sspo_lambda_min: refusedUnless("use_sspo", [false, "no"], SSPO),
  sspo_lambda_max: refusedUnless("use_sspo", [false, "no"], SSPO),
  sspo_lambda_scheduler: refusedUnless("use_sspo", [false, "no"], SSPO),
  sspo_gamma: refusedUnless("use_sspo", [false, "no"], SSPO),
  data_selection: refused(ACTIVE, []),
  Gamma: refusedUnless("data_selection", [false, "no", undefined], ACTIVE),
  pseudo_label: refusedUnless("data_selection", [false, "no", undefined], ACTIVE),
  penalize_length_nll: refused("is read by the trainer of eva's authors (arXiv 2411.00062), and is not built", []),
} satisfies RenamedTable;

/** Name of a loss -> why it is refused. */
const AUTHORS_LOSSES: Readonly<Record<string, string>> = {
  "alpha-dpo": "the loss of alpha-DPO's authors (arXiv 2410.10148) is not built",
  rDPO: "the loss of alpha-DPO's authors is not built",
  kto: "KTO needs no pairs and is not built",
  kto_pair: "TRL has removed it; bco_pair and apo_zero are close to it",
  corr: "the loss of active queries (arXiv 2402.09401) is not built",
  sppo_single: "it reads the column chosen_probs alone and is not built; sppo reads chosen_probs_win and _lose",
  aot_pair: "it is aot now",
  dpo: "DPO's own loss is sigmoid",
  rso: "RSO's loss is hinge, on pairs drawn by rejection sampling",
  slic: "SLiC's loss is hinge",
  wpo: "WPO is use_weighting: true with loss_type sigmoid",
  spin: "SPIN's loss is sigmoid, with the answers of the policy before as rejected",
  tdpo: "token-level DPO (arXiv 2404.11999) is not built",
  rdpo: "R-DPO's penalty of lengths (arXiv 2403.19159) is not built; robust is robust DPO",
  odpo: "DPO with an offset (arXiv 2402.10571) is not built",
  betadpo: "beta-DPO (arXiv 2407.08639) is not built",
  "dpo-shift": "the loss of DPO-Shift's authors (arXiv 2502.07599) is not built",
  sspo: "the loss of SSPO's authors is not built",
  grpo: "it needs no pairs and is not built",
};

const plain = (name: string) => name.toLowerCase().replace(/_/g, "-");

/** The reason for refusing a value of loss_type; undefined: none is known. */
export function lossReason(value: unknown): string | undefined {
  for (const one of [value].flat().filter((name) => typeof name === "string")) {
    const known = Object.keys(AUTHORS_LOSSES).find((name) => plain(name) === plain(one));
    if (known !== undefined) return AUTHORS_LOSSES[known];
  }
  return undefined;
}
