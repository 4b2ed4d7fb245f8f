/** @file The fingerprint of a run, derived from the tables of options and compared with a checkpoint's. */
import type { AdapterConfig } from "../checkpoints/adapterConfig.ts";
import { compareFingerprints, type Fingerprint } from "../checkpoints/fingerprint.ts";
import { type DPOConfig, TRAINING_OPTIONS } from "../config/DPOConfig.ts";
import { optionsWith, type RunTable } from "../config/option.ts";
import { LORA_OPTIONS } from "../config/options/lora.ts";
import type { PairTokens } from "../data/preferences/types.ts";
import { isObject } from "../formats/parseJson.ts";
import { Sha256, sha256 } from "../formats/sha256.ts";
import { giveTurn } from "../host.ts";
import { optimizerKind } from "../optim/optimizers.ts";
import { evaluationSetName } from "./run.ts";

/** Milliseconds of work after which to yield to the event loop. */
const TURN_MS = 25;

export interface RunIdentity {
  args: DPOConfig;
  /** The effective value: lowered to the model's positions. */
  maxLength: number | null;
  /** Result of {@link describePairs}, or what else says which pairs these are. */
  train: string;
  /** The same of evaluation sets, by the prefix of their metrics. */
  evals: ReadonlyMap<string, string>;
  /** Result of {@link adapterIdentity}; null: all weights are trained. */
  adapter: Record<string, unknown> | null;
  trainable: readonly { name: string; shape: readonly number[] }[];
  /** Absent: unknown. */
  models?: Fingerprint["models"] | undefined;
}

/** Values that a checkpoint of this run must share, and values that may differ: the tables of options decide. */
export async function fingerprintOf(run: RunIdentity): Promise<Fingerprint> {
  const { args } = run;
  const evals: Record<string, string> = {};
  for (const [prefix, pairs] of run.evals) evals[evaluationSetName(prefix)] = pairs;
  return {
    data: {
      train_dataset: run.train,
      ...evals,
    },
    objective: {
      ...valuesOf(args, optionsWith("fixed", TRAINING_OPTIONS)),
      max_length: run.maxLength,
      lora: run.adapter,
      trainable: sha256(JSON.stringify(run.trainable.map(({ name, shape }) => [name, shape]))).slice(0, 16),
    },
    schedule: valuesOf(args, optionsWith("warned", TRAINING_OPTIONS)),
    ...(run.models ? { models: run.models } : {}),
  };
}

/** Adapter settings that must not change when a run is resumed, with the quantization of the base model. */
export function adapterIdentity(adapter: AdapterConfig, quantization: string | null): Record<string, unknown> {
  const names = optionsWith("fixed", LORA_OPTIONS);
  const values = { ...defaultsOf(names, LORA_OPTIONS), ...defined(valuesOf(adapter, names)) };
  const targets = adapter.target_modules;
  const target_modules = Array.isArray(targets) ? targets.toSorted() : targets;
  return { ...values, target_modules, ...(quantization === null ? {} : { quantization }) };
}

/**
 * Allowed changes since a checkpoint was written, one text per changed value.
 * @param where the checkpoint's path, for messages.
 * @throws PrefineError("config") for changes that are not allowed; names them.
 */
export function changesSince(saved: Fingerprint, now: Fingerprint, where: string): string[] {
  const data = commonSets(saved.data, now.data);
  const [before, after] = withEqualSteps({ ...withCurrentOptions(saved, now), data }, now);
  return compareFingerprints(before, { ...after, data: commonSets(now.data, data) }, where);
}

const BATCHES = ["per_device_train_batch_size", "gradient_accumulation_steps"];

/**
 * Values that may change because the steps stay the same. Transformers' rule for batches: a step has its pairs in any
 * number of micro-batches and ranks, so if both runs have the same pairs per step, only the rounding of the gradient
 * changes, and the means of logged metrics. An optimizer may be given by another of its names, the data's seed by
 * either option.
 */
function withEqualSteps(...runs: [Fingerprint, Fingerprint]): Fingerprint[] {
  const isSame = (effect: (objective: Values, ranks: number) => unknown) => {
    const [before, after] = runs.map(({ objective, ranks = 1 }) => effect(objective, ranks));
    return before === after;
  };
  const pairsPerStep = (values: Values, ranks: number) =>
    BATCHES.reduce((product, name) => product * Number(values[name]), ranks);
  const free = [
    ...(isSame(pairsPerStep) ? BATCHES : []),
    ...(isSame(({ optim }) => optimizerKind(String(optim)) ?? optim) ? ["optim"] : []),
    ...(isSame(({ data_seed, seed }) => data_seed ?? seed) ? ["data_seed"] : []),
  ];
  return runs.map(({ objective, schedule, ...others }) => {
    const fixed = Object.keys(objective).filter((name) => !free.includes(name));
    return {
      ...others,
      objective: valuesOf(objective, fixed),
      schedule: { ...valuesOf(objective, free), ...schedule },
    };
  });
}

/** A resumed run may drop or add an evaluation set, but not replace one under the same name. */
function commonSets(data: Values, other: Values): Values {
  return valuesOf(
    data,
    Object.keys(data).filter((name) => !name.startsWith("eval_dataset") || name in other),
  );
}

/**
 * A checkpoint's fingerprint in terms of the current tables. An option that it lacks was added later and had the effect
 * of its default before; if it only warns, it is not compared. An option that is no longer fixed does not refuse the
 * checkpoint; an option that no longer exists does.
 */
function withCurrentOptions(saved: Fingerprint, now: Fingerprint): Fingerprint {
  const objective = completed(saved.objective, now.objective, TRAINING_OPTIONS);
  const lora = objective.lora;
  if (isObject(lora) && isObject(now.objective.lora)) {
    objective.lora = completed(lora, now.objective.lora, LORA_OPTIONS);
  }
  const names = Object.keys(now.schedule).filter((name) => name in saved.schedule);
  return { ...saved, objective, schedule: { ...now.schedule, ...valuesOf(saved.schedule, names) } };
}

/** The values of `saved` that are compared today, with defaults for those that it lacks. */
function completed(saved: Values, now: Values, table: RunTable): Values {
  const compared = Object.keys(saved).filter((name) => name in now || !(name in table));
  return {
    ...defaultsOf(
      Object.keys(now).filter((name) => name in table),
      table,
    ),
    ...valuesOf(saved, compared),
  };
}

type Values = Record<string, unknown>;

const valuesOf = (values: object, names: readonly string[]): Values =>
  Object.fromEntries(names.map((name) => [name, (values as Values)[name]]));

const defined = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const defaultsOf = (names: readonly string[], table: RunTable): Values =>
  Object.fromEntries(names.map((name) => [name, table[name].default]));

/** Count and hash; 60,000 pairs of 500 tokens take 3 seconds, yielding to timers and signals in between. */
export async function describePairs(pairs: readonly PairTokens[]): Promise<string> {
  const hash = new Sha256();
  let turn = performance.now();
  for (const { prompt_ids, chosen_ids, rejected_ids, winRates } of pairs) {
    if (winRates) hash.update(Float64Array.of(winRates.chosen, winRates.rejected));
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
