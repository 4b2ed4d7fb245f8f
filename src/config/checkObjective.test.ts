/** @file Combinations of losses and options: errors where TRL fails, advice where it silently ignores an option. */
import { expect, test } from "vitest";
import { PrefineError } from "../errors.ts";
import { adviceOf, DPOConfig, type DPOConfigInput } from "./DPOConfig.ts";
import { LOSS_NAMES, lossesWith, OWN_LOSS_NAMES } from "./options/lossTypes.ts";

/** The lines of the error, without its heading. */
function problemsOf(input: DPOConfigInput): string[] {
  try {
    DPOConfig(input);
  } catch (error) {
    if (error instanceof PrefineError) return error.message.replace(/^DPOConfig:\s+/, "").split("\n  ");
    throw error;
  }
  return [];
}
const adviceFor = (input: DPOConfigInput) => adviceOf(DPOConfig({ bf16: false, ...input }));

test("every loss is accepted alone, with its label_smoothing", () => {
  for (const loss of LOSS_NAMES) expect(problemsOf({ loss_type: loss, label_smoothing: 0.1 }), loss).toEqual([]);
});

test("divergences go with losses of the difference of scores", () => {
  const withDivergence = (loss: (typeof LOSS_NAMES)[number]) =>
    problemsOf({ loss_type: ["sigmoid", loss], f_divergence_type: "forward_kl", label_smoothing: 0.1 });
  const accepted = LOSS_NAMES.filter((loss) => withDivergence(loss).length === 0);
  expect(accepted).toEqual(lossesWith("divergences"));
  const trl = ["sigmoid", "hinge", "ipo", "exo_pair", "robust", "discopop", "sft", "sigmoid_norm"]; // DPOTrainer, 1.16
  expect(accepted.filter((loss) => !OWN_LOSS_NAMES.includes(loss))).toEqual(trl);
  expect(withDivergence("bco_pair")).toEqual([
    'f_divergence_type: expected reverse_kl with loss_type bco_pair, found "forward_kl"; ' +
      `other divergences go with ${lossesWith("divergences").join(", ")}`,
  ]);
});

test("all problems are reported together", () => {
  const problems = problemsOf({
    loss_type: ["aot", "exo_pair", "ipo"],
    loss_weights: [1, 2],
    f_divergence_type: "js_divergence",
    use_weighting: true,
    beta: 0,
  });
  expect(problems.map((line) => line.split(", found")[0])).toEqual([
    'loss_weights: expected 3 weights for ["aot","exo_pair","ipo"]',
    "f_divergence_type: expected reverse_kl with loss_type aot",
    "use_weighting: expected false with loss_type aot",
    "label_smoothing: expected more than 0 with loss_type exo_pair",
    "beta: expected a number above 0 with loss_type ipo",
  ]);
  expect(problemsOf({ loss_type: [] })).toEqual(["loss_type: expected at least one loss, found none"]);
  expect(problemsOf({ loss_type: "sigmod" as "sigmoid" })[0]).toMatch(/did you mean sigmoid\?/);
});

test("one line where label_smoothing is not read, and where robust means another range", () => {
  expect(adviceFor({ label_smoothing: 0.1 })).toEqual([
    "label_smoothing: no effect on loss_type sigmoid, as in TRL; " +
      "loss_type cdpo is sigmoid with smoothed labels (conservative DPO)",
  ]);
  expect(adviceFor({ label_smoothing: 0.1, loss_type: ["hinge", "aot"] })).toEqual([
    "label_smoothing: no effect on loss_type hinge, as in TRL",
  ]);
  expect(adviceFor({ label_smoothing: 0.1, loss_type: ["cdpo", "robust", "aot", "exo_pair"] })).toEqual([]);
  expect(adviceFor({ label_smoothing: 0.1, loss_type: ["cdpo", "sft"], loss_weights: [1, 0.5] })).toEqual([]);
  expect(adviceFor({ label_smoothing: 0.1, loss_type: "sft" })).toEqual([
    "label_smoothing: no effect on loss_type sft, as in TRL",
  ]);
  expect(adviceFor({ label_smoothing: 0.7, loss_type: "robust" })).toEqual([
    "label_smoothing: expected from 0 to below 0.5 with loss_type robust, found 0.7",
  ]);
});

test("one line for options that no chosen loss reads", () => {
  const options = { discopop_tau: 0.1, dpop_lambda: 5, simpo_gamma: 1, cpo_alpha: 0, f_alpha_divergence_coef: 0.3 };
  expect(adviceFor(options).map((line) => line.split(":")[0])).toEqual(Object.keys(options));
  const losses = ["discopop", "dpop", "simpo", "cpo"] as const;
  expect(adviceFor({ ...options, f_alpha_divergence_coef: 0.5, loss_type: losses })).toEqual([]);
  expect(adviceFor({ f_alpha_divergence_coef: 0.3, f_divergence_type: "alpha_divergence" })).toEqual([]);
});

test("losses without a reference do not go with one", () => {
  expect(adviceFor({ loss_type: "simpo", precompute_ref_log_probs: true })).toEqual([
    "precompute_ref_log_probs: no effect: loss_type simpo uses no reference model",
  ]);
  expect(adviceFor({ loss_type: ["simpo", "sigmoid"], precompute_ref_log_probs: true })).toEqual([]);
});

test("rpo_alpha of older TRL is the sft loss with that weight", () => {
  const config = DPOConfig({ bf16: false, loss_type: "ipo", rpo_alpha: 0.5 });
  expect(config).toMatchObject({ loss_type: ["ipo", "sft"], loss_weights: [1, 0.5] });
  expect(adviceOf(config)).toEqual(["rpo_alpha: is loss_type [sigmoid, sft] with loss_weights [1, rpo_alpha] now"]);
  expect(DPOConfig({ rpo_alpha: null })).toMatchObject({ loss_type: ["sigmoid"], loss_weights: null });
  expect(problemsOf({ rpo_alpha: "much" })[0]).toMatch(/^rpo_alpha: found "much"; is loss_type/);
  expect(problemsOf({ rpo_alpha: 1, loss_weights: [1] })[0]).toMatch(/^rpo_alpha: found 1; is loss_type/);
});
