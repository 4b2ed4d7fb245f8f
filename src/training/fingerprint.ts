/** @file What makes a run the same run: derived from the tables of options, noted, and compared with a checkpoint. */
import type { AdapterConfig } from "../checkpoints/adapterConfig.ts";
import { compareFingerprints, type Fingerprint } from "../checkpoints/fingerprint.ts";
import { type DPOConfig, TRAINING_OPTIONS } from "../config/DPOConfig.ts";
import { optionsWith, type RunTable } from "../config/option.ts";
import { LORA_OPTIONS } from "../config/options/lora.ts";
import type { PairTokens } from "../data/preferences/types.ts";
import { isObject } from "../formats/parseJson.ts";
import { Sha256, sha256 } from "../formats/sha256.ts";
import { giveTurn } from "../host.ts";
import { evaluationSetName } from "./run.ts";

/** Milliseconds of work after which the event loop gets a turn. */
const TURN_MS = 25;

export interface RunIdentity {
  args: DPOConfig;
  /** The value that counts: lowered to the model's positions. */
  maxLength: number | null;
  train: readonly PairTokens[];
  /** Evaluation sets by the prefix of their metrics. */
  evals: ReadonlyMap<string, readonly PairTokens[]>;
  /** What {@link adapterIdentity} says; null: all weights are trained. */
  adapter: Record<string, unknown> | null;
  trainable: readonly { name: string; shape: readonly number[] }[];
}

/** What must be equal for a checkpoint to be of this run, and what may differ: as the tables of options say. */
export async function fingerprintOf(run: RunIdentity): Promise<Fingerprint> {
  const { args } = run;
  const evals: Record<string, string> = {};
  for (const [prefix, pairs] of run.evals) {
    evals[evaluationSetName(prefix)] = await describePairs(pairs);
  }
  return {
    data: {
      train_dataset: await describePairs(run.train),
      ...evals,
    },
    objective: {
      ...valuesOf(args, optionsWith("fixed", TRAINING_OPTIONS)),
      max_length: run.maxLength,
      lora: run.adapter,
      trainable: sha256(JSON.stringify(run.trainable.map(({ name, shape }) => [name, shape]))).slice(0, 16),
    },
    schedule: valuesOf(args, optionsWith("warned", TRAINING_OPTIONS)),
  };
}

/** What of an adapter must be the same when a run is resumed, with the quantization of its base. */
export function adapterIdentity(adapter: AdapterConfig, quantization: string | null): Record<string, unknown> {
  const names = optionsWith("fixed", LORA_OPTIONS);
  const values = { ...defaultsOf(names, LORA_OPTIONS), ...defined(valuesOf(adapter, names)) };
  const targets = adapter.target_modules;
  const target_modules = typeof targets === "string" ? targets : targets.toSorted();
  return { ...values, target_modules, ...(quantization === null ? {} : { quantization }) };
}

/**
 * What has changed since a checkpoint was written, one text per value that may.
 * @param where the checkpoint's path, for messages.
 * @throws PrefineError("config") for a change of what may not; it says of what.
 */
export function changesSince(saved: Fingerprint, now: Fingerprint, where: string): string[] {
  const data = commonSets(saved.data, now.data);
  return compareFingerprints(
    { ...inTodaysTerms(saved, now), data },
    { ...now, data: commonSets(now.data, data) },
    where,
  );
}

/** A run may go on without an evaluation set, or with one from now on; but not with another one of that name. */
function commonSets(data: Values, other: Values): Values {
  return valuesOf(
    data,
    Object.keys(data).filter((name) => !name.startsWith("eval_dataset") || name in other),
  );
}

/**
 * A checkpoint's fingerprint in the terms of today's tables. An option that it does not know came later, and had the
 * effect of its default until then; of one that only warns, nothing is said then. An option that is no longer fixed is
 * no reason to refuse; one that is gone is.
 */
function inTodaysTerms(saved: Fingerprint, now: Fingerprint): Fingerprint {
  const objective = completed(saved.objective, now.objective, TRAINING_OPTIONS);
  const lora = objective.lora;
  if (isObject(lora) && isObject(now.objective.lora)) {
    objective.lora = completed(lora, now.objective.lora, LORA_OPTIONS);
  }
  const names = Object.keys(now.schedule).filter((name) => name in saved.schedule);
  return { ...saved, objective, schedule: { ...now.schedule, ...valuesOf(saved.schedule, names) } };
}

/** The values of `saved` that count now, with defaults for those that it lacks. */
function completed(saved: Values, now: Values, table: RunTable): Values {
  const counting = Object.keys(saved).filter((name) => name in now || !(name in table));
  return {
    ...defaultsOf(
      Object.keys(now).filter((name) => name in table),
      table,
    ),
    ...valuesOf(saved, counting),
  };
}

type Values = Record<string, unknown>;

const valuesOf = (values: object, names: readonly string[]): Values =>
  Object.fromEntries(names.map((name) => [name, (values as Values)[name]]));

const defined = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const defaultsOf = (names: readonly string[], table: RunTable): Values =>
  Object.fromEntries(names.map((name) => [name, table[name].default]));

/** Number and hash; 60,000 pairs of 500 tokens take 3 seconds, in which timers and signals get their turns. */
async function describePairs(pairs: readonly PairTokens[]): Promise<string> {
  const hash = new Sha256();
  let turn = performance.now();
  for (const { prompt_ids, chosen_ids, rejected_ids } of pairs) {
    for (const ids of [prompt_ids, chosen_ids, rejected_ids]) {
      hash.update(Int32Array.of(ids.length));
      hash.update(Int32Array.from(ids));
    }
    if (performance.now() - turn < TURN_MS) continue;
    await giveTurn();
    turn = performance.now();
  }
  return `${pairs.length} pairs, sha256 ${hash.hex().slice(0, 16)}`;
}
