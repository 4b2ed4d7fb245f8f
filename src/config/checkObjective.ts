/** @file Checks combinations of losses and their options: an error where TRL fails, advice where it warns. */

import { show } from "../errors.ts";
import { counted } from "../phrases.ts";
import type { Values } from "./option.ts";
import { DPO_OPTIONS } from "./options/dpo.ts";
import { LOSS_NAMES, type LossName, lossesWith, lossTraits } from "./options/lossTypes.ts";
import type { Report } from "./report.ts";

type ObjectiveValues = Values<typeof DPO_OPTIONS>;
type Check = (values: ObjectiveValues, label: (key: keyof ObjectiveValues) => string, report: Report) => void;

/** Runs all checks, so that all problems are reported together. */
export const checkObjective: Check = (values, label, report) => {
  for (const check of [checkWeights, checkDivergence, checkWeighting, checkSmoothing, checkBeta, checkReferenceFree])
    check(values, label, report);
  adviseUnused(values, label, report);
};

const list = (names: readonly string[]) => names.join(", ");

const checkWeights: Check = ({ loss_type: types, loss_weights: weights }, label, report) => {
  if (types.length === 0) report.problem(label("loss_type"), "expected at least one loss, found none");
  if (weights && weights.length !== types.length) {
    const message = `expected ${counted(types.length, "weight")} for ${show(types)}, found ${weights.length}`;
    report.problem(label("loss_weights"), message);
  }
};

const checkDivergence: Check = ({ loss_type: types, f_divergence_type: divergence }, label, report) => {
  const unsupported = types.filter((type) => !lossTraits(type).divergences);
  if (divergence === "reverse_kl" || unsupported.length === 0) return;
  report.problem(
    label("f_divergence_type"),
    `expected reverse_kl with loss_type ${list(unsupported)}, found ${show(divergence)}; ` +
      `other divergences go with ${list(lossesWith("divergences"))}`,
  );
};

const checkWeighting: Check = ({ loss_type: types, use_weighting }, label, report) => {
  const unsupported = types.filter((type) => lossTraits(type).sorts);
  if (!use_weighting || unsupported.length === 0) return;
  const reason = "these losses sort the batch, so weights would apply to the wrong pairs";
  report.problem(label("use_weighting"), `expected false with loss_type ${list(unsupported)}, found true; ${reason}`);
};

const checkSmoothing: Check = ({ loss_type: types, label_smoothing: smoothing }, label, report) => {
  const has = (type: LossName) => types.includes(type);
  if (has("exo_pair") && smoothing === 0) {
    const hint = "the paper recommends 1e-3";
    report.problem(label("label_smoothing"), `expected more than 0 with loss_type exo_pair, found 0; ${hint}`);
  }
  if (has("robust") && smoothing >= 0.5) {
    report.advise(label("label_smoothing"), `expected from 0 to below 0.5 with loss_type robust, found ${smoothing}`);
  }
  const isAdded = types.length > 1; // sft beside another loss is a term of its own: it has no labels to smooth
  const unaffected = types.filter((type) => !lossTraits(type).smoothing && !(isAdded && type === "sft"));
  if (smoothing === 0 || unaffected.length === 0) return;
  const instead = has("sigmoid") ? "; loss_type cdpo is sigmoid with smoothed labels (conservative DPO)" : "";
  report.advise(label("label_smoothing"), `no effect on loss_type ${list(unaffected)}, as in TRL${instead}`);
};

const checkBeta: Check = ({ loss_type: types, beta }, label, report) => {
  const dividing = types.filter((type) => lossTraits(type).dividesByBeta);
  if (beta > 0 || dividing.length === 0) return;
  report.problem(label("beta"), `expected a number above 0 with loss_type ${list(dividing)}, found ${beta}`);
};

const checkReferenceFree: Check = (values, label, report) => {
  const { loss_type: types, sync_ref_model, precompute_ref_log_probs } = values;
  if (types.length === 0 || !types.every((type) => lossTraits(type).referenceFree)) return;
  const reason = `loss_type ${list(types)} uses no reference model`;
  if (sync_ref_model) report.problem(label("sync_ref_model"), `expected false, found true; ${reason}`);
  if (precompute_ref_log_probs) report.advise(label("precompute_ref_log_probs"), `no effect: ${reason}`);
};

/** Advises about options that only other losses or divergences use. */
const adviseUnused: Check = (values, label, report) => {
  for (const type of LOSS_NAMES) {
    const { reads: name } = lossTraits(type);
    if (name && values[name] !== DPO_OPTIONS[name].default && !values.loss_type.includes(type))
      report.advise(label(name), `no effect: only used by loss_type ${type}`);
  }
  if (values.f_alpha_divergence_coef !== 0.5 && values.f_divergence_type !== "alpha_divergence")
    report.advise(label("f_alpha_divergence_coef"), "no effect: only used by f_divergence_type alpha_divergence");
};
