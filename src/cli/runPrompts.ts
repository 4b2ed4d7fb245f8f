/** @file Which prompts `prefine compare RUN` asks by itself: held-out ones of the run's data, or else the next best. */
import { PrefineError } from "../errors.ts";
import { NOTE_QUESTION, type Question } from "./questions.ts";
import { dataOfRun, dataTitle, type RunData, readSplit } from "./runData.ts";
import { questionOf } from "./splitPrompts.ts";

/** Prompts that are asked: enough to see a difference, few enough to wait for. */
export const ASKED = 3;
/** Prompts that they are chosen from: some may be too long for the model. */
const POOL = 40;

/** Names of splits that datasets hold out, likeliest first; asked for where the run was not evaluated on one. */
const HELD_OUT = ["test_prefs", "test", "validation", "valid", "val", "dev", "eval"];
const TRAINING = ["train_prefs", "train"];

export interface RunPrompts {
  /** In the order of the data, each once. */
  pool: Question[];
  /** Where they come from, for a line on stderr. @param asked how many are taken of the pool. */
  source: (asked: number) => string;
}

export interface PromptRequest {
  /** Hub id, folder or file, instead of the data that the run names. */
  dataset?: string | undefined;
  token?: string | undefined;
}

/** The course note's question, and why. */
export function notePrompt(reason: string): RunPrompts {
  return {
    pool: [{ text: NOTE_QUESTION }],
    source: () => `prompt: the course note's, since ${reason}; --prompt asks your own`,
  };
}

/** Reads what is on this disk and in the hub's cache, never the network; never fails for want of data. */
export async function promptsOfRun(run: string, request: PromptRequest): Promise<RunPrompts> {
  const data: RunData | undefined = request.dataset ? { dataset_name: request.dataset } : await dataOfRun(run);
  if (data === undefined) return notePrompt("the run names no dataset (rows from memory are not saved with it)");
  const { heldOut, training } = splitsOf(data);
  let reason = "";
  for (const split of [...heldOut, ...training]) {
    try {
      const pool = await poolOf(data, split, request);
      const isTraining = training.includes(split);
      const kind = isTraining ? "the run was trained on them: no held-out split is here" : "held out";
      if (pool.length > 0) {
        return { pool, source: (asked) => `prompts: ${asked} of ${dataTitle(data)}, split ${split} (${kind})` };
      }
      reason = "its rows have no prompts";
    } catch (error) {
      if (!(error instanceof PrefineError) || error.code === "interrupted") throw error;
      reason ||= reasonOf(error, split);
    }
  }
  return notePrompt(`${dataTitle(data)} gives none (${reason || `no split ${HELD_OUT[1]} or ${TRAINING[1]}`})`);
}

/** "" for a split that the dataset does not have: the next one may be there. */
function reasonOf({ code, message }: PrefineError, split: string): string {
  if (message.includes("no split ")) return "";
  return code === "hub" ? `it is not in the hub's cache: --split ${split} downloads it` : message.split("\n")[0];
}

/** The part of a split that a range such as `train[90%:]` is of. */
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
