/** @file Files of a finished run: model, tokenizer, log, plot, model card. */
import { modelCard } from "../checkpoints/modelCard.ts";
import { modelFiles } from "../checkpoints/modelFiles.ts";
import { checkOwned, refuseOwned } from "../checkpoints/ownership.ts";
import { VERDICT } from "../checkpoints/runDirectory.ts";
import { encodeTrainerState, TRAINER_STATE } from "../checkpoints/trainerState.ts";
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { judgeRun, saveVerdict } from "./conclude.ts";
import { weightsOf } from "./learnerState.ts";
import type { CardFacts } from "./prepare/cardFacts.ts";
import type { Run } from "./run.ts";
import { statefulCallbacks } from "./saveCheckpoint.ts";

/**
 * Writes the current weights, with the tokenizer and training_args.json: Trainer.save_model.
 * @returns the names of the model's own files.
 */
export async function saveModel(run: Run, folder: RunFolder): Promise<string[]> {
  await refuseOwned(folder, { own: run.lock });
  const own = modelFiles(run.savedAs, weightsOf(run.learner));
  for (const [name, content] of [...own, ...run.files]) await folder.write(name, content);
  return own.map(([name]) => name);
}

/** trainer_state.json: Trainer.save_state. */
export async function saveState(run: Run): Promise<void> {
  await refuseOwned(run.output, { own: run.lock });
  const state = { ...run.state, stateful_callbacks: statefulCallbacks(run, { should_save: false }) };
  await run.output.write(TRAINER_STATE, encodeTrainerState(state));
}

/** Writes all files of a finished output_dir. @returns the names of those that interest a user. */
export async function finishRun(run: Run, facts: CardFacts): Promise<string[]> {
  const verdict = judgeRun(run, "finished");
  const { output } = run;
  await checkOwned(output, run.lock);
  const model = await saveModel(run, output);
  await saveState(run);
  await saveVerdict(run, verdict);
  const plot = await plotLoss(run);
  const card = modelCard({
    ...facts,
    model_name: output.name,
    settings: run.args,
    log_history: run.state.log_history,
    plot,
    verdict,
  });
  await output.write("README.md", card);
  return [...model, TRAINER_STATE, VERDICT, ...(plot ? [plot] : []), "README.md"];
}

/** Draws training_loss.svg and .png from trainer_state.json. @returns the PNG's name, if there was a loss to draw. */
async function plotLoss({ state, observer, platform, output }: Run): Promise<string | undefined> {
  if (!state.log_history.some((entry) => "loss" in entry)) return undefined;
  try {
    return await platform.plotRun(output);
  } catch (error) {
    if (!(error instanceof PrefineError)) throw error;
    observer.warn(error.message); // the model is saved: a missing plot is not fatal
    return undefined;
  }
}
