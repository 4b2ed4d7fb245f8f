/** @file precompute_ref_log_probs: every pair's reference log-probabilities before the first step, cached on disk. */

import { cacheFile, readCached, writeCached } from "../../checkpoints/referenceCache.ts";
import { PrefineError } from "../../errors.ts";
import { counted } from "../../phrases.ts";
import { checkSignal, evaluationSetName, ownSignal, type Run, rankOf, type Split, Stopped, splitsOf } from "../run.ts";

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
  const missing = rowsWithoutScores(split);
  const count = split.pairs.length;
  const subject = `reference log-probabilities of ${name}`;
  if (missing.length === 0) return observer.info(`${subject}: ${counted(count, "pair")} from ${cache?.path}`);
  const few = `${missing.length} of ${counted(count, "pair")} ${missing.length === 1 ? "is" : "are"} not in the cache`;
  if (cache) observer.info(`${subject}: ${few}; scoring them`);
  await split.pairs.complete?.();
  const ranks = run.ranks?.world.size ?? 1;
  let saved = performance.now();
  let done = 0;
  try {
    while (done < missing.length) {
      checkSignal(ownSignal(run));
      observer.status(`scoring ${name} with the reference: ${done + 1}/${missing.length}`);
      const rows = missing.slice(done, done + ranks);
      const isSaveDue = await scoreRows(run, split, rows, performance.now() - saved >= SAVE_EVERY_MS);
      done += rows.length;
      if (!isSaveDue) continue;
      await cache?.save();
      saved = performance.now();
    }
  } finally {
    if (done > 0) await cache?.save();
  }
}

/**
 * Scores a row per rank, and gives all ranks all scores.
 * @param isDue whether rank 0's clock says that the cache is to be saved. @returns the same on all ranks.
 * @throws Stopped on all ranks if the signal of one has aborted.
 */
async function scoreRows(run: Run, { pairs, referenceLogps }: Split, rows: number[], isDue: boolean) {
  const { ranks, signal } = run;
  const own = rows.slice(rankOf(run), rankOf(run) + 1);
  const [logps] = await referenceLogps.of(await pairs.pairs(own));
  if (!ranks) return isDue;
  const numbers = [signal?.aborted ? 1 : 0, isDue ? 1 : 0, logps?.chosen ?? 0, logps?.rejected ?? 0];
  const all = await ranks.gather(Float64Array.from(numbers));
  const parts = Array.from({ length: ranks.world.size }, (_, rank) => all.subarray(rank * 4, rank * 4 + 4));
  for (const [rank, row] of rows.entries()) referenceLogps.values.set(parts[rank].subarray(2), 2 * row);
  if (parts.some(([isStopped]) => isStopped === 1)) throw new Stopped("stopped");
  return parts[0][1] === 1;
}

function rowsWithoutScores({ referenceLogps: { values } }: Split): number[] {
  return Array.from({ length: values.length / 2 }, (_, row) => row).filter((row) => Number.isNaN(values[2 * row]));
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
