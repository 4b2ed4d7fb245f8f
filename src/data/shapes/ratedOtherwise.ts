/** @file Rows whose own ratings say that the rejected answer is the better one. */
import type { Row } from "../datasets/features.ts";

/** Columns of ratings next to chosen and rejected; # stands for either. */
const NAMES = [
  ...["score_#", "#_score", "#-score", "scores_#", "score.#"],
  ...["rating_#", "#_rating", "#-rating", "#_avg_rating", "avg_rating_#"],
  ...["reward_#", "#_reward", "#_rewards", "#-reward", "#_quality", "#_margin_score"],
].map((name) => ["chosen", "rejected"].map((side) => name.replace("#", side)));

/** Lists of answers next to lists of their ratings (distilabel, Argilla), of which two are chosen and rejected. */
const ANSWERS = ["generations", "responses", "completions", "answers"];
const RATINGS = ["ratings", "rating", "scores", "score"];

interface Ratings {
  chosen: number;
  rejected: number;
  /** Where they stand: `score_chosen 2, score_rejected 9`. */
  shown: string;
}

/** A number, or a text of one, as csv files may have it. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "bigint") return Number(number);
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function ofColumns(row: Row): Ratings | undefined {
  for (const [first, second] of NAMES) {
    if (!Object.hasOwn(row, first) || !Object.hasOwn(row, second)) continue;
    const [chosen, rejected] = [numberOf(row[first]), numberOf(row[second])];
    if (chosen === undefined || rejected === undefined) continue;
    return { chosen, rejected, shown: `${first} ${chosen}, ${second} ${rejected}` };
  }
  return undefined;
}

/** The text of an answer: itself, or the content of its last message. */
function textOf(answer: unknown): string | undefined {
  const last = Array.isArray(answer) ? (answer.at(-1) as { content?: unknown } | undefined)?.content : answer;
  return typeof last === "string" ? last.trim() : undefined;
}

function ofLists(row: Row): Ratings | undefined {
  const lists = (names: readonly string[]) => names.find((name) => Array.isArray(row[name]));
  const [answers, ratings] = [lists(ANSWERS), lists(RATINGS)];
  if (answers === undefined || ratings === undefined) return undefined;
  const texts = (row[answers] as unknown[]).map(textOf);
  const numbers = row[ratings] as unknown[];
  const ratingOf = (answer: unknown) => {
    const text = textOf(answer);
    const at = text === undefined ? -1 : texts.indexOf(text);
    return at >= 0 && texts.indexOf(text, at + 1) < 0 ? numberOf(numbers[at]) : undefined;
  };
  const [chosen, rejected] = [ratingOf(row.chosen), ratingOf(row.rejected)];
  if (chosen === undefined || rejected === undefined || texts.length !== numbers.length) return undefined;
  return { chosen, rejected, shown: `${ratings} ${chosen} of chosen, ${rejected} of rejected` };
}

/** The ratings of a row whose rejected answer is rated above the chosen one; undefined: it is not, or is unrated. */
export function ratedOtherwise(row: Row): string | undefined {
  const ratings = ofColumns(row) ?? ofLists(row);
  return ratings && ratings.rejected > ratings.chosen ? ratings.shown : undefined;
}
