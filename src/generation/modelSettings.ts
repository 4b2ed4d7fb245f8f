/**
 * @file Generation settings in a model's generation_config.json or config.json. Files have values that transformers
 * ignores or only warns about; these never stop a generation, as there.
 */
import { type GenerationConfig, readGenerationConfig } from "../config/GenerationConfig.ts";
import { isReady, type Option } from "../config/option.ts";
import { GENERATION_OPTIONS } from "../config/options/generation.ts";
import { givenFrom } from "../config/readOptions.ts";
import { Report } from "../config/report.ts";
import { isGgufPath } from "../formats/ggufPath.ts";
import type { LoadedModel } from "../models/loadedModel.ts";

export type OptionValues = { -readonly [K in keyof GenerationConfig]?: GenerationConfig[K] };

/** Settings as a file has them; keys that are no option are ignored. */
export interface ModelSettings {
  /** The file's name, for messages. */
  where: string;
  values: Readonly<Record<string, unknown>>;
}

/** How the call generates: what decides whether other options have an effect. */
interface Mode {
  samples: boolean;
  hasBeams: boolean;
  /** Whether max_new_tokens is set, and min_new_tokens: they replace max_length and min_length. */
  hasMost: boolean;
  hasLeast: boolean;
}

const OPTIONS: Record<string, Option<unknown, unknown>> = GENERATION_OPTIONS;

/** Whether a value does nothing in transformers, although its kind or prefine does not accept it. */
type IsIdle = (value: unknown, mode: Mode, file: ModelSettings["values"]) => boolean;

const isBelowZero: IsIdle = (value) => typeof value === "number" && value < 0;
const isFromOne: IsIdle = (value) => typeof value === "number" && value >= 1;
const isEmpty: IsIdle = (value) => Array.isArray(value) && value.length === 0;
const isGreedy: IsIdle = (_, { samples }) => !samples;
const hasNoBeams: IsIdle = (_, { hasBeams }) => !hasBeams;

const IDLE: Record<string, readonly IsIdle[]> = {
  // not an id: compared with no token, and never read without padding
  pad_token_id: [isBelowZero],
  bos_token_id: [isBelowZero, Array.isArray], // read for an empty prompt alone
  eos_token_id: [isBelowZero],
  max_length: [(_, { hasMost }) => hasMost],
  min_length: [isBelowZero, (_, { hasLeast }) => hasLeast],
  min_new_tokens: [isBelowZero],
  no_repeat_ngram_size: [isBelowZero],
  encoder_no_repeat_ngram_size: [isBelowZero],
  suppress_tokens: [isEmpty],
  begin_suppress_tokens: [isEmpty],
  temperature: [isGreedy],
  top_k: [isGreedy],
  top_p: [isGreedy, isFromOne],
  min_p: [isGreedy],
  typical_p: [isGreedy, isFromOne],
  epsilon_cutoff: [isGreedy],
  eta_cutoff: [isGreedy],
  top_h: [isGreedy],
  num_return_sequences: [(value) => typeof value === "number" && value <= 1],
  length_penalty: [hasNoBeams],
  num_beam_groups: [hasNoBeams],
  diversity_penalty: [hasNoBeams, (_v, _m, { num_beam_groups }) => !isAbove(num_beam_groups, 1)],
  penalty_alpha: [
    isBelowZero,
    (_v, { samples, hasBeams }, { top_k = 50 }) => samples || hasBeams || !isAbove(top_k, 1),
  ],
  dola_layers: [(_, { hasBeams }) => hasBeams],
};

const isAbove = (value: unknown, least: number) => typeof value === "number" && value > least;

export interface ReadModelSettings {
  values: OptionValues;
  /** Keys with a value that has no effect, which `values` lacks. */
  idle: [key: keyof OptionValues, value: unknown][];
}

/**
 * @param options.overridden keys whose value the caller gives.
 * @throws PrefineError with all values that would change results and can't be used.
 */
export function readModelSettings(
  { where, values: file }: ModelSettings,
  { overridden, mode }: { overridden: ReadonlySet<string>; mode: (own: OptionValues) => Mode },
): ReadModelSettings {
  const given = Object.entries(file).filter(([key, value]) => value != null && !overridden.has(key) && isRead(key));
  const present = Object.fromEntries(given.map(([key, value]) => [key, withoutNegatives(key, value)]));
  const currentMode = mode(accepted(present, ["do_sample", "num_beams", "max_new_tokens", "min_new_tokens"]));
  const idle: ReadModelSettings["idle"] = [];
  for (const [key, value] of Object.entries(present)) {
    const isIdle = Object.hasOwn(IDLE, key) && IDLE[key].some((test) => test(value, currentMode, file));
    if (!isIdle || Object.hasOwn(accepted(present, [key]), key)) continue;
    idle.push([key as keyof OptionValues, value]);
    delete present[key];
  }
  const report = new Report();
  const values = readGenerationConfig(givenFrom(present), report);
  report.throwProblems(where, "Fix or remove it in the model's folder.");
  return { values: withoutNull(values), idle };
}

/** low_memory has an effect in its absence: transformers refuses it with beams. */
const isRead = (key: string) =>
  Object.hasOwn(OPTIONS, key) && (OPTIONS[key].support !== "no-effect" || key === "low_memory");

/** End-of-sequence ids below 0 match no token. */
function withoutNegatives(key: string, value: unknown): unknown {
  if (key !== "eos_token_id" || !Array.isArray(value)) return value;
  return value.filter((id) => !(typeof id === "number" && id < 0));
}

/** The named values as far as prefine accepts them. */
function accepted(file: Record<string, unknown>, keys: readonly string[]): OptionValues {
  const read = keys.map((key) => [key, OPTIONS[key].kind.read(file[key])] as const);
  return withoutNull(Object.fromEntries(read.filter(([key, value]) => value != null && isReady(OPTIONS[key], value))));
}

export const withoutNull = (values: object): OptionValues =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value != null)) as OptionValues;

/** The settings of a model: its generation_config.json; without one, config.json's, as transformers reads them. */
export function settingsOf({ generationConfig, config, configFile }: LoadedModel): ModelSettings {
  const file = configFile.split(/[\\/]/).at(-1) as string;
  if (Object.keys(generationConfig).length > 0) {
    return { where: isGgufPath(file) ? file : "generation_config.json", values: generationConfig };
  }
  const own = Object.entries(config).filter(([key]) => Object.hasOwn(OPTIONS, key));
  return { where: file, values: Object.fromEntries(own) };
}
