/** @file config.json -> the architecture it describes. */
import { PrefineError, show } from "../../errors.ts";
import type { Architecture } from "../network.ts";
import { gpt2 } from "./gpt2.ts";
import { llama } from "./llama.ts";
import { refuseFields } from "./refusedFields.ts";

type Family = (config: Record<string, unknown>, where: string) => Architecture;

export const FAMILIES: Record<string, Family> = {
  gpt2,
  llama: (config, where) => llama("llama", config, where),
  mistral: (config, where) => llama("mistral", config, where),
  qwen2: (config, where) => llama("qwen2", config, where),
  qwen3: (config, where) => llama("qwen3", config, where),
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
