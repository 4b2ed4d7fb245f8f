/** @file transformers.BitsAndBytesConfig: whether the base model is kept in 8 or 4 bits, and how. */
import type { Inputs, Values } from "./option.ts";
import { QUANTIZATION_OPTIONS } from "./options/quantization.ts";
import { type GivenValues, givenFrom, readOptions } from "./readOptions.ts";
import { Report } from "./report.ts";

export type BitsAndBytesConfigInput = Inputs<typeof QUANTIZATION_OPTIONS>;

/** Quantization under transformers' names, complete; frozen. */
export type BitsAndBytesConfig = Values<typeof QUANTIZATION_OPTIONS>;

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

/** Reads and checks a quantization; problems and advice go to `report`. */
export function readBitsAndBytesConfig(given: GivenValues, report: Report): BitsAndBytesConfig {
  const config = readOptions(QUANTIZATION_OPTIONS, given, {}, report);
  if (config.load_in_4bit && config.load_in_8bit) {
    report.problem(given.get("load_in_4bit")?.label ?? "load_in_4bit", "expected one of 4 and 8 bits, found both");
  }
  return config;
}
