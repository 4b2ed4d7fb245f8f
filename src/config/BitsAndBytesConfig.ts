/** @file transformers.BitsAndBytesConfig: whether the base model is kept in 8 or 4 bits, and how. */
import type {
  BitsAndBytesConfigInput,
  BitsAndBytesConfig as BitsAndBytesConfigValues,
} from "./generated/BitsAndBytesConfig.ts";
import { QUANTIZATION_OPTIONS } from "./options/quantization.ts";
import { type GivenValues, givenFrom, readOptions } from "./readOptions.ts";
import { Report } from "./report.ts";

export type { BitsAndBytesConfigInput };
/** Quantization under transformers' names, complete; frozen. */
export type BitsAndBytesConfig = BitsAndBytesConfigValues;

interface BitsAndBytesConfigConstructor {
  new (input?: BitsAndBytesConfigInput): BitsAndBytesConfig;
  (input?: BitsAndBytesConfigInput): BitsAndBytesConfig;
}

/**
 * transformers.BitsAndBytesConfig with its names and defaults (fp4, too); `new` may be left out.
 * @throws PrefineError with all unknown keys, wrong values and options that are not built yet, one line each.
 */
export const BitsAndBytesConfig = function BitsAndBytesConfig(input: BitsAndBytesConfigInput = {}): BitsAndBytesConfig {
  const report = new Report();
  const config = readBitsAndBytesConfig(givenFrom(input), report);
  report.throwProblems("BitsAndBytesConfig");
  return Object.freeze(config);
} as BitsAndBytesConfigConstructor;

/** What of a quantization decides how the same weights come to stand in memory again. */
const COUNTS = [
  "load_in_8bit",
  "load_in_4bit",
  "bnb_4bit_quant_type",
  "bnb_4bit_use_double_quant",
  "llm_int8_skip_modules",
] as const;

/** Lists may be read-only. */
type Recorded = { readonly [K in (typeof COUNTS)[number]]: Readonly<BitsAndBytesConfig[K]> };

/** A quantization as a run's files keep it: what decides about the weights, under transformers' names. */
export function recordQuantization(config: Recorded): Record<string, unknown> {
  return Object.fromEntries(COUNTS.map((name) => [name, config[name]]));
}

/**
 * The key quantization_config of a file: what {@link recordQuantization} gave, or transformers wrote into a
 * config.json. Keys that don't decide about the weights are left alone.
 * @param where the file's path, for messages.
 * @returns null where the file says nothing of 4 or 8 bits.
 * @throws PrefineError with all wrong values, one line each.
 */
export function recordedQuantization(file: Record<string, unknown>, where: string): BitsAndBytesConfig | null {
  const { quantization_config } = file;
  if (typeof quantization_config !== "object" || quantization_config === null) return null;
  const settings = quantization_config as Record<string, unknown>;
  if (settings.load_in_4bit !== true && settings.load_in_8bit !== true) return null;
  const report = new Report();
  const counted = COUNTS.filter((name) => settings[name] !== undefined).map((name) => [name, settings[name]]);
  const config = readBitsAndBytesConfig(givenFrom(Object.fromEntries(counted)), report);
  report.throwProblems(`${where}: quantization_config`);
  return Object.freeze(config);
}

/** Reads and checks a quantization; problems and advice go to `report`. */
export function readBitsAndBytesConfig(given: GivenValues, report: Report): BitsAndBytesConfig {
  const config = readOptions(QUANTIZATION_OPTIONS, given, {}, report);
  if (config.load_in_4bit && config.load_in_8bit) {
    report.problem(given.get("load_in_4bit")?.label ?? "load_in_4bit", "expected one of 4 and 8 bits, found both");
  }
  return config;
}
