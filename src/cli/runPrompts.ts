/** @file Default prompts of `prefine compare RUN`: held-out ones from the run's data, or the next best. */

import { PrefineError } from "../errors.ts";
import { shellWord } from "../phrases.ts";
import { NOTE_QUESTION, type Question } from "./questions.ts";
import { dataOfRun, dataTitle, type RunData, readSplit } from "./runData.ts";
import { questionOf } from "./splitPrompts.ts";

/** Number of default prompts: enough to see a difference, few enough to wait for. */
export const DEFAULT_PROMPTS = 3;
/** Number of candidates, since some may be too long for the model. */
const POOL = 40;

/** Common names of held-out splits, likeliest first, for runs without an evaluation split. */
const HELD_OUT = ["test_prefs", "test", "validation", "valid", "val", "dev", "eval"];
const TRAINING = ["train_prefs", "train"];

export interface RunPrompts {
  /** Distinct prompts in dataset order. */
  pool: Question[];
  /** A line for stderr that says where the prompts come from. @param asked number of prompts used. */
  source: (asked: number) => string;
}

export interface PromptRequest {
  /** Hub id, folder or file that replaces the run's dataset. */
  dataset?: string | undefined;
  token?: string | undefined;
}

/** The course note's question, with the reason for the fallback. */
export function notePrompt(reason: string): RunPrompts {
  return {
    pool: [{ text: NOTE_QUESTION }],
    source: () => `prompt: the course note's, since ${reason}; use --prompt to ask your own`,
  };
}

/** Reads from the disk and the hub's cache only; falls back to the course note's question if there is no data. */
export async function promptsOfRun(run: string, request: PromptRequest): Promise<RunPrompts> {
  const data: RunData | undefined = request.dataset ? { dataset_name: request.dataset } : await dataOfRun(run);
  if (data === undefined) return notePrompt("the run names no dataset (rows from memory are not saved with it)");
  const { heldOut, training } = splitsOf(data);
  let reason = "";
  for (const split of [...heldOut, ...training]) {
    try {
      const pool = await poolOf(data, split, request);
      const isTraining = training.includes(split);
      const kind = isTraining ? "training data: no held-out split is available" : "held out";
      if (pool.length > 0) {
        return { pool, source: (asked) => `prompts: ${asked} of ${dataTitle(data)}, split ${split} (${kind})` };
      }
      reason = "its rows have no prompts";
    } catch (error) {
      if (!(error instanceof PrefineError) || error.code === "interrupted") throw error;
      reason ||= reasonOf(error, split);
    }
  }
  return notePrompt(`${dataTitle(data)} has none (${reason || `no split ${HELD_OUT[1]} or ${TRAINING[1]}`})`);
}

/** "" for a split that the dataset lacks: the next one may exist. */
function reasonOf({ code, message }: PrefineError, split: string): string {
  if (message.includes("no split ")) return "";
  return code === "hub"
    ? `it is not in the hub's cache: --split ${shellWord(split)} downloads it`
    : message.split("\n")[0];
}

/** The split of a range: `train[90%:]` -> train. */
const wholeSplit = (name: string) => name.split("[")[0];

function splitsOf({ dataset_train_split, dataset_test_split = [] }: RunData) {
  const trained = (dataset_train_split ?? "").split("+").map(wholeSplit);
  const evaluated = dataset_test_split.filter((name) => name !== dataset_train_split);
  const heldOut = HELD_OUT.filter((name) => !trained.includes(name));
  const own = dataset_train_split ? [dataset_train_split] : [];
  return { heldOut: [...new Set([...evaluated, ...heldOut])], training: [...new Set([...own, ...TRAINING])] };
}

async function poolOf(data: RunData, split: string, { token }: PromptRequest): Promise<Question[]> {
  const { rows, where } = await readSplit(data, split, { token, offline: true });
  const pool = new Map<string, Question>();
  let row = 0;
  for await (const one of rows()) {
    const question = questionOf(one, `${where} row ${row}`);
    if (question.text.trim() !== "") pool.set(JSON.stringify(question.chat ?? question.text), question);
    if (pool.size === POOL || ++row === 10 * POOL) break;
  }
  return [...pool.values()];
}
