/**
 * @file What a run came to, from its log and its settings: what `prefine train` says last, and verdict.json. Pure, so
 * that a page or a command can judge a log again.
 */
import { lossTraits } from "../config/options/lossTypes.ts";
import { counted } from "../phrases.ts";
import { nextFor } from "./advice.ts";
import type { RunFacts } from "./facts.ts";
import type { VerdictKind } from "./kinds.ts";
import { type EvaluatedSet, type LoggedEntry, type Measures, type Move, measure } from "./measures.ts";
import { isLearnedByHeart, overfittedSets, risingSets } from "./overfitting.ts";
import { THRESHOLDS } from "./thresholds.ts";

/** As verdict.json has it. */
export interface Verdict {
  kind: VerdictKind;
  /** What in the log says so, in one sentence without a period. */
  reason: string;
  /** The next thing to do; "" where there is none. */
  next: string;
  /** Optimizer steps that it is about. */
  step: number;
  /** Of a run that was stopped: where. */
  interrupted_at_step?: number;
  measures: Measures;
}

type Judged = { kind: VerdictKind; reason: string } | undefined;
type Judge = (measures: Measures, facts: RunFacts) => Judged;

/** In the order of VERDICT_KINDS. */
const JUDGES: readonly Judge[] = [tooShort, collapsed, overfitting, saturated, didNotMove, learning];

/**
 * Deterministic: the same log and settings give the same verdict, whether the run went through or was resumed.
 * @param log_history of trainer_state.json.
 */
export function judge(log_history: readonly LoggedEntry[], facts: RunFacts): Verdict {
  const measures = measure(log_history, facts);
  const judged = JUDGES.reduce<Judged>((found, one) => found ?? one(measures, facts), undefined);
  const { kind, reason } = judged ?? { kind: "unclear" as const, reason: whyUnclear(measures, facts) };
  return {
    kind,
    reason,
    next: nextFor(kind, facts, measures),
    step: facts.step,
    ...(facts.end === "interrupted" ? { interrupted_at_step: facts.step } : {}),
    measures,
  };
}

/** Those that ask for a change: a terminal shows them as warnings. */
export const isBad = ({ kind }: Verdict) => kind === "collapsed" || kind === "overfitting" || kind === "did not move";

/** One line: `verdict: learning: reason. What to do next.` */
export function verdictLine({ kind, reason, next, interrupted_at_step: at }: Verdict): string {
  const name = kind === "none" ? "none" : kind;
  const until = at === undefined ? "" : `interrupted at step ${at}, so far `;
  return `verdict: ${until}${name}: ${reason}.${next ? ` ${next}` : ""}`;
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
/** Three digits that count, and no exponent where it can be read without. */
const short = (value: number) => String(Number(value.toPrecision(3)));
/** Whole answers, a mean over pairs. */
const describeMove = ({ margin }: Move) => `chosen gained ${short(margin)} nats on rejected`;

function tooShort({ points, is_finite }: Measures, { end }: RunFacts): Judged {
  if (points >= THRESHOLDS.points || end === "not finite" || !is_finite) return undefined;
  return {
    kind: "none",
    reason: `${counted(points, "logged point")}, and below ${THRESHOLDS.points} noise looks like a trend`,
  };
}

/** `; held out: accuracy 0.9, loss 0.41 (eval)`; "" without evaluations. */
function describeHeldOut(sets: readonly EvaluatedSet[]): string {
  const each = sets.map(({ name, accuracy, last }) => {
    const share = accuracy === null ? "" : `accuracy ${short(accuracy)}, `;
    return `${share}loss ${short(last)}${sets.length > 1 ? ` (${name})` : ""}`;
  });
  return each.length > 0 ? `; held out: ${each.join("; ")}` : "";
}

function collapsed(measures: Measures, facts: RunFacts): Judged {
  const { is_finite, chosen_lost, chosen_scale, loss, accuracy, entropy, token_accuracy } = measures;
  const kind = "collapsed" as const;
  if (facts.end === "not finite" || !is_finite) return { kind, reason: "loss or gradient were no longer finite" };
  const { lostNats, lostShare, lossRatio, coinFlip, entropyRise, tokenShare } = THRESHOLDS.collapsed;
  if (chosen_lost !== null && chosen_lost > lostNats + lostShare * chosen_scale) {
    const fall = `logps/chosen fell by ${short(chosen_lost)} from ${short(-chosen_scale)}`;
    return { kind, reason: `the chosen answers themselves became unlikely: ${fall}` };
  }
  const isConfused = entropy !== null && entropy.last - entropy.first > entropyRise;
  if (isConfused && token_accuracy !== null && token_accuracy.last < tokenShare * token_accuracy.first) {
    const rise = `entropy rose from ${short(entropy.first)} to ${short(entropy.last)}`;
    const fall = `mean_token_accuracy fell from ${short(token_accuracy.first)} to ${short(token_accuracy.last)}`;
    return { kind, reason: `the model no longer predicts words: ${fall}, ${rise}` };
  }
  const isTied = facts.reference === "start" && loss.first > 0;
  if (isTied && loss.last > lossRatio * loss.first && accuracy !== null && accuracy <= coinFlip) {
    return { kind, reason: `the loss rose from ${short(loss.first)} to ${short(loss.last)}` };
  }
  return undefined;
}

function overfitting(measures: Measures): Judged {
  const sets = overfittedSets(measures);
  if (sets.length === 0) return learnedByHeart(measures);
  const [{ name, best, best_step, last }] = sets;
  const rise = `${name}_loss rose from ${short(best)} at step ${best_step} to ${short(last)}`;
  return { kind: "overfitting", reason: `${rise} while the training loss fell` };
}

/** All training pairs are ordered, and none of it holds for others. */
function learnedByHeart(measures: Measures): Judged {
  const { accuracy, evaluated } = measures;
  if (accuracy === null || accuracy < THRESHOLDS.saturated.accuracy || !isLearnedByHeart(measures)) return undefined;
  return { kind: "overfitting", reason: `the training pairs were learned by heart${describeHeldOut(evaluated)}` };
}

function saturated({ accuracy, margin, grad_share, loss, evaluated }: Measures, facts: RunFacts): Judged {
  const { accuracy: least, margin: large, gradShare } = THRESHOLDS.saturated;
  if (accuracy === null || accuracy < least) return undefined;
  const [name] = facts.loss_type;
  const isSigmoid = facts.loss_type.length === 1 && lossTraits(name).startsAtLn2 === true;
  const isLarge = isSigmoid && margin !== null && margin >= large;
  if (!isLarge && !(grad_share !== null && grad_share <= gradShare)) return undefined;
  const what = isLarge ? `rewards/margins are ${short(margin)}` : `gradients are ${percent(gradShare)} of the largest`;
  const end = `all training pairs are ordered, the loss is ${short(loss.last)} and ${what}`;
  return { kind: "saturated", reason: `${end}: further steps teach nothing${describeHeldOut(evaluated)}` };
}

function didNotMove({ moved, accuracy }: Measures): Judged {
  if (moved === null) return undefined;
  const { margin, chosen, rejected } = moved;
  if (Math.max(Math.abs(margin), Math.abs(chosen), Math.abs(rejected)) >= THRESHOLDS.didNotMove) return undefined;
  const seems = accuracy !== null && accuracy > 0.6 ? `, for all that rewards/accuracies are ${short(accuracy)}` : "";
  return { kind: "did not move", reason: `${describeMove(moved)}${seems}: the answers stay as they were` };
}

function learning(measures: Measures, { reference }: RunFacts): Judged {
  const { moved, accuracy, certainty } = measures;
  const { margin, accuracy: least, certainty: sure } = THRESHOLDS.learning;
  if (accuracy === null || certainty === null || certainty < sure) return undefined;
  if (reference === "start" && accuracy < least) return undefined; // else it says what the model preferred all along
  if ((moved !== null && moved.margin < margin) || isLearnedByHeart(measures)) return undefined;
  const how = moved !== null ? describeMove(moved) : "rewards/margins grew";
  const rising = risingSets(measures);
  const but = rising.length > 0 ? `; but ${rising.map(({ name }) => `${name}_loss`).join(", ")} rises` : "";
  const held = describeHeldOut(measures.evaluated);
  return { kind: "learning", reason: `${how}, and rewards/accuracies are ${short(accuracy)}${held}${but}` };
}

function whyUnclear(measures: Measures, { reference }: RunFacts): string {
  const { moved, accuracy, certainty, evaluated } = measures;
  if (accuracy === null) return "the log has no rewards";
  const { accuracy: least, certainty: sure } = THRESHOLDS.learning;
  if (reference === "start" && accuracy < least) {
    return `rewards/accuracies are ${short(accuracy)}: no preference shows that holds from pair to pair`;
  }
  if (certainty === null || certainty < sure)
    return "rewards/margins differ more from step to step than they have grown";
  if (moved !== null && isLearnedByHeart(measures))
    return `${describeMove(moved)} in training, and held-out pairs show none of it${describeHeldOut(evaluated)}`;
  if (moved !== null) return `it moves, but little: ${describeMove(moved)}`;
  return "without a reference that is the model at the start, the log does not show how far it moved";
}
