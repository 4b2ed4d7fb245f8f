/** @file precompute_ref_log_probs: every pair's reference log-probabilities before the first step, cached on disk. */

import { cacheFile, readCached, writeCached } from "../../checkpoints/referenceCache.ts";
import { PrefineError } from "../../errors.ts";
import { counted } from "../../phrases.ts";
import { checkSignal, evaluationSetName, type Run, type Split, splitsOf } from "../run.ts";

/** Milliseconds of scoring between two saves of the cache, so that a crash loses little. */
const SAVE_EVERY_MS = 60_000;

/** Scores all pairs of all splits that have no scores yet. @throws Stopped; finished scores are in the cache. */
export async function precomputeReference(run: Run): Promise<void> {
  for (const [name, split] of splitsOf(run)) {
    if (countUnknown(split) > 0) await precomputeSplit(run, name, split);
  }
  run.observer.status(undefined);
}

async function precomputeSplit(run: Run, name: string, split: Split): Promise<void> {
  const { observer } = run;
  const cache = await openCache(run, name, split);
  const missing = countUnknown(split);
  const count = split.pairs.length;
  const subject = `reference log-probabilities of ${name}`;
  if (missing === 0) return observer.info(`${subject}: ${counted(count, "pair")} from ${cache?.path}`);
  const unscored = `${missing} of ${counted(count, "pair")} ${missing === 1 ? "is" : "are"} not in the cache`;
  if (cache) observer.info(`${subject}: ${unscored}; scoring them`);
  await split.pairs.complete?.();
  let saved = performance.now();
  let done = 0;
  try {
    for (let i = 0; i < count; i++) {
      if (!Number.isNaN(split.referenceLogps.values[2 * i])) continue;
      checkSignal(run.signal);
      observer.status(`scoring ${name} with the reference: ${++done}/${missing}`);
      await split.referenceLogps.of(await split.pairs.pairs([i]));
      if (performance.now() - saved < SAVE_EVERY_MS) continue;
      await cache?.save();
      saved = performance.now();
    }
  } finally {
    if (done > 0) await cache?.save();
  }
}

function countUnknown({ referenceLogps: { values } }: Split): number {
  let unknown = 0;
  for (let i = 0; i < values.length; i += 2) if (Number.isNaN(values[i])) unknown++;
  return unknown;
}

/** Fills in the values of the cache. Warns about a damaged file, which is then written again. */
async function openCache({ referenceCache, fingerprint, observer }: Run, name: string, split: Split) {
  if (!referenceCache) return undefined;
  const dataset = name === "train" ? "train_dataset" : evaluationSetName(name);
  const { folder, identity } = referenceCache;
  const pairs = fingerprint.data[dataset];
  const file = cacheFile(folder, { ...identity, pairs });
  const { values, fault } = await readCached(file, split.pairs.length);
  if (fault !== undefined) observer.warn(`${fault}; these reference log-probabilities are computed again`);
  if (values) split.referenceLogps.values.set(values);
  const save = async () => {
    await writeCached(file, split.referenceLogps.values).catch((error) => {
      if (!(error instanceof PrefineError)) throw error;
      observer.warn(`${error.message}; the reference log-probabilities are not cached`); // the run needs no cache
    });
  };
  return { path: folder.pathOf(file.name), save };
}
