/**
 * @file Keys that name a loss together: rpo with rpo_alpha (TRL before 1.0), gamma_beta_ratio and sft_weight (SimPO's
 * own trainer). They are translated once file and flags are merged, since one may be in the file and one a flag.
 */
import { show } from "../errors.ts";
import { float } from "./kinds.ts";
import { LOSS_NAMES } from "./options/lossTypes.ts";
import { RENAMED_DPO_NAMES } from "./options/renamedNames.ts";
import type { GivenValues } from "./readOptions.ts";
import type { Given, Report } from "./report.ts";

/** beta of SimPO's trainer where the file has none; TRL's 0.1 would make the margin next to nothing. */
const SIMPO_BETA = 2;

/** Replaces the keys by loss_type, loss_weights and simpo_gamma; problems and advice go to `report`. */
export function resolveLosses(given: GivenValues, report: Report): GivenValues {
  const current = new Map(given);
  const take = (key: string): Given | undefined => {
    const entry = current.get(key);
    current.delete(key);
    return entry === undefined || /^(null|none|false)$/i.test(String(entry.value)) ? undefined : entry;
  };
  const [ratio, sft, alpha] = ["gamma_beta_ratio", "sft_weight", "rpo_alpha"].map(take);
  if (ratio) readSimpo(ratio, current, report);
  if (sft) readSftWeight(sft, current, report);
  if (lossesOf(current).includes("rpo")) readRpo(alpha, current, report);
  else if (alpha) readAlpha(alpha, current, report);
  return current;
}

const lossesOf = (given: GivenValues): unknown[] => [given.get("loss_type")?.value ?? "sigmoid"].flat();

/** SimPO's loss is -log sigmoid(beta (margin per token - gamma_beta_ratio)): simpo_gamma is their product. */
function readSimpo(ratio: Given, given: GivenValues, report: Report): void {
  const value = float.read(ratio.value);
  const problem = simpoProblem(ratio, given);
  if (problem !== undefined) report.problem(ratio.label, problem);
  if (problem !== undefined || value === undefined || !isSimpo(given)) return; // another loss is a problem of its own
  const written = given.get("beta")?.value ?? null;
  const beta = written === null ? SIMPO_BETA : float.read(written);
  if (written === null) given.set("beta", { value: SIMPO_BETA, label: ratio.label });
  const product = Number(((beta ?? 0) * value).toPrecision(15));
  given.set("loss_type", { value: "simpo", label: given.get("loss_type")?.label ?? ratio.label });
  given.set("simpo_gamma", { value: product, label: ratio.label });
  const whose = written === null ? `SimPO's default beta ${SIMPO_BETA}` : `beta ${beta}`;
  report.advise(ratio.label, `the loss is simpo, with simpo_gamma ${product} (${value} x ${whose})`);
}

const isSimpo = (given: GivenValues) => ["sigmoid", "simpo"].includes(lossesOf(given).join());

function simpoProblem({ value }: Given, given: GivenValues): string | undefined {
  const losses = lossesOf(given);
  if (float.read(value) === undefined) return `expected a number, SimPO's gamma / beta, found ${show(value)}`;
  if (losses.join() === "hinge") return "expected loss_type sigmoid or simpo with it: SimPO's hinge is not built";
  if (!isSimpo(given)) {
    const isKnown = losses.every((name) => LOSS_NAMES.some((known) => known === name));
    return isKnown ? `expected loss_type simpo (or none) with it, found ${losses.join(", ")}` : undefined;
  }
  const gamma = given.get("simpo_gamma");
  if ((gamma?.value ?? null) === null) return undefined;
  return `expected one of it and ${gamma?.label}, which is gamma_beta_ratio x beta`;
}

/** SimPO's trainer adds the mean negative log-likelihood of all chosen tokens, as TRL's sft. */
function readSftWeight(weight: Given, given: GivenValues, report: Report): void {
  const value = float.read(weight.value);
  if (value === 0) return;
  if (value === undefined || value < 0) {
    report.problem(weight.label, `expected a number of at least 0, found ${show(weight.value)}`);
  } else if (lossesOf(given).join() !== "simpo") {
    report.problem(weight.label, "expected gamma_beta_ratio (SimPO) with it; or list sft in loss_type");
  } else {
    addSft(weight, value, given);
    report.advise(weight.label, `loss_type is [simpo, sft], with loss_weights [1, ${value}]`);
  }
}

/** TRL's RPO (arXiv 2404.19733): sigmoid plus rpo_alpha times the likelihood of the chosen answers, per token. */
function readRpo(alpha: Given | undefined, given: GivenValues, report: Report): void {
  const loss = given.get("loss_type") as Given;
  given.set("loss_type", { ...loss, value: lossesOf(given).map((name) => (name === "rpo" ? "sigmoid" : name)) });
  if (alpha) readAlpha(alpha, given, report);
  else {
    const meaning = "rpo is sigmoid + rpo_alpha x sft, the likelihood of the chosen answers per token";
    report.problem(loss.label, `rpo needs rpo_alpha, found none: ${meaning} (the paper has rpo_alpha: 1)`);
  }
}

function readAlpha(alpha: Given, given: GivenValues, report: Report): void {
  const { advice } = RENAMED_DPO_NAMES.rpo_alpha;
  const value = float.read(alpha.value);
  if (value === undefined || given.has("loss_weights")) {
    report.problem(alpha.label, `found ${show(alpha.value)}; ${advice}`);
    return;
  }
  addSft(alpha, value, given);
  report.advise(alpha.label, advice);
}

function addSft({ label }: Given, weight: number, given: GivenValues): void {
  const losses = lossesOf(given);
  given.set("loss_type", { label, value: [...losses, "sft"] });
  given.set("loss_weights", { label, value: [...losses.map(() => 1), weight] });
}
