/** @file transformers.GenerationConfig. Unset (null) fields take the model's value, then transformers' default. */
import type {
  GenerationConfigInput,
  GenerationConfig as GenerationConfigValues,
} from "./generated/GenerationConfig.ts";
import { GENERATION_OPTIONS } from "./options/generation.ts";
import { type GivenValues, givenBy, readOptions } from "./readOptions.ts";
import { Report } from "./report.ts";
import { shownBriefly } from "./shownBriefly.ts";

export { GENERATION_DEFAULTS } from "./options/generation.ts";

export type { GenerationConfigInput };
/** Generation settings under transformers' names: checked and frozen; null if unset. */
export interface GenerationConfig extends GenerationConfigValues {}

interface GenerationConfigConstructor {
  new (input?: GenerationConfigInput): GenerationConfig;
  (input?: GenerationConfigInput): GenerationConfig;
}

/**
 * transformers.GenerationConfig with its names; `new` may be omitted.
 * @throws PrefineError with all unknown keys, wrong values and options that are not built yet, one line each.
 */
export const GenerationConfig = function GenerationConfig(input: GenerationConfigInput = {}): GenerationConfig {
  const report = new Report();
  const config = readGenerationConfig(givenBy("GenerationConfig", input), report);
  report.throwProblems("GenerationConfig");
  return shownBriefly("GenerationConfig", GENERATION_OPTIONS, config);
} as GenerationConfigConstructor;

/** Reads and checks generation settings; problems and advice go to `report`. */
export function readGenerationConfig(given: GivenValues, report: Report): GenerationConfig {
  return readOptions(GENERATION_OPTIONS, given, {}, report);
}
