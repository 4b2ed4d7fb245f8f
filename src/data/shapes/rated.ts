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
}

function columnsOf(sample: Sample): Columns | undefined {
  const prompts = PROMPTS.filter((column) => all(sample, column, isText));
  if (prompts.length === 0) return undefined;
  const prompt = prompts[0];
  if (all(sample, "completions", isCompletions)) return { prompt, list: "completions", ratings: undefined };
  const lists = TEXTS.filter((column) => all(sample, column, isTexts));
  const ratings = RATINGS.filter((column) => all(sample, column, isNumbers));
  return lists.length === 1 && ratings.length === 1 ? { prompt, list: lists[0], ratings: ratings[0] } : undefined;
}

function reads(row: Row, reading: Reading): ReadPair[] {
  const columns = columnsOf({ columns: new Set(Object.keys(row)), rows: [row] });
  if (columns === undefined) {
    const expected =
      "instruction or prompt, and completions of { response, overall_score }, or generations and ratings";
    throw misfit("columns", expected, Object.keys(row).join(", ") || "none");
  }
  const { prompt, list, ratings } = columns;
  const answers = ratings === undefined ? ofCompletions(row, reading) : ofLists(row, list, ratings);
  const listColumns = ratings === undefined ? [list] : [list, ratings];
  return pairsOfList({ row, prompt: readText(row, prompt), answers, promptColumn: prompt, listColumns }, reading);
}

function ofLists(row: Row, list: string, ratings: string): Rated<string>[] {
  const [texts, numbers] = [row[list] as string[], row[ratings] as unknown[]];
  if (texts.length !== numbers.length)
    throw misfit(JSON.stringify(ratings), `${texts.length} ratings, one per text of ${list}`, String(numbers.length));
  return texts.map((answer, i) => ({ answer, rating: readRating(numbers[i], `${JSON.stringify(ratings)}[${i}]`) }));
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
    return columns && `${columns.prompt}, ${columns.list} with ${columns.ratings ?? "a score each"}`;
  },
  reads,
  writes({ pair, rest }) {
    const { prompt, chosen, rejected } = listTexts("rated", pair);
    const hasLists = isCompletions(rest.completions) || TEXTS.some((column) => isTexts(rest[column]));
    if (hasLists) return { instruction: prompt }; // its own lists follow
    const completions = [
      { response: chosen, overall_score: 2 },
      { response: rejected, overall_score: 1 },
    ];
    return { instruction: prompt, completions };
  },
};
