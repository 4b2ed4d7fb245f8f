/** @file The prompts of a split of the data set that a run was trained on. */
import { basename, dirname } from "node:path";
import { readTrainingArgs } from "../checkpoints/trainingArgs.ts";
import type { Row } from "../data/datasets/features.ts";
import type { Conversation } from "../data/tokenizers/conversations.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { PrefineError } from "../errors.ts";
import type { Question } from "./questions.ts";

export interface SplitRequest {
  split: string;
  /** Hub id, folder or file; otherwise what the run's training_args.json names. */
  dataset?: string;
  /** At most so many; otherwise all. */
  limit?: number;
  token?: string;
}

/**
 * @param run folder of a run, or of a checkpoint in it.
 * @throws PrefineError "data" where the data set, the split or the prompts in it can't be found.
 */
export async function questionsOfSplit(run: string, request: SplitRequest): Promise<Question[]> {
  const { split, dataset, limit, token } = request;
  const { loadDataset } = await import("../data/datasets/loadDataset.ts");
  const name = dataset ?? (await datasetOfRun(run));
  const rows = (await loadDataset(name, { split, token })).split(split);
  const questions: Question[] = [];
  for await (const row of rows.rows()) {
    if (questions.length === limit) break;
    questions.push(questionOf(row, `${name}: ${split} row ${questions.length}`));
  }
  if (questions.length > 0) return questions;
  throw new PrefineError("data", `${name}: ${split}: expected rows with prompts, found none`);
}

/** `dataset_name` of the run's training_args.json; a checkpoint's is its own or in the folder above it. */
async function datasetOfRun(run: string): Promise<string> {
  const folders = /^checkpoint-\d+$/.test(basename(run)) ? [run, dirname(run)] : [run];
  for (const folder of folders) {
    const name = await datasetNamedIn(folder);
    if (name !== undefined) return name;
  }
  const message = `${run}: expected training_args.json to name the data set that it was trained on, found no name`;
  throw new PrefineError("data", message, "Name it with --dataset_name.");
}

/** `dataset_name` of the training_args.json in a folder of a run or checkpoint, if it names one. */
export async function datasetNamedIn(folder: string): Promise<string | undefined> {
  try {
    const { dataset_name: name } = await readTrainingArgs(folderAt(folder));
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    return undefined; // a damaged file
  }
}

/** The prompt column, or else what chosen begins with: a text, or the messages before the answer. */
function questionOf(row: Row, where: string): Question {
  const { prompt, chosen } = row;
  if (typeof prompt === "string") return { text: prompt };
  const chat: unknown = Array.isArray(prompt) ? prompt : Array.isArray(chosen) ? chosen.slice(0, -1) : undefined;
  const last: unknown = Array.isArray(chat) ? chat.at(-1) : undefined;
  const content = typeof last === "object" && last !== null && "content" in last ? last.content : undefined;
  if (typeof content === "string") return { text: content, chat: chat as Conversation };
  const hint = "Give questions with --prompt instead.";
  throw new PrefineError("data", `${where}: expected a prompt, found ${Object.keys(row).join(", ")}`, hint);
}
