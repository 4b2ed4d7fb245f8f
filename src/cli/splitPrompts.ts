/** @file Prompts from a split of a run's dataset. */
import type { Row } from "../data/datasets/features.ts";
import { extractPrompt, type Message } from "../data/preferences/extractPrompt.ts";
import type { Conversation } from "../data/tokenizers/conversations.ts";
import { PrefineError } from "../errors.ts";
import type { Question } from "./questions.ts";
import { dataOfRun, type RunData, readSplit } from "./runData.ts";

export interface SplitRequest {
  split: string;
  /** Hub id, folder or file. Default: the dataset in the run's training_args.json. */
  dataset?: string | undefined;
  /** Maximum number of prompts. Default: all. */
  limit?: number | undefined;
  token?: string | undefined;
}

/**
 * @param run folder of a run, or of a checkpoint in it.
 * @throws PrefineError "data" if the dataset, the split or its prompts can't be found.
 */
export async function questionsOfSplit(run: string, request: SplitRequest): Promise<Question[]> {
  const { split, dataset, limit, token } = request;
  const data: RunData | undefined = dataset ? { dataset_name: dataset } : await dataOfRun(run);
  if (data === undefined) {
    const message = `${run}: expected a dataset name in training_args.json, found none`;
    throw new PrefineError("data", message, "Name it with --dataset_name.");
  }
  const questions: Question[] = [];
  const rows = await readSplit(data, split, { token });
  for await (const row of rows.rows()) {
    if (questions.length === limit) break;
    questions.push(questionOf(row, `${rows.where} row ${questions.length}`));
  }
  if (questions.length > 0) return questions;
  throw new PrefineError("data", `${rows.where}: expected rows with prompts, found none`);
}

/** The prompt column, or the common beginning of chosen and rejected: text, or the messages before the answer. */
export function questionOf(row: Row, where: string): Question {
  const prompt = row.prompt ?? implicitPrompt(row);
  if (typeof prompt === "string") return { text: prompt };
  const last: unknown = Array.isArray(prompt) ? prompt.at(-1) : undefined;
  const content = typeof last === "object" && last !== null && "content" in last ? last.content : undefined;
  if (typeof content === "string") return { text: content, chat: prompt as Conversation };
  const hint = "Give questions with --prompt instead.";
  throw new PrefineError("data", `${where}: expected a prompt, found ${Object.keys(row).join(", ")}`, hint);
}

function implicitPrompt({ chosen, rejected }: Row): unknown {
  if (typeof chosen === "string" && typeof rejected === "string") {
    return extractPrompt({ chosen, rejected }).prompt || undefined;
  }
  if (!Array.isArray(chosen)) return undefined;
  if (!Array.isArray(rejected)) return chosen.slice(0, -1);
  return extractPrompt({ chosen: chosen as Message[], rejected: rejected as Message[] }).prompt;
}
