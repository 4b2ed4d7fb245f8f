/** @file What to do next, in one place: after a verdict, and before the first step where the learning rate is odd. */
import { lossTraits } from "../config/options/lossTypes.ts";
import { smallest } from "../lists.ts";
import type { RunFacts } from "./facts.ts";
import type { VerdictKind } from "./kinds.ts";
import type { Measures } from "./measures.ts";
import { isLearnedByHeart } from "./overfitting.ts";
import { isAdamw, RATES, THRESHOLDS } from "./thresholds.ts";

/** One or two sentences; "" where there is nothing to do. */
export function nextFor(kind: VerdictKind, facts: RunFacts, measures: Measures): string {
  const next: Record<VerdictKind, () => string> = {
    none: () => logMore(facts),
    collapsed: () => `${changeRate(facts, "lower")}, or raise beta (${facts.beta}), which holds the model back.`,
    overfitting: () => stopEarlier(facts, measures),
    saturated: () => lookAtAnswers(facts, measures, "Fewer steps do as well"),
    "did not move": () => `${changeRate(facts, "raise")}, or train for more steps.`,
    learning: () => lookAtAnswers(facts, measures, isVisible(measures) ? "" : "Answers may still be the same words"),
    unclear: () => moreData(facts, measures),
  };
  return next[kind]();
}

/** An interrupted run is resumed, and then has more points. */
function logMore({ max_steps, step, end }: RunFacts): string {
  if (end === "interrupted") return "";
  const steps = end === "finished" ? step : max_steps;
  if (steps < THRESHOLDS.points) return `Train for ${THRESHOLDS.points} steps or more.`;
  const most = Math.floor(steps / THRESHOLDS.points);
  return `Set logging_steps to ${most}${most > 1 ? " or less" : ""}.`;
}

const isVisible = ({ moved }: Measures) => moved === null || moved.margin >= THRESHOLDS.learning.visible;

/** The log shows no broken text: at rates that tend to break a model, only its answers do. */
function lookAtAnswers(facts: RunFacts, { evaluated }: Measures, first: string): string {
  const rates = ratesOf(facts);
  const look = "look at the answers with prefine compare";
  if (rates && facts.learning_rate > rates.works[1]) {
    return `${changeRate(facts, "lower")}; at that rate answers often fall apart where a log looks good: ${look}.`;
  }
  const held = evaluated.length > 0 ? "" : ", and evaluate held-out pairs";
  const line = `${first ? `${first}; ` : ""}${look}${held}.`;
  return line[0].toUpperCase() + line.slice(1);
}

function changeRate(facts: RunFacts, direction: "raise" | "lower"): string {
  const own = `this run had ${text(facts.learning_rate)}`;
  const verb = direction === "raise" ? "Raise" : "Lower";
  const rates = ratesOf(facts);
  const isOutside =
    rates && (direction === "raise" ? facts.learning_rate < rates.usual[1] : facts.learning_rate > rates.usual[0]);
  if (!rates || !isOutside) return `${verb} learning_rate (${own})`;
  return `${verb} learning_rate: ${rates.what} usually takes ${usual(rates.usual)}, ${own}`;
}

function stopEarlier({ best_step, reference, loss_type }: RunFacts, { evaluated }: Measures): string {
  const best = smallest(evaluated.map((set) => set.best_step));
  const startsAtLn2 = reference === "start" && loss_type.length === 1 && lossTraits(loss_type[0]).startsAtLn2 === true;
  if (startsAtLn2 && evaluated.every((set) => set.best >= 0.99 * Math.LN2)) {
    const why = "The held-out loss was never below ln 2, where it starts: no step is worth keeping";
    return `${why}. Look at the pairs (is chosen better than rejected?), or train on more.`;
  }
  if (best_step !== null) return `The checkpoint of step ${best_step} was loaded, the best; more data would help more.`;
  return `Stop around step ${best}, keep the best (load_best_model_at_end), or train on more pairs.`;
}

function moreData(facts: RunFacts, measures: Measures): string {
  const { moved, accuracy } = measures;
  if (accuracy === null) return "";
  if (accuracy >= THRESHOLDS.learning.accuracy && isLearnedByHeart(measures)) {
    return "Train on more pairs, and look at them: is chosen better than rejected?";
  }
  const isBlind = moved === null && accuracy >= THRESHOLDS.learning.accuracy;
  if (isBlind) return "Evaluate held-out pairs from the start: eval_on_start and eval_strategy steps.";
  if (accuracy >= THRESHOLDS.learning.accuracy) return `Train for more steps. ${changeRate(facts, "raise")}.`;
  return "Train for more steps, or look at the pairs: is chosen better than rejected?";
}

/** The rates that are known for the optimizer; others differ, and there are no runs to say how. */
function ratesOf({ optim, isAdapter }: Pick<RunFacts, "optim" | "isAdapter">) {
  return isAdamw(optim) ? RATES[isAdapter ? "adapter" : "full"] : undefined;
}

/** A line before the first step where the learning rate is far from what works; undefined: not known to be. */
export function rateWarning(facts: Pick<RunFacts, "learning_rate" | "optim" | "isAdapter">): string | undefined {
  const rates = ratesOf(facts);
  if (!rates) return undefined;
  const { learning_rate, optim } = facts;
  const [low, high] = rates.works;
  if (learning_rate >= low && learning_rate <= high) return undefined;
  const effect = learning_rate < low ? "hardly moves it" : "tends to break it";
  return (
    `learning_rate ${text(learning_rate)} is far from what works for ${rates.what} with ${optim}: it ${effect}; ` +
    `${usual(rates.usual)} is usual`
  );
}

const usual = ([low, high]: readonly [number, number]) => `${text(low)} to ${text(high)}`;
/** 1e-5 as 1e-5, 0.03 as 3e-2: rates are compared by their powers of ten. */
const text = (rate: number) => (rate === 0 ? "0" : rate.toExponential().replace("e+0", ""));
