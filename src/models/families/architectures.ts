/** @file config.json -> the architecture it describes. */
import { PrefineError, show } from "../../errors.ts";
import type { Architecture } from "../network.ts";
import { GEMMA, GEMMA2, GEMMA3_TEXT } from "./gemma.ts";
import { gpt2 } from "./gpt2.ts";
import { gptNeox } from "./gptNeox.ts";
import { GRANITE } from "./granite.ts";
import { LLAMA, MISTRAL } from "./llama.ts";
import { OLMO2 } from "./olmo2.ts";
import { PHI3 } from "./phi3.ts";
import { QWEN2, QWEN3 } from "./qwen.ts";
import { refuseFields } from "./refusedFields.ts";
import { rotaryDecoder } from "./rotaryDecoder.ts";
import { SMOLLM3 } from "./smollm3.ts";
import { STARCODER2 } from "./starcoder2.ts";

type Family = (config: Record<string, unknown>, where: string) => Architecture;

export const FAMILIES: Record<string, Family> = {
  gpt2,
  llama: rotaryDecoder(LLAMA),
  mistral: rotaryDecoder(MISTRAL),
  qwen2: rotaryDecoder(QWEN2),
  qwen3: rotaryDecoder(QWEN3),
  gemma: rotaryDecoder(GEMMA),
  gemma2: rotaryDecoder(GEMMA2),
  gemma3_text: rotaryDecoder(GEMMA3_TEXT),
  phi3: rotaryDecoder(PHI3),
  smollm3: rotaryDecoder(SMOLLM3),
  olmo2: rotaryDecoder(OLMO2),
  granite: rotaryDecoder(GRANITE),
  gpt_neox: gptNeox,
  starcoder2: rotaryDecoder(STARCODER2),
};

/** The model types that prefine runs. */
export const MODEL_TYPES: readonly string[] = Object.keys(FAMILIES);

/** @throws PrefineError("not-yet") for a model_type that prefine does not run. */
export function architectureOf(config: Record<string, unknown>, where: string): Architecture {
  const type = config.model_type;
  const family = typeof type === "string" && Object.hasOwn(FAMILIES, type) ? FAMILIES[type] : undefined;
  if (family) {
    const architecture = family(config, where);
    refuseFields(config, architecture, where);
    return architecture;
  }
  if (typeof type !== "string") {
    const hint = "A model's config.json names its family in model_type.";
    throw new PrefineError("model", `${where}: expected model_type, found ${show(type)}`, hint);
  }
  const names = MODEL_TYPES.join(", ");
  throw new PrefineError("not-yet", `${where}: model_type ${show(type)} is not built yet`, `These are: ${names}.`);
}
