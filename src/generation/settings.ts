/**
 * @file Merges a call's options, its GenerationConfig, the model's generation_config.json and the defaults.
 * Precedence, length rules and warnings follow `generate` in transformers 5.23.
 */
import { GENERATION_DEFAULTS, type GenerationConfigInput, readGenerationConfig } from "../config/GenerationConfig.ts";
import { givenBy } from "../config/readOptions.ts";
import { Report } from "../config/report.ts";
import { PrefineError } from "../errors.ts";
import { pushAll } from "../lists.ts";
import { counted } from "../phrases.ts";
import type { ProcessorOptions } from "./logitsProcessors.ts";
import { type OptionValues, readModelSettings, withoutNull } from "./modelSettings.ts";
import type { GenerationSettings } from "./sequence.ts";

/** In order of precedence, highest first. */
interface SettingsSources {
  /** Options of the call itself; null unsets the other sources' value, like None in transformers. */
  call?: GenerationConfigInput;
  /** The GenerationConfig passed to the call. */
  config?: GenerationConfigInput;
  /** The model's generation_config.json, or config.json where it has none; unknown keys are ignored. */
  model?: Readonly<Record<string, unknown>>;
  /** The name of that file, for messages. */
  modelFile?: string;
  /** A pipeline's defaults, which replace the global ones. */
  pipeline?: GenerationConfigInput;
  /** Problems of the call's other options, reported with those of its settings. */
  problems?: readonly (readonly [name: string, problem: string])[];
}

/** Options that only affect sampling -> their neutral value. */
const SAMPLING_ONLY = {
  temperature: 1,
  top_p: 1,
  min_p: null,
  top_h: null,
  typical_p: 1,
  top_k: 50,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
} as const;
/** Options that only affect beam search -> their neutral value. */
const BEAMS_ONLY = { early_stopping: false, length_penalty: 1 } as const;

/**
 * @returns the settings, and one warning per option that has no effect or contradicts another.
 * @throws PrefineError with all problems of a source; code `not-yet` if all are unsupported features
 */
export function generationSettings(sources: SettingsSources): { settings: GenerationSettings; warnings: string[] } {
  const warnings: string[] = [];
  const call = readSource("generate", sources.call, { warnings, problems: sources.problems });
  const config = readSource("GenerationConfig", sources.config, { warnings });
  const { modelFile = "generation_config.json" } = sources;
  const user = { ...config, ...call };
  const defaults = readSource("pipeline", sources.pipeline);
  const model = readModelSettings(
    { where: modelFile, values: sources.model ?? {} },
    {
      overridden: new Set([...Object.keys(config), ...keysOf(sources.call)]),
      mode: (own) => {
        const { do_sample, num_beams } = { ...defaults, ...own, ...user };
        const { max_new_tokens, min_new_tokens } = { ...own, ...user };
        const lengths = { hasMost: max_new_tokens != null, hasLeast: min_new_tokens != null };
        return { samples: do_sample ?? false, hasBeams: (num_beams ?? 1) > 1, ...lengths };
      },
    },
  );
  const explicit = { ...model.values, ...user };
  const merged: OptionValues = { ...pipelineDefaults(defaults, explicit), ...explicit };
  for (const [key, value] of Object.entries(sources.call ?? {}))
    if (value === null) delete merged[key as keyof OptionValues];

  const { num_beams = 1, do_sample } = merged;
  const shown = { ...Object.fromEntries(model.idle), ...merged };
  if (!do_sample)
    pushAll(warnings, idleWarnings(SAMPLING_ONLY, shown, { user, needs: ["do_sample", "do_sample: true"] }));
  if (num_beams === 1)
    pushAll(warnings, idleWarnings(BEAMS_ONLY, shown, { user, needs: ["num_beams", "num_beams > 1"] }));
  for (const [key, value] of model.idle) {
    if (key.endsWith("_token_id")) warnings.push(`${modelFile}: ${key}: ${value} is no token, and is ignored`);
  }
  pushAll(warnings, lengthWarnings(merged));
  checkSearch(merged);
  return { settings: settingsFrom(merged, sources.call), warnings };
}

const keysOf = (input: object | undefined) =>
  Object.entries(input ?? {}).flatMap(([key, value]) => (value === undefined ? [] : [key]));

/** Parses and validates the options that one source sets. */
function readSource(
  where: string,
  input: GenerationConfigInput | undefined,
  { warnings = [], problems = [] }: { warnings?: string[]; problems?: SettingsSources["problems"] } = {},
): OptionValues {
  const report = new Report();
  for (const [name, problem] of problems) report.problem(name, problem);
  const values = readGenerationConfig(givenBy(where, input), report);
  report.throwProblems(where);
  pushAll(warnings, report.advice);
  return withoutNull(values);
}

/** The pipeline's defaults for unset options: no max_new_tokens if max_length is set, no warpers without sampling. */
function pipelineDefaults(defaults: OptionValues, chosen: OptionValues): OptionValues {
  const samples = chosen.do_sample ?? defaults.do_sample;
  const entries = Object.entries(defaults).filter(([key]) => {
    if (key === "max_new_tokens" && chosen.max_length !== undefined) return false;
    return samples || !Object.hasOwn(SAMPLING_ONLY, key);
  });
  return Object.fromEntries(entries) as OptionValues;
}

/**
 * Warnings about options that have no effect. transformers' `_should_warn`: none if the caller chose the mode and the
 * value comes from the model.
 * @param table the options and their neutral values
 */
function idleWarnings(
  table: OptionValues,
  merged: OptionValues,
  { user, needs: [mode, words] }: { user: OptionValues; needs: [mode: keyof OptionValues, words: string] },
): string[] {
  const names = Object.keys(table) as Array<keyof OptionValues>;
  return names
    .filter((name) => (merged[name] ?? table[name]) !== table[name])
    .filter((name) => user[name] !== undefined || user[mode] === undefined)
    .map((name) => `${name}: ${merged[name]} has no effect without ${words}`);
}

/** Rejects incompatible options, as transformers does. */
function checkSearch({ num_beams, num_return_sequences, do_sample, low_memory }: OptionValues): void {
  const beams = num_beams ?? 1;
  const answers = num_return_sequences ?? 1;
  if (beams > 1 && low_memory) {
    throw new PrefineError("config", "low_memory: removed from transformers' beam search, found true", "Remove it.");
  }
  if (beams > 1 && answers > beams) {
    const message = `expected at most num_beams, found ${answers} with num_beams: ${beams}`;
    throw new PrefineError("config", `num_return_sequences: ${message}`, "Raise num_beams.");
  }
  if (beams > 1 || answers === 1 || do_sample) return;
  throw new PrefineError(
    "config",
    `num_return_sequences: greedy decoding has one answer per prompt, found ${answers}`,
    "Set do_sample: true, or num_beams.",
  );
}

function lengthWarnings({ max_new_tokens, max_length, min_new_tokens, min_length }: OptionValues): string[] {
  const lines: string[] = [];
  if (max_new_tokens && max_length) {
    lines.push(`max_length: ${max_length} has no effect with max_new_tokens: ${max_new_tokens}`);
  }
  if (!max_new_tokens && !max_length) {
    lines.push(`max_new_tokens: not set, ${GENERATION_DEFAULTS.max_length} new tokens by default`);
  }
  if (min_new_tokens != null && min_length) {
    lines.push(`min_length: ${min_length} has no effect with min_new_tokens: ${min_new_tokens}`);
  }
  const most = max_new_tokens ?? (max_length ? undefined : GENERATION_DEFAULTS.max_length);
  if (min_new_tokens && most && min_new_tokens > most) {
    lines.push(`min_new_tokens: ${min_new_tokens} is more than the limit of ${counted(most, "new token")}`);
  }
  return lines;
}

function settingsFrom(merged: OptionValues, call: GenerationConfigInput | undefined): GenerationSettings {
  // A null in the call stays "off"; unset options take the default.
  const value = <K extends keyof typeof GENERATION_DEFAULTS>(key: K) =>
    merged[key] ?? (call?.[key] === null ? undefined : GENERATION_DEFAULTS[key]);
  const isLengthSet = (merged.max_new_tokens ?? merged.max_length) !== undefined;
  const eos = merged.eos_token_id ?? [];
  const eosTokenIds = typeof eos === "number" ? [eos] : eos;
  return {
    do_sample: merged.do_sample ?? false,
    num_beams: merged.num_beams ?? 1,
    early_stopping: merged.early_stopping ?? false,
    length_penalty: merged.length_penalty ?? GENERATION_DEFAULTS.length_penalty,
    num_return_sequences: merged.num_return_sequences ?? 1,
    temperature: value("temperature"),
    top_k: value("top_k"),
    top_p: value("top_p"),
    min_p: merged.min_p ?? undefined,
    typical_p: value("typical_p"),
    ...processorsFrom(merged),
    renormalize_logits: merged.renormalize_logits ?? false,
    repetition_penalty: value("repetition_penalty"),
    no_repeat_ngram_size: value("no_repeat_ngram_size"),
    max_new_tokens: isLengthSet ? (merged.max_new_tokens ?? undefined) : GENERATION_DEFAULTS.max_length,
    max_length: merged.max_length ?? undefined,
    max_time: merged.max_time ?? undefined,
    min_new_tokens: merged.min_new_tokens ?? undefined,
    min_length: merged.min_new_tokens == null ? (merged.min_length ?? undefined) : undefined,
    eosTokenIds,
    padTokenId: merged.pad_token_id ?? eosTokenIds[0],
    bosTokenId: merged.bos_token_id ?? undefined,
    stopStrings: merged.stop_strings ?? [],
    seed: merged.seed ?? crypto.getRandomValues(new Uint32Array(1))[0],
  };
}

/** The settings of further processors and warpers, which have no defaults. */
function processorsFrom(merged: OptionValues): ProcessorOptions {
  return {
    epsilon_cutoff: merged.epsilon_cutoff ?? undefined,
    eta_cutoff: merged.eta_cutoff ?? undefined,
    top_h: merged.top_h ?? undefined,
    sequence_bias: merged.sequence_bias ?? undefined,
    encoder_repetition_penalty: merged.encoder_repetition_penalty ?? undefined,
    encoder_no_repeat_ngram_size: merged.encoder_no_repeat_ngram_size ?? undefined,
    bad_words_ids: merged.bad_words_ids ?? undefined,
    forced_bos_token_id: merged.forced_bos_token_id ?? undefined,
    forced_eos_token_id: merged.forced_eos_token_id ?? undefined,
    exponential_decay_length_penalty: merged.exponential_decay_length_penalty ?? undefined,
    suppress_tokens: merged.suppress_tokens ?? undefined,
    begin_suppress_tokens: merged.begin_suppress_tokens ?? undefined,
  };
}
