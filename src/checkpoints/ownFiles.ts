/**
 * @file Tells a run's files from a user's: what replaces or deletes a checkpoint keeps every file that no run wrote.
 */
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from "./adapter.ts";
import { MODEL_WEIGHTS } from "./modelFiles.ts";
import { RESUME, readResumeFile } from "./resumeFile.ts";
import { TRAINER_STATE } from "./trainerState.ts";
import { TRAINING_ARGS } from "./trainingArgs.ts";

/** Written by `prefine plot` into the folder that it plots. */
const PLOTS = ["training_loss.svg", "training_loss.png"];

/** Names of the files of a model, its tokenizer and its training, written by prefine, PEFT, TRL or transformers. */
const MODEL_FILES: ReadonlySet<string> = new Set([
  ...[ADAPTER_WEIGHTS, ADAPTER_CONFIG, MODEL_WEIGHTS, "model.safetensors.index.json", "adapter_model.bin"],
  ...["pytorch_model.bin", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"],
  ...["special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model"],
  ...["chat_template.jinja", TRAINING_ARGS, "training_args.bin", TRAINER_STATE, RESUME],
  ...["optimizer.safetensors", "reference_logps.safetensors", "reference_weights.safetensors"],
  ...["optimizer.pt", "optimizer.bin", "scheduler.pt", "scaler.pt", "rng_state.pth"],
]);

/** Whether a file of this name is a model's, its tokenizer's or its training's. */
export const isModelFile = (name: string) => MODEL_FILES.has(name) || /^model-\d+-of-\d+\.safetensors$/.test(name);

/** PEFT and TRL write a card into each checkpoint. */
const isTrainersFile = (name: string) => isModelFile(name) || name === "README.md" || PLOTS.includes(name);

/** Files of which a training leaves at least one in a checkpoint. */
const STATES = [RESUME, TRAINER_STATE, TRAINING_ARGS, "training_args.bin"];

/**
 * Names of the files in a checkpoint folder that a run wrote: those that its state file lists; without a readable one,
 * those of a training's usual names, if there is any state of a training.
 */
export async function ownFiles(checkpoint: RunFolder): Promise<string[]> {
  const present = (await checkpoint.exists()) ? await checkpoint.list() : [];
  if (!present.some((name) => STATES.includes(name))) return [];
  const listed = await listedFiles(checkpoint);
  return present.filter((name) => (listed ? listed.has(name) || PLOTS.includes(name) : isTrainersFile(name)));
}

async function listedFiles(checkpoint: RunFolder): Promise<Set<string> | undefined> {
  try {
    return new Set([RESUME, ...Object.keys((await readResumeFile(checkpoint)).files)]);
  } catch (error) {
    if (error instanceof PrefineError) return undefined;
    throw error;
  }
}

/** PyTorch's, of which prefine writes none. */
const isPickled = (name: string) => /\.(pt|pth|bin)$/.test(name);

/** Whether a new checkpoint of that name would replace a user's file, or files of a model or training of others. */
export async function isInTheWay(folder: RunFolder): Promise<boolean> {
  if (!(await folder.exists())) return true; // a file of that name
  const names = await folder.list();
  if (names.includes(RESUME)) return false;
  return names.some(isPickled) || (!names.includes(TRAINER_STATE) && names.some(isModelFile));
}

/**
 * Deletes a checkpoint, except for the files that no run wrote.
 * @returns the names of those; the folder stays with them.
 */
export async function removeCheckpoint(checkpoint: RunFolder): Promise<string[]> {
  const own = await ownFiles(checkpoint);
  if (own.length === 0) return [];
  const others = (await checkpoint.list()).filter((name) => !own.includes(name));
  if (others.length === 0) await checkpoint.remove();
  // the list of files last: if this is interrupted, the next attempt finds the rest
  else
    for (const name of own.toSorted((a, b) => Number(a === RESUME) - Number(b === RESUME)))
      await checkpoint.delete(name);
  return others;
}
