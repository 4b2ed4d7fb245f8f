/** @file Names of checkpoint folders, as transformers gives them. */

const CHECKPOINT_NAME = /^checkpoint-(\d+)$/;

/** The folder of the checkpoint after `step` optimizer steps. */
export function checkpointName(step: number): string {
  return `checkpoint-${step}`;
}

/** The optimizer steps that a folder's name states; undefined if it is not a checkpoint's. */
export function stepOfName(name: string): number | undefined {
  const step = CHECKPOINT_NAME.exec(name)?.[1];
  return step === undefined ? undefined : Number(step);
}

/** Whether a folder has the name of a checkpoint; its run is then the folder above. */
export const isCheckpointName = (name: string): boolean => CHECKPOINT_NAME.test(name);
