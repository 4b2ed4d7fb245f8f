/**
 * @file The formulas of all losses, by TRL's loss_type, then by prefine's own names for losses that TRL's DPO does not
 * have, in the order of config/options/lossTypes.ts, which has their other traits.
 */
import { type LossName, lossTraits } from "../../config/options/lossTypes.ts";
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
import { apoDownLoss, apoZeroLoss, bcoPairLoss, ncaPairLoss, sppoHardLoss, sppoLoss } from "./pointwiseLosses.ts";
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
  sppo: sppoLoss,
  cdpo: cdpoLoss,
  dpop: dpopLoss,
  simpo: simpoLoss,
  orpo: orpoLoss,
  cpo: cpoLoss,
} satisfies Record<LossName, PairLoss>;

export const needsWholeBatch = (types: readonly LossName[]) => types.some((type) => lossTraits(type).sorts);
export const needsReference = (types: readonly LossName[]) => types.some((type) => !lossTraits(type).referenceFree);
export const needsWinRates = (types: readonly LossName[]) => types.some((type) => lossTraits(type).winRates);

/** With several losses and no reference, the first decides. */
export function rewardKind(types: readonly LossName[]): RewardKind {
  return needsReference(types) ? "logratios" : (lossTraits(types[0]).referenceFree ?? "logratios");
}
