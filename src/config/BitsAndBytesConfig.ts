/** @file transformers.BitsAndBytesConfig: quantization of the base model to 8 or 4 bits. */
import type {
  BitsAndBytesConfigInput,
  BitsAndBytesConfig as BitsAndBytesConfigValues,
} from "./generated/BitsAndBytesConfig.ts";
import { QUANTIZATION_OPTIONS } from "./options/quantization.ts";
import { type GivenValues, givenBy, givenFrom, readOptions } from "./readOptions.ts";
import { Report } from "./report.ts";
import { shownBriefly } from "./shownBriefly.ts";

export type { BitsAndBytesConfigInput };
/** Quantization settings under transformers' names: complete and frozen. */
export interface BitsAndBytesConfig extends BitsAndBytesConfigValues {}

interface BitsAndBytesConfigConstructor {
  new (input?: BitsAndBytesConfigInput): BitsAndBytesConfig;
  (input?: BitsAndBytesConfigInput): BitsAndBytesConfig;
}

/**
 * transformers.BitsAndBytesConfig with its names and defaults (including fp4); `new` may be omitted.
 * @throws PrefineError with all unknown keys, wrong values and options that are not built yet, one line each.
 */
export const BitsAndBytesConfig = function BitsAndBytesConfig(input: BitsAndBytesConfigInput = {}): BitsAndBytesConfig {
  const report = new Report();
  const config = readBitsAndBytesConfig(givenBy("BitsAndBytesConfig", input), report);
  report.throwProblems("BitsAndBytesConfig");
  return shownBriefly("BitsAndBytesConfig", QUANTIZATION_OPTIONS, config);
} as BitsAndBytesConfigConstructor;

/** Settings needed to quantize the same weights identically again. */
const RECORDED = [
  "load_in_8bit",
  "load_in_4bit",
  "bnb_4bit_quant_type",
  "bnb_4bit_use_double_quant",
  "llm_int8_skip_modules",
] as const;

/** Accepts read-only lists. */
type Quantization = { readonly [K in (typeof RECORDED)[number]]: Readonly<BitsAndBytesConfig[K]> };

/** The settings that a run's files record: those that affect the weights, under transformers' names. */
export function recordQuantization(config: Quantization): Record<string, unknown> {
  return Object.fromEntries(RECORDED.map((name) => [name, config[name]]));
}

/**
 * Reads a file's quantization_config, written by {@link recordQuantization} or by transformers in a config.json.
 * Ignores keys that don't affect the weights.
 * @param where the file's path, for messages.
 * @returns null if the file sets neither 4 nor 8 bits.
 * @throws PrefineError with all wrong values, one line each.
 */
export function recordedQuantization(file: Record<string, unknown>, where: string): BitsAndBytesConfig | null {
  const { quantization_config } = file;
  if (typeof quantization_config !== "object" || quantization_config === null) return null;
  const settings = quantization_config as Record<string, unknown>;
  if (settings.load_in_4bit !== true && settings.load_in_8bit !== true) return null;
  const report = new Report();
  const recorded = RECORDED.filter((name) => settings[name] !== undefined).map((name) => [name, settings[name]]);
  const config = readBitsAndBytesConfig(givenFrom(Object.fromEntries(recorded)), report);
  report.throwProblems(`${where}: quantization_config`);
  return shownBriefly("BitsAndBytesConfig", QUANTIZATION_OPTIONS, config);
}

/** Reads and checks a quantization; problems and advice go to `report`. */
export function readBitsAndBytesConfig(given: GivenValues, report: Report): BitsAndBytesConfig {
  const config = readOptions(QUANTIZATION_OPTIONS, given, {}, report);
  if (config.load_in_4bit && config.load_in_8bit) {
    report.problem(given.get("load_in_4bit")?.label ?? "load_in_4bit", "expected one of 4 and 8 bits, found both");
  }
  return config;
}
