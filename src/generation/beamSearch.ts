/**
 * @file Beam search of one prompt: the best continuations of its beams -> the next beams and the best answers.
 * Rules, their order and float32 arithmetic follow `_beam_search` in transformers 5.23.
 */

import { smallest } from "../lists.ts";
import type { FinishReason } from "./sequence.ts";

/** transformers adds this to a score that must not win. */
const OUT = -1e9;

/** A partial sequence. All beams of a prompt have the same length. */
export interface Beam {
  /** Prompt and completion so far. */
  ids: readonly number[];
  /** Sum of the completion's log-probabilities after the logits processors. */
  score: number;
  /** Index of the last step's beam that it continues, whose keys and values it uses. */
  parent: number;
}

/** A beam with one more token. */
export interface BeamCandidate extends Beam {
  /** Set if the token ends the sequence. */
  finishReason?: FinishReason;
}

/** A slot for an answer; empty without a finishReason. */
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
  /** False once no beam is expected to beat the worst answer. */
  canImprove: boolean;
  isDone: boolean;
}

export interface BeamRules {
  numBeams: number;
  lengthPenalty: number;
  earlyStopping: boolean | "never";
  promptLength: number;
  /** Maximum number of new tokens. */
  budget: number;
}

/** All beams are the prompt; only the first counts, or all would choose the same tokens. */
export function startBeams(prompt: readonly number[], numBeams: number): BeamState {
  const each = Array.from({ length: numBeams }, (_, beam) => beam);
  return {
    beams: each.map((beam) => ({ ids: prompt, score: beam === 0 ? 0 : OUT, parent: 0 })),
    answers: each.map(() => ({ ids: prompt, score: OUT })),
    canImprove: true,
    isDone: false,
  };
}

/** Continuations per step: enough that num_beams of them go on even if all others end the sequence. */
export function candidateCount(numBeams: number, eosTokenIds: readonly number[]): number {
  return Math.max(2, 1 + eosTokenIds.length) * numBeams;
}

/** @param candidates in order of preference: only the first num_beams may become answers */
export function advanceBeams(state: BeamState, candidates: readonly BeamCandidate[], rules: BeamRules): BeamState {
  const { numBeams, earlyStopping, lengthPenalty } = rules;
  const length = candidates[0].ids.length - rules.promptLength;
  const beams = best(
    candidates.map((one) => ({ ...one, score: one.finishReason ? plus(one.score, OUT) : one.score })),
    numBeams,
  );
  const empty = state.answers.filter((one) => !isAnswer(one)); // last: a text of an impossible token is one, too
  const answers = best([...state.answers.filter(isAnswer), ...offers(state, candidates, rules), ...empty], numBeams);
  // "never" assumes the longest possible text for the best future score, the others the current length
  const longest = earlyStopping === "never" && lengthPenalty > 0 ? rules.budget : length;
  const hope = penalized(beams[0].score, longest, lengthPenalty);
  const worst = smallest(answers.map(({ score }) => score));
  const isBeaten = answers.some(({ finishReason }) => hope > (finishReason ? worst : OUT));
  const canImprove = state.canImprove && isBeaten;
  const isFull = earlyStopping === true && answers.every(isAnswer);
  const isDone = !canImprove || isFull || candidates.every(({ finishReason }) => finishReason !== undefined);
  return { beams, answers, canImprove, isDone };
}

/** The candidates as answers; those that can't be one get a losing score. */
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

/** The `count` highest scores, highest first; ties in order. */
function best<T extends { score: number }>(all: readonly T[], count: number): T[] {
  const order = (a: T, b: T) => (a.score === b.score ? 0 : b.score - a.score); // -Infinity - -Infinity is NaN
  return [...all].sort(order).slice(0, count);
}
