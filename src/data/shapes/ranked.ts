/** @file A prompt with ranked answers, 1 the best: berkeley-nest/Nectar, `{ prompt, answers: [{ answer, rank }] }`. */
import { describeValue } from "../../arguments.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { listTexts, pairsOfList, readRating } from "./lists.ts";
import { readText } from "./messages.ts";
import { all, isText, misfit, type Reading, type ReadPair, type Shape } from "./shape.ts";

const isRanked = (value: unknown) => isObject(value) && isText(value.answer) && "rank" in value;

function reads(row: Row, reading: Reading): ReadPair[] {
  const prompt = readText(row, "prompt");
  const { answers } = row;
  if (!Array.isArray(answers))
    throw misfit('"answers"', "a list of { answer, rank }", describeValue(answers ?? undefined));
  const rated = answers.map((one: unknown, i) => {
    if (!isObject(one)) throw misfit(`"answers"[${i}]`, "{ answer, rank }", describeValue(one ?? undefined));
    return {
      answer: readText(one, "answer", `"answers"[${i}].answer`),
      rating: -readRating(one.rank, `"answers"[${i}].rank`),
    };
  });
  return pairsOfList({ row, prompt, answers: rated, promptColumn: "prompt", listColumns: ["answers"] }, reading);
}

export const ranked: Shape = {
  name: "ranked",
  recognizes: (sample) =>
    all(sample, "prompt", isText) && all(sample, "answers", (list) => Array.isArray(list) && list.every(isRanked))
      ? "prompt, answers with a rank each"
      : undefined,
  reads,
  writes({ pair, rest }) {
    const { prompt, chosen, rejected } = listTexts("ranked", pair);
    const answers = rest.answers ?? [
      { answer: chosen, rank: 1 },
      { answer: rejected, rank: 2 },
    ];
    return { prompt, answers };
  },
};
