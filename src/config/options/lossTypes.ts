/**
 * @file The values of loss_type, and what each of them reads of the other options: the one place that says so, for the
 * checks of a config, the documentation, and the method itself (dpo/losses, where each has its formula).
 */

export interface LossTraits {
  /** What it is, and where from. */
  about: string;
  /** Takes any f_divergence_type: reads the difference of two scores, where the divergence's constant cancels. */
  divergences?: true;
  /** Reads label_smoothing. */
  smoothing?: true;
  /** Sorts the batch: pair by pair it would be something else, and weights of pairs would meet other pairs. */
  sorts?: true;
  /** Divides by beta. */
  dividesByBeta?: true;
  /**
   * Knows no reference model; then this is what beta is multiplied by in the logged rewards. (sft needs none either,
   * but TRL computes it there, for the rewards in the log.)
   */
  referenceFree?: "logps" | "averaged logps";
  /** Is ln 2 for a pair of which the policy prefers neither answer more than the reference does. */
  startsAtLn2?: true;
  /** Reads the columns chosen_probs_win and chosen_probs_lose: how often each answer wins. */
  winRates?: true;
  /** The option that this loss alone reads. */
  reads?: "discopop_tau" | "dpop_lambda" | "simpo_gamma" | "cpo_alpha";
}

/** TRL's. */
const TRL_LOSSES = {
  sigmoid: { about: "DPO (arXiv 2305.18290)", divergences: true, startsAtLn2: true },
  hinge: { about: "SLiC-HF's hinge on DPO's margin (arXiv 2305.10425, 2309.06657)", divergences: true },
  ipo: { about: "IPO (arXiv 2310.12036), on the margin per token", divergences: true, dividesByBeta: true },
  exo_pair: { about: "EXO for pairs (arXiv 2402.00856)", divergences: true, smoothing: true },
  nca_pair: { about: "noise contrastive alignment for pairs (arXiv 2402.05369)" },
  robust: { about: "robust DPO (arXiv 2403.00409)", divergences: true, smoothing: true, startsAtLn2: true },
  bco_pair: { about: "binary classifier optimization on pairs (arXiv 2404.04656)" },
  sppo_hard: {
    about: "self-play preference optimization with hard labels (arXiv 2405.00675)",
    dividesByBeta: true,
  },
  aot: {
    about: "alignment via optimal transport, paired (arXiv 2406.05882)",
    sorts: true,
    smoothing: true,
    startsAtLn2: true,
  },
  aot_unpaired: {
    about: "alignment via optimal transport, unpaired (arXiv 2406.05882)",
    sorts: true,
    smoothing: true,
    startsAtLn2: true,
  },
  apo_zero: { about: "anchored preference optimization, for answers better than the model (arXiv 2408.06266)" },
  apo_down: { about: "anchored preference optimization, for answers worse than the model (arXiv 2408.06266)" },
  discopop: {
    about: "discovered preference optimization (arXiv 2406.08414)",
    divergences: true,
    reads: "discopop_tau",
  },
  sft: { about: "negative log-likelihood of chosen answers, for MPO (arXiv 2411.10442)", divergences: true },
  sigmoid_norm: { about: "DPO on the margin per token (arXiv 2411.15124)", divergences: true, startsAtLn2: true },
} satisfies Record<string, LossTraits>;

/** Prefine's own. */
const OWN_LOSSES = {
  sppo: {
    about: "self-play preference optimization with the rate at which each answer wins (arXiv 2405.00675)",
    dividesByBeta: true,
    winRates: true,
  },
  cdpo: {
    about: "conservative DPO: sigmoid with smoothed labels (ericmitchell.ai/cdpo.pdf)",
    divergences: true,
    smoothing: true,
    startsAtLn2: true,
  },
  dpop: {
    about: "DPO-Positive: a penalty on chosen answers whose likelihood drops (arXiv 2402.13228)",
    startsAtLn2: true,
    reads: "dpop_lambda",
  },
  simpo: { about: "SimPO (arXiv 2405.14734)", referenceFree: "averaged logps", reads: "simpo_gamma" },
  orpo: {
    about: "odds ratio preference optimization; beta is its lambda (arXiv 2403.07691)",
    referenceFree: "averaged logps",
  },
  cpo: {
    about: "contrastive preference optimization (arXiv 2401.08417)",
    referenceFree: "logps",
    reads: "cpo_alpha",
  },
} satisfies Record<string, LossTraits>;

const LOSSES = { ...TRL_LOSSES, ...OWN_LOSSES };
export type LossName = keyof typeof LOSSES;

export const LOSS_NAMES = Object.keys(LOSSES) as LossName[];
export const OWN_LOSS_NAMES = Object.keys(OWN_LOSSES) as LossName[];

export const lossTraits = (name: LossName): LossTraits => LOSSES[name];
/** The losses that have a trait. */
export const lossesWith = (trait: Exclude<keyof LossTraits, "about">): LossName[] =>
  LOSS_NAMES.filter((name) => lossTraits(name)[trait]);
