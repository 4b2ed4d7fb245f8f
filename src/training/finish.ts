/** @file Files of a finished run: model, tokenizer, log, plot, model card. */
import { modelCard } from "../checkpoints/modelCard.ts";
import { modelFiles } from "../checkpoints/modelFiles.ts";
import { checkOwned, refuseOwned } from "../checkpoints/ownership.ts";
import { CARD, freeName, freePlotName, sealCard } from "../checkpoints/runsOwn.ts";
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

/**
 * Writes all files of a finished output_dir. A user's README.md or picture stays; the run's gets another name.
 * @returns the names of those that interest a user.
 */
export async function finishRun(run: Run, facts: CardFacts): Promise<string[]> {
  const verdict = judgeRun(run, "finished");
  const { output } = run;
  await checkOwned(output, run.lock);
  await saveState(run); // first: if the process dies now, a later run recognizes the files as a training's
  const model = await saveModel(run, output);
  const verdictFile = await saveVerdict(run, verdict);
  const plot = await plotLoss(run);
  const card = modelCard({
    ...facts,
    model_name: output.name,
    settings: run.args,
    log_history: run.state.log_history,
    plot,
    verdict,
  });
  const cardFile = await freeName(output, CARD, (line) => run.observer.warn(line));
  if (cardFile !== undefined) await output.write(cardFile, sealCard(card));
  return [...model, TRAINER_STATE, verdictFile, plot, cardFile].filter((name) => name !== undefined);
}

/** Draws training_loss.svg and .png from trainer_state.json. @returns the PNG's name, if there was a loss to draw. */
async function plotLoss({ state, observer, platform, output }: Run): Promise<string | undefined> {
  if (!state.log_history.some((entry) => "loss" in entry)) return undefined;
  const name = await freePlotName(output, (line) => observer.warn(line));
  if (name === undefined) return undefined;
  try {
    return await platform.plotRun(output, name);
  } catch (error) {
    if (!(error instanceof PrefineError)) throw error;
    observer.warn(error.message); // the model is saved: a missing plot is not fatal
    return undefined;
  }
}
