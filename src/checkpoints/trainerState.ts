/** @file trainer_state.json: transformers.TrainerState (5.23), field for field. */

import type { ModelFiles } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { parseJson } from "../formats/parseJson.ts";

const DAMAGED = "Is the file damaged? Resume from another checkpoint.";

export const TRAINER_STATE = "trainer_state.json";

/** One line of the log: TRL's metric names -> values, with `epoch` and `step`. */
export type LogEntry = Record<string, number>;

export interface TrainerState {
  best_global_step: number | null;
  best_metric: number | null;
  best_model_checkpoint: string | null;
  /** Epochs done, with a fraction. */
  epoch: number;
  /** Steps between evaluations. */
  eval_steps: number;
  /** Optimizer steps done. */
  global_step: number;
  is_hyper_param_search: boolean;
  is_local_process_zero: boolean;
  is_world_process_zero: boolean;
  log_history: LogEntry[];
  /** Steps between logs. */
  logging_steps: number;
  /** Optimizer steps of the whole run. */
  max_steps: number;
  /** Stays 0, as in transformers unless include_num_input_tokens_seen is set; TRL logs num_tokens instead. */
  num_input_tokens_seen: number;
  /** Epochs of the run, including a started one. */
  num_train_epochs: number;
  /** Steps between checkpoints. */
  save_steps: number;
  stateful_callbacks: Record<string, unknown>;
  /** transformers' estimate: 6 x padded tokens x non-embedding parameters. */
  total_flos: number;
  train_batch_size: number | null;
  trial_name: string | null;
  trial_params: Record<string, unknown> | null;
}

/** transformers' TrainerState(). */
export function newTrainerState(): TrainerState {
  return {
    best_global_step: null,
    best_metric: null,
    best_model_checkpoint: null,
    epoch: 0,
    eval_steps: 500,
    global_step: 0,
    is_hyper_param_search: false,
    is_local_process_zero: true,
    is_world_process_zero: true,
    log_history: [],
    logging_steps: 500,
    max_steps: 0,
    num_input_tokens_seen: 0,
    num_train_epochs: 0,
    save_steps: 500,
    stateful_callbacks: {},
    total_flos: 0,
    train_batch_size: null,
    trial_name: null,
    trial_params: null,
  };
}

/** JSON keeps every bit of a float64; keys of log entries keep TRL's order (transformers sorts them). */
export function encodeTrainerState(state: TrainerState): string {
  return `${JSON.stringify(state, null, 2)}\n`;
}

/**
 * @param where the file's path, for messages.
 * @throws PrefineError("model") if the text is not a trainer state.
 */
function parseTrainerState(text: string, where: string): TrainerState {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw new PrefineError("model", `${where}: expected JSON, found: ${(cause as Error).message}`, DAMAGED, { cause });
  }
  const state = { ...newTrainerState(), ...(json as Partial<TrainerState>) };
  const isLog = Array.isArray(state.log_history) && state.log_history.every(isLogEntry);
  if (isLog && Number.isInteger(state.global_step) && state.global_step >= 0) return state;
  throw new PrefineError("model", `${where}: expected a trainer state with global_step and log_history`, DAMAGED);
}

function isLogEntry(entry: unknown): entry is LogEntry {
  return typeof entry === "object" && entry !== null && typeof (entry as LogEntry).step === "number";
}

/** The trainer state of a run or checkpoint folder. */
export async function readRunState(folder: ModelFiles): Promise<TrainerState> {
  const path = folder.pathOf(TRAINER_STATE);
  const text = await folder.readText(TRAINER_STATE);
  if (text !== undefined) return parseTrainerState(text, path);
  const message = `${path}: expected a run or a checkpoint, found no ${TRAINER_STATE}`;
  throw new PrefineError("io", message, "Give the output_dir of a run.");
}
