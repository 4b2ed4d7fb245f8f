/**
 * @file A prompt with rated completions: openbmb/UltraFeedback's `{ instruction, completions: [{ response,
 * overall_score, annotations }] }`, and lists of texts next to lists of numbers, such as distilabel's generations and
 * ratings. `data_format_options.score` names the field of a completion that counts.
 */
import { describeValue } from "../../arguments.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { listTexts, pairsOfList, readRating } from "./lists.ts";
import { wrongSetting } from "./llamaFactoryColumns.ts";
import { readText } from "./messages.ts";
import type { Rated } from "./pairing.ts";
import { all, isText, misfit, type Reading, type ReadPair, type Sample, type Shape } from "./shape.ts";

const PROMPTS = ["instruction", "prompt", "question", "input"];
/** Lists of texts, and lists of their ratings next to them. */
const TEXTS = ["generations", "responses", "completions", "answers"];
const RATINGS = ["ratings", "scores", "rating", "score"];
/** Of a completion: the field that counts, the first that all of them have. */
const SCORES = ["overall_score", "fine-grained_score", "annotations"];
/** Other lists of answers with a number each: `answers: [{ text, pm_score }]` of stack-exchange-preferences. */
const LISTS = ["answers", "responses", "completions", "candidates", "generations"];
const LIST_TEXTS = ["text", "response", "answer", "content", "completion"];
const LIST_SCORES = ["pm_score", "score", "rating", "reward"];

const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.length > 0 && value.every(isText);
const isNumbers = (value: unknown) =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "number");
const isCompletions = (value: unknown): value is Row[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => isObject(one) && isText(one.response));

interface Columns {
  prompt: string;
  list: string;
  /** The list of numbers; undefined: each completion has its own. */
  ratings: string | undefined;
  /** Keys of each answer of another list than UltraFeedback's. */
  keys?: { text: string; score: string } | undefined;
}

/** A list of answers with a number each, of all rows. */
function scoredList(sample: Sample): Pick<Columns, "list" | "keys"> | undefined {
  const isScored = (text: string, score: string) => (value: unknown) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => isObject(one) && isText(one[text]) && typeof one[score] === "number");
  for (const list of LISTS)
    for (const text of LIST_TEXTS)
      for (const score of LIST_SCORES)
        if (all(sample, list, isScored(text, score))) return { list, keys: { text, score } };
  return undefined;
}

function columnsOf(sample: Sample): Columns | undefined {
  const prompts = PROMPTS.filter((column) => all(sample, column, isText));
  if (prompts.length === 0) return undefined;
  const prompt = prompts[0];
  if (all(sample, "completions", isCompletions)) return { prompt, list: "completions", ratings: undefined };
  const lists = TEXTS.filter((column) => all(sample, column, isTexts));
  const ratings = RATINGS.filter((column) => all(sample, column, isNumbers));
  if (lists.length === 1 && ratings.length === 1) return { prompt, list: lists[0], ratings: ratings[0] };
  const scored = scoredList(sample);
  return scored && { prompt, ratings: undefined, ...scored };
}

function reads(row: Row, reading: Reading): ReadPair[] {
  const columns = columnsOf({ columns: new Set(Object.keys(row)), rows: [row] });
  if (columns === undefined) {
    const expected =
      "instruction or prompt, and completions of { response, overall_score }, or generations and ratings";
    throw misfit("columns", expected, Object.keys(row).join(", ") || "none");
  }
  const { prompt, list, ratings, keys } = columns;
  const ofOne = () => (keys ? ofScored(row, list, keys) : ofCompletions(row, reading));
  const answers = ratings === undefined ? ofOne() : ofLists(row, list, ratings);
  const listColumns = ratings === undefined ? [list] : [list, ratings];
  return pairsOfList({ row, prompt: readText(row, prompt), answers, promptColumn: prompt, listColumns }, reading);
}

function ofLists(row: Row, list: string, ratings: string): Rated<string>[] {
  const [texts, numbers] = [row[list] as string[], row[ratings] as unknown[]];
  if (texts.length !== numbers.length)
    throw misfit(JSON.stringify(ratings), `${texts.length} ratings, one per text of ${list}`, String(numbers.length));
  return texts.map((answer, i) => ({ answer, rating: readRating(numbers[i], `${JSON.stringify(ratings)}[${i}]`) }));
}

function ofScored(row: Row, list: string, { text, score }: NonNullable<Columns["keys"]>): Rated<string>[] {
  return (row[list] as Row[]).map((one, i): Rated<string> => {
    const field = `${JSON.stringify(list)}[${i}]`;
    return { answer: readText(one, text, `${field}.${text}`), rating: readRating(one[score], `${field}.${score}`) };
  });
}

function ofCompletions(row: Row, { settings, note }: Reading): Rated<string>[] {
  const completions = row.completions as Row[];
  const score = settings.score ?? SCORES.find((name) => completions.every((one) => (one[name] ?? null) !== null));
  if (score !== undefined && !isText(score))
    throw wrongSetting("data_format_options.score", "the name of a field", score);
  if (score === undefined) throw misfit('"completions"', `a field ${SCORES.join(" or ")} in each`, "some without");
  return completions.flatMap((one, i): Rated<string>[] => {
    const field = `"completions"[${i}].${score}`;
    const rating = score === "annotations" ? meanRating(one.annotations, field) : readRating(one[score], field);
    if (rating === undefined) note("with a completion that has no rating, left out");
    return rating === undefined ? [] : [{ answer: readText(one, "response", `"completions"[${i}].response`), rating }];
  });
}

/** Mean of the ratings of all aspects; UltraFeedback has "N/A" for some. */
function meanRating(annotations: unknown, field: string): number | undefined {
  if (!isObject(annotations)) throw misfit(field, "ratings by aspect", describeValue(annotations ?? undefined));
  const ratings = Object.values(annotations).flatMap((aspect): number[] => {
    const rating = isObject(aspect) ? aspect.Rating : undefined;
    return rating === undefined || rating === "N/A" ? [] : [readRating(rating, `${field}.Rating`)];
  });
  return ratings.length === 0 ? undefined : ratings.reduce((sum, one) => sum + one, 0) / ratings.length;
}

export const rated: Shape = {
  name: "rated",
  recognizes(sample) {
    if (sample.columns.has("chosen") || sample.columns.has("rejected")) return undefined;
    const columns = columnsOf(sample);
    return columns && `${columns.prompt}, ${columns.list} with ${columns.ratings ?? columns.keys?.score ?? "a score"}`;
  },
  reads,
  writes({ pair, rest }) {
    const { prompt, chosen, rejected } = listTexts("rated", pair);
    const hasLists = isCompletions(rest.completions) || TEXTS.some((column) => isTexts(rest[column]));
    const isScored = scoredList({ columns: new Set(Object.keys(rest)), rows: [rest] }) !== undefined;
    if (hasLists || isScored) return { instruction: prompt }; // its own lists follow
    const completions = [
      { response: chosen, overall_score: 2 },
      { response: rejected, overall_score: 1 },
    ];
    return { instruction: prompt, completions };
  },
};
