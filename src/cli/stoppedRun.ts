/** @file The line that says which checkpoint of a stopped run a command uses. */
import { PrefineError } from "../errors.ts";
import { stoppedAt } from "../pretrained/modelSource.ts";

/** Undefined for a finished run and any other model. */
export async function stoppedRunLine(run: string): Promise<string | undefined> {
  try {
    const checkpoint = await stoppedAt(run);
    return checkpoint && stoppedLine(run, checkpoint.name);
  } catch (error) {
    if (error instanceof PrefineError) return undefined; // reported when the model is loaded
    throw error;
  }
}

export const stoppedLine = (run: string, checkpoint: string) =>
  `${run}: the run has not finished; its newest valid checkpoint is used, ${checkpoint}`;
