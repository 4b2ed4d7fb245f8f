/** @file Before a training on another execution provider than the CPU: it has to agree with the CPU on one pair. */
import { compareDevices } from "../../dpo/compareDevices.ts";
import { createLearner, type EngineLearner } from "../../dpo/engineLearner.ts";
import type { LearnerOptions } from "../../dpo/learnerOptions.ts";
import type { Platform } from "../platform.ts";
import type { PairSource, RunObserver } from "../run.ts";

interface Verifying {
  options: LearnerOptions;
  pairs: PairSource;
  platform: Platform;
  observer: RunObserver;
}

/**
 * Graphs are verified on the CPU, where this does nothing. Elsewhere it loads the model a second time, on the CPU.
 * @throws PrefineError("training") if loss or gradients of the first pair differ; `learner` is then disposed of.
 */
export async function verifyDevice(
  learner: EngineLearner,
  { options, pairs, platform, observer }: Verifying,
): Promise<void> {
  const { otherProviders = [] } = learner.runtime;
  if (otherProviders.length === 0 || pairs.length === 0) return;
  const [pair] = await pairs.pairs([0]);
  const where = `execution provider ${otherProviders.join(", ")}`;
  observer.status(`comparing ${where} with the CPU`);
  let cpu: EngineLearner | undefined;
  try {
    cpu = await createLearner(options, await platform.openDevice({ providers: [] }));
    await compareDevices({ tested: learner, cpu, where }, pair);
    observer.info(`${where}: loss and gradients of the first pair agree with the CPU's`);
  } catch (error) {
    await learner.dispose();
    throw error;
  } finally {
    await cpu?.dispose();
    observer.status(undefined);
  }
}
