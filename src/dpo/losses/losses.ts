/** @file All losses, keyed by TRL's loss_type; the last five are prefine's own names for what TRL's DPO lacks. */
import type { RewardKind } from "../learner.ts";
import type { PairLoss } from "./inputs.ts";
import {
  cdpoLoss,
  discopopLoss,
  dpopLoss,
  exoPairLoss,
  hingeLoss,
  ipoLoss,
  robustLoss,
  sigmoidLoss,
  sigmoidNormLoss,
} from "./marginLosses.ts";
import { apoDownLoss, apoZeroLoss, bcoPairLoss, ncaPairLoss, sppoHardLoss } from "./pointwiseLosses.ts";
import { cpoLoss, orpoLoss, sftLoss, simpoLoss } from "./referenceFreeLosses.ts";
import { aotLoss, aotUnpairedLoss } from "./transportLosses.ts";

export const losses = {
  sigmoid: sigmoidLoss,
  hinge: hingeLoss,
  ipo: ipoLoss,
  exo_pair: exoPairLoss,
  nca_pair: ncaPairLoss,
  robust: robustLoss,
  bco_pair: bcoPairLoss,
  sppo_hard: sppoHardLoss,
  aot: aotLoss,
  aot_unpaired: aotUnpairedLoss,
  apo_zero: apoZeroLoss,
  apo_down: apoDownLoss,
  discopop: discopopLoss,
  sft: sftLoss,
  sigmoid_norm: sigmoidNormLoss,
  cdpo: cdpoLoss,
  dpop: dpopLoss,
  simpo: simpoLoss,
  orpo: orpoLoss,
  cpo: cpoLoss,
} satisfies Record<string, PairLoss>;

export type LossType = keyof typeof losses;

/** Losses that mix the pairs of a batch: pair by pair they would be something else. */
const OF_THE_BATCH: ReadonlySet<LossType> = new Set(["aot", "aot_unpaired"]);
/** Losses without a reference model. (sft needs none either; TRL computes it there, for the rewards in the log.) */
const WITHOUT_REFERENCE: ReadonlySet<LossType> = new Set(["simpo", "orpo", "cpo"]);

export const needsWholeBatch = (types: readonly LossType[]) => types.some((type) => OF_THE_BATCH.has(type));
export const needsReference = (types: readonly LossType[]) => types.some((type) => !WITHOUT_REFERENCE.has(type));

/** Of several losses without a reference, the first decides. */
export function rewardKind(types: readonly LossType[]): RewardKind {
  if (needsReference(types)) return "logratios";
  return types[0] === "cpo" ? "logps" : "averaged logps";
}
