/** @file The loss of a batch of scored pairs, and its derivative by their log-probabilities. B pairs. */
import { type Dim, grad, input, meanKeepDims, reshape } from "../engine/graph/index.ts";
import { type LoweredGraph, lowerGraph } from "../engine/onnx/lower.ts";
import type { ScoredPairs } from "./losses/inputs.ts";
import { needsReference, needsWinRates } from "./losses/losses.ts";
import { type Objective, objectiveLoss } from "./losses/objective.ts";

/** The inputs by which a loss is differentiated. */
export const LOGPS = ["chosenLogps", "rejectedLogps", "plainChosenLogps"] as const;

/** The inputs of a loss without gradient; see batchFeeds. */
export function pairInputs(pairs: Dim, { losses }: Objective): Omit<ScoredPairs, (typeof LOGPS)[number]> {
  const perPair = (name: string) => input(name, [pairs]);
  const types = losses.map(({ type }) => type);
  const isNeeded = needsReference(types);
  return {
    referenceLogps: isNeeded ? { chosen: perPair("referenceChosen"), rejected: perPair("referenceRejected") } : null,
    winRates: needsWinRates(types) ? { chosen: perPair("chosenWins"), rejected: perPair("rejectedWins") } : null,
    chosenLength: perPair("chosenLength"),
    rejectedLength: perPair("rejectedLength"),
    meanChosenTokens: input("meanChosenTokens", []),
  };
}

/** Outputs: `loss` [], the mean over pairs, and `by.*` [B], its derivative by each of LOGPS. */
export function batchLossGraph(objective: Objective): LoweredGraph {
  const logps = LOGPS.map((name) => input(name, ["B"]));
  const [chosenLogps, rejectedLogps, plainChosenLogps] = logps;
  const scored = { chosenLogps, rejectedLogps, plainChosenLogps, ...pairInputs("B", objective) };
  const weight = objective.useWeighting ? input("weight", ["B"]) : null;
  const loss = reshape(meanKeepDims(objectiveLoss(scored, weight, objective), [0]), []);
  const derivatives = grad(loss, logps).map((tensor, i) => [`by.${LOGPS[i]}`, tensor]);
  return lowerGraph({ loss, ...Object.fromEntries(derivatives) });
}
