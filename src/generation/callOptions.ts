/** @file The options of one call of generate: checked, and merged with the model's into settings. */
import { abortSignal, options as anOptions, anyFunction, nullable, optionProblems, optionsOf } from "../arguments.ts";
import type { GenerationConfigInput } from "../config/GenerationConfig.ts";
import { setOptions } from "../config/option.ts";
import { GENERATION_OPTIONS } from "../config/options/generation.ts";
import { aTokenizer } from "../data/tokenizers/checkCalls.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import type { StreamedText } from "./generate.ts";
import { generationSettings } from "./settings.ts";

/** Options of one call: those of GenerationConfig directly, or one in `generation_config` (direct ones win). */
export type GenerateOptions = GenerationConfigInput & {
  /**
   * Settings of generation; options given directly win over it.
   *
   * Default: the model's generation_config.json. Same as transformers.
   */
  generation_config?: GenerationConfigInput | undefined;
  /**
   * Tokenizer for texts and stop strings.
   *
   * Default: the model's. Same as transformers.
   */
  tokenizer?: Tokenizer | undefined;
  /**
   * Stops between two tokens; the call then rejects with code `interrupted`.
   *
   * Default: never stopped. Prefine's own.
   */
  signal?: AbortSignal | undefined;
  /**
   * Receives every token and its text as generated.
   *
   * Default: nothing. transformers' `streamer`.
   */
  onText?: ((piece: StreamedText) => void) | undefined;
  /**
   * Receives a line for each option without effect, once.
   *
   * Default: process.emitWarning. Prefine's own.
   */
  onWarning?: ((line: string) => void) | undefined;
  /**
   * Defaults for options that neither the call nor the model's generation_config.json sets.
   *
   * Default: transformers' defaults. Prefine's own.
   */
  defaults?: GenerationConfigInput | undefined;
};

/** Checks of the options that are none of GenerationConfig. */
export const OWN_OPTIONS = optionsOf<Omit<GenerateOptions, keyof GenerationConfigInput>>("generate", {
  generation_config: nullable(anOptions),
  tokenizer: aTokenizer,
  signal: abortSignal,
  onText: anyFunction,
  onWarning: anyFunction,
  defaults: anOptions,
});

/**
 * The settings of a call, and its warnings.
 * @param file the model's own settings, and the name of the file that has them.
 * @throws PrefineError("config") with all unknown options and wrong values of the call.
 */
export function callSettings(
  options: GenerateOptions,
  file: { model: Readonly<Record<string, unknown>>; modelFile: string },
) {
  const { generation_config, tokenizer, signal, onText, onWarning, defaults, ...direct } = options;
  const own = { generation_config, tokenizer, signal, onText, onWarning, defaults };
  const problems = [
    ...optionProblems("generate", own, OWN_OPTIONS),
    ...optionProblems("generate", direct, OWN_OPTIONS, { also: Object.keys(GENERATION_OPTIONS) }),
  ];
  const isFine = (name: string) => problems.every(([other]) => other !== name);
  const call = Object.fromEntries(Object.entries(setOptions(direct)).filter(([name]) => isFine(name)));
  return generationSettings({
    call,
    config: isFine("generation_config") ? (generation_config ?? undefined) : undefined,
    ...file,
    pipeline: isFine("defaults") ? defaults : undefined,
    problems,
  });
}
