/** @file The values of loss_type, and what each of them reads of the other options. */

interface LossTraits {
  /** Takes any f_divergence_type: reads the difference of two scores, where the divergence's constant cancels. */
  divergences?: true;
  /** Reads label_smoothing. */
  smoothing?: true;
  /** Sorts the batch, so that weights of pairs would meet other pairs. */
  sorts?: true;
  /** Divides by beta. */
  dividesByBeta?: true;
  /** Knows no reference model. */
  referenceFree?: true;
}

/** TRL's. */
const TRL_LOSSES = {
  sigmoid: { divergences: true },
  hinge: { divergences: true },
  ipo: { divergences: true, dividesByBeta: true },
  exo_pair: { divergences: true, smoothing: true },
  nca_pair: {},
  robust: { divergences: true, smoothing: true },
  bco_pair: {},
  sppo_hard: { dividesByBeta: true },
  aot: { sorts: true, smoothing: true },
  aot_unpaired: { sorts: true, smoothing: true },
  apo_zero: {},
  apo_down: {},
  discopop: { divergences: true },
  sft: { divergences: true },
  sigmoid_norm: { divergences: true },
} satisfies Record<string, LossTraits>;

/** Prefine's own. */
const OWN_LOSSES = {
  cdpo: { divergences: true, smoothing: true },
  dpop: {},
  simpo: { referenceFree: true },
  orpo: { referenceFree: true },
  cpo: { referenceFree: true },
} satisfies Record<string, LossTraits>;

const LOSSES = { ...TRL_LOSSES, ...OWN_LOSSES };
export type LossName = keyof typeof LOSSES;

export const LOSS_NAMES = Object.keys(LOSSES) as LossName[];
export const OWN_LOSS_NAMES = Object.keys(OWN_LOSSES) as LossName[];

export const lossTraits = (name: LossName): LossTraits => LOSSES[name];
/** The losses that have a trait. */
export const lossesWith = (trait: keyof LossTraits): LossName[] => LOSS_NAMES.filter((name) => lossTraits(name)[trait]);
