/** @file What a finished run leaves in its folder: model, tokenizer, log, plot, model card. */
import { basename, join, resolve } from "node:path";
import { type ModelCardInput, modelCard } from "../checkpoints/modelCard.ts";
import { modelFiles } from "../checkpoints/modelFiles.ts";
import { encodeTrainerState, TRAINER_STATE } from "../checkpoints/trainerState.ts";
import { writeFileAtomically } from "../disk/wholeFiles.ts";
import { PrefineError } from "../errors.ts";
import { weightsOf } from "./learnerState.ts";
import type { Run } from "./run.ts";
import { statefulCallbacks } from "./saveCheckpoint.ts";

/** What a model card says and a run does not know. */
export type CardFacts = Pick<ModelCardInput, "base_model" | "quantization" | "adapter" | "dataset_name" | "versions">;

/** Writes the weights as they are now, with the tokenizer and training_args.json: Trainer.save_model. */
export async function saveModel(run: Run, dir: string): Promise<void> {
  for (const [name, content] of [...modelFiles(run.model, weightsOf(run.learner)), ...run.files]) {
    await writeFileAtomically(join(dir, name), content);
  }
}

/** trainer_state.json: Trainer.save_state. */
export async function saveState(run: Run, dir: string): Promise<void> {
  const state = { ...run.state, stateful_callbacks: statefulCallbacks(run, { should_save: false }) };
  await writeFileAtomically(join(dir, TRAINER_STATE), encodeTrainerState(state));
}

/** Everything that a finished output_dir holds. */
export async function finishRun(run: Run, facts: CardFacts): Promise<void> {
  const dir = run.args.output_dir;
  await saveModel(run, dir);
  await saveState(run, dir);
  const plot = await plotLoss(run, dir);
  const card = modelCard({
    ...facts,
    model_name: basename(resolve(dir)),
    settings: run.args,
    log_history: run.state.log_history,
    ...(plot ? { plot: basename(plot) } : {}),
  });
  await writeFileAtomically(join(dir, "README.md"), card);
}

/** Draws training_loss.svg and .png from trainer_state.json. @returns the PNG's path, if there was a loss to draw. */
async function plotLoss({ state, observer }: Run, dir: string): Promise<string | undefined> {
  if (!state.log_history.some((entry) => "loss" in entry)) return undefined;
  const { plotRunFolders } = await import("../plots/plotRunFolders.ts"); // loads a font and a rasterizer: only now
  try {
    return (await plotRunFolders([dir])).png;
  } catch (error) {
    if (!(error instanceof PrefineError)) throw error;
    observer.warn(error.message); // the model is saved: a picture is no reason to fail
    return undefined;
  }
}
