/** @file The rules of beam search on small examples: next beams, answers, the end. */
import { describe, expect, it } from "vitest";
import { advanceBeams, type BeamRules, type BeamState, candidateCount, startBeams } from "./beamSearch.ts";

const rules: BeamRules = { numBeams: 2, lengthPenalty: 1, earlyStopping: false, promptLength: 1, budget: 10 };
const END = 9;

/** A candidate after the prompt [0]; the token 9 ends a sequence. */
function candidate(tokens: number[], score: number, parent = 0) {
  const ends = tokens[tokens.length - 1] === END;
  return { ids: [0, ...tokens], score, parent, finishReason: ends ? ("eos_token" as const) : undefined };
}

const kept = (state: BeamState) => state.beams.map(({ ids, score }) => [ids.slice(1).join(" "), score]);
const answers = ({ answers: all }: BeamState) =>
  all.filter(({ finishReason }) => finishReason).map(({ ids, score }) => [ids.slice(1).join(" "), score]);

describe("beam search", () => {
  it("starts with one beam that counts", () => {
    const state = startBeams([3, 4], 3);
    expect(state.beams.map(({ score }) => score)).toEqual([0, -1e9, -1e9]);
    expect(state.beams.map(({ ids }) => ids)).toEqual([
      [3, 4],
      [3, 4],
      [3, 4],
    ]);
    expect(answers(state)).toEqual([]);
    expect(state).toMatchObject({ canImprove: true, isDone: false });
  });

  it("considers enough continuations that end tokens can't use them up", () => {
    expect(candidateCount(4, [])).toBe(8);
    expect(candidateCount(4, [1])).toBe(8);
    expect(candidateCount(4, [1, 2, 3])).toBe(16);
  });

  it("continues the best that have not ended; an end among the first num_beams is an answer, a later one is not", () => {
    const found = [candidate([1], -1), candidate([END], -2), candidate([2], -3, 1), candidate([END], -4, 1)];
    const state = advanceBeams(startBeams([0], 2), found, rules);
    expect(kept(state)).toEqual([
      ["1", -1],
      ["2", -3],
    ]);
    expect(state.beams.map(({ parent }) => parent)).toEqual([0, 1]);
    expect(answers(state)).toEqual([["9", -2]]);
    expect(state.isDone).toBe(false);
  });

  it("divides the score of an answer by length ** length_penalty, and ranks by that", () => {
    const ends = (lengthPenalty: number) => {
      const first = advanceBeams(startBeams([0], 2), [candidate([END], -2), candidate([1], -2.5)], {
        ...rules,
        lengthPenalty,
      });
      return answers(
        advanceBeams(first, [candidate([1, END], -3), candidate([1, 2], -5)], { ...rules, lengthPenalty }),
      );
    };
    expect(ends(1)).toEqual([
      ["1 9", -1.5],
      ["9", -2],
    ]);
    expect(ends(0)).toEqual([
      ["9", -2],
      ["1 9", -3],
    ]);
    expect(ends(-1)).toEqual([
      ["9", -2],
      ["1 9", -6],
    ]);
    expect(ends(2)).toEqual([
      ["1 9", -0.75],
      ["9", -2],
    ]);
  });

  /** Two answers of scores -1 and -1.5 and a beam of score `running` after two tokens. */
  function twoAnswers(running: number, changes: Partial<BeamRules> = {}): BeamState {
    const all = { ...rules, ...changes };
    const first = [candidate([END], -1), candidate([1], -1.2), candidate([2], -9), candidate([3], -9)];
    const second = [candidate([1, END], -3), candidate([1, 4], running), candidate([2, 4], -20)];
    return advanceBeams(advanceBeams(startBeams([0], 2), first, all), second, all);
  }

  it("early_stopping true ends with num_beams answers, whatever the beams' scores", () => {
    expect(twoAnswers(-1.3).isDone).toBe(false);
    expect(twoAnswers(-1.3, { earlyStopping: "never" }).isDone).toBe(false);
    expect(twoAnswers(-1.3, { earlyStopping: true }).isDone).toBe(true);
  });

  it("false uses a beam's current length, never the longest possible", () => {
    const lengthPenalty = 1; // worst answer: -1.5; the beam now: -4 / 2; at ten tokens: -4 / 10
    expect(twoAnswers(-4, { lengthPenalty, earlyStopping: false }).isDone).toBe(true);
    expect(twoAnswers(-4, { lengthPenalty, earlyStopping: "never" }).isDone).toBe(false);
    expect(twoAnswers(-4, { lengthPenalty, earlyStopping: "never", budget: 2 }).isDone).toBe(true);
    // a penalty that favors short texts: the current length is the best possible
    expect(twoAnswers(-4, { lengthPenalty: 0, earlyStopping: "never" }).isDone).toBe(true);
  });

  it("ends when no beam can continue", () => {
    const ended = [candidate([END], -1), candidate([END], -2), candidate([END], -3)];
    const state = advanceBeams(startBeams([0], 2), ended, rules);
    expect(state.isDone).toBe(true);
    expect(answers(state)).toEqual([
      ["9", -1],
      ["9", -2],
    ]);
  });
});
