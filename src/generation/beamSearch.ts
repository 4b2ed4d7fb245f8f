/**
 * @file Beam search of one prompt: the best continuations of its beams in, the next beams and the best answers out.
 * Rules, their order and float32 arithmetic are those of `_beam_search` in transformers 5.23.
 */
import type { FinishReason } from "./sequence.ts";

/** What transformers adds to a score that must not win. */
const OUT = -1e9;

/** A text that grows. All beams of a prompt are equally long. */
export interface Beam {
  /** Prompt and completion so far. */
  ids: readonly number[];
  /** Sum of the log-probabilities of the completion, as the logits processors left them. */
  score: number;
  /** Which of the last step's beams it continues: its keys and values are there. */
  parent: number;
}

/** A beam with one more token. */
export interface BeamCandidate extends Beam {
  /** Where the token ends the sequence. */
  finishReason?: FinishReason;
}

/** A place among the answers; empty as long as it has no finishReason. */
export interface Hypothesis {
  ids: readonly number[];
  /** The score of the beam, divided by length ** length_penalty. */
  score: number;
  finishReason?: FinishReason;
}

export interface BeamState {
  /** num_beams, best first. */
  beams: readonly Beam[];
  /** num_beams, best first. */
  answers: readonly Hypothesis[];
  /** False as soon as no beam is expected to beat the worst answer; stays so. */
  canImprove: boolean;
  isDone: boolean;
}

export interface BeamRules {
  numBeams: number;
  lengthPenalty: number;
  earlyStopping: boolean | "never";
  promptLength: number;
  /** New tokens that there may be. */
  budget: number;
}

/** All beams are the prompt; only the first one counts, or the same tokens would be taken for each. */
export function startBeams(prompt: readonly number[], numBeams: number): BeamState {
  const each = Array.from({ length: numBeams }, (_, beam) => beam);
  return {
    beams: each.map((beam) => ({ ids: prompt, score: beam === 0 ? 0 : OUT, parent: 0 })),
    answers: each.map(() => ({ ids: prompt, score: OUT })),
    canImprove: true,
    isDone: false,
  };
}

/** Continuations a step: so many that num_beams of them go on even if all others are ends of the sequence. */
export function candidateCount(numBeams: number, eosTokenIds: readonly number[]): number {
  return Math.max(2, 1 + eosTokenIds.length) * numBeams;
}

/** @param candidates in the order of choice: the first num_beams of them may become answers */
export function advanceBeams(state: BeamState, candidates: readonly BeamCandidate[], rules: BeamRules): BeamState {
  const { numBeams, earlyStopping, lengthPenalty } = rules;
  const length = candidates[0].ids.length - rules.promptLength;
  const beams = best(
    candidates.map((one) => ({ ...one, score: one.finishReason ? plus(one.score, OUT) : one.score })),
    numBeams,
  );
  const answers = best([...state.answers, ...offers(state, candidates, rules)], numBeams);
  // "never" takes the longest text for the best one that may come, the others the present length
  const longest = earlyStopping === "never" && lengthPenalty > 0 ? rules.budget : length;
  const hope = penalized(beams[0].score, longest, lengthPenalty);
  const worst = Math.min(...answers.map(({ score }) => score));
  const isBeaten = answers.some(({ finishReason }) => hope > (finishReason ? worst : OUT));
  const canImprove = state.canImprove && isBeaten;
  const isFull = earlyStopping === true && answers.every(isAnswer);
  const isDone = !canImprove || isFull || candidates.every(({ finishReason }) => finishReason !== undefined);
  return { beams, answers, canImprove, isDone };
}

/** The candidates as answers; those that are none get scores that none of the others has. */
function offers(state: BeamState, candidates: readonly BeamCandidate[], rules: BeamRules): Hypothesis[] {
  const isFull = rules.earlyStopping === true && state.answers.every(isAnswer);
  return candidates.map(({ ids, score, finishReason }, rank) => {
    const reason = rank < rules.numBeams ? finishReason : undefined;
    let final = penalized(score, ids.length - rules.promptLength, rules.lengthPenalty);
    if (isFull) final = plus(final, OUT);
    if (!state.canImprove) final = plus(final, OUT);
    if (!reason) final = plus(final, OUT);
    return { ids, score: final, finishReason: reason };
  });
}

const isAnswer = ({ finishReason }: Hypothesis): boolean => finishReason !== undefined;
const plus = (a: number, b: number): number => Math.fround(a + b);

function penalized(score: number, length: number, penalty: number): number {
  return Math.fround(score / Math.fround(length ** penalty));
}

/** The `count` highest scores, highest first; equals in their order. */
function best<T extends { score: number }>(all: readonly T[], count: number): T[] {
  const order = (a: T, b: T) => (a.score === b.score ? 0 : b.score - a.score); // -Infinity - -Infinity is NaN
  return [...all].sort(order).slice(0, count);
}
