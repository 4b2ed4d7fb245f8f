/** @file config.json -> the architecture it describes. */
import { nearestName, PrefineError, show } from "../../errors.ts";
import type { Architecture } from "../network.ts";
import { GEMMA, GEMMA2, GEMMA3_TEXT } from "./gemma.ts";
import { gemma3 } from "./gemma3.ts";
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
  gemma3,
  phi3: rotaryDecoder(PHI3),
  smollm3: rotaryDecoder(SMOLLM3),
  olmo2: rotaryDecoder(OLMO2),
  granite: rotaryDecoder(GRANITE),
  gpt_neox: gptNeox,
  starcoder2: rotaryDecoder(STARCODER2),
};

const kinOf = (family: string, ...types: string[]) => Object.fromEntries(types.map((type) => [type, family]));
/** Families of transformers that resemble one here by more than their name. */
const KIN: Readonly<Record<string, string>> = {
  ...kinOf("gemma", "paligemma"),
  ...kinOf("gemma2", "recurrent_gemma", "vaultgemma"),
  ...kinOf("gemma3", "gemma3n", "gemma4"),
  ...kinOf("gpt2", "bloom", "gpt_neo", "mpt", "opt"),
  ...kinOf("gpt_neox", "codegen", "gptj", "stablelm"),
  ...kinOf("llama", "bitnet", "cohere", "deepseek", "diffllama", "exaone", "falcon", "glm", "internlm", "minicpm"),
  ...kinOf("llama", "baichuan", "deci", "gpt_oss", "nemotron", "orion", "seed_oss", "xverse"),
  ...kinOf("mistral", "ministral", "mixtral"),
  ...kinOf("olmo2", "olmo"),
  ...kinOf("phi3", "phi"),
  ...kinOf("starcoder2", "gpt_bigcode"),
};

/** The family of the same name up to its version or variant (granitemoe, qwen3_moe), else the nearest name. */
export function nearestFamily(type: string): string | undefined {
  const isVariant = (name: string) =>
    type === name || (type.startsWith(name) && /^[\d_a-z]/.test(type.slice(name.length)));
  const longest = (names: readonly string[]) => names.filter(isVariant).sort((a, b) => b.length - a.length)[0];
  const kin = longest(Object.keys(KIN));
  const same = longest(MODEL_TYPES);
  if (kin !== undefined && kin.length >= (same?.length ?? 0)) return KIN[kin];
  return (
    same ??
    nearestVersion(type) ??
    nearestName(
      type,
      MODEL_TYPES.filter((name) => name[0] === type[0]),
    )
  );
}

/** olmo3 -> olmo2, qwen4 -> qwen3: the same letters, another number. */
function nearestVersion(type: string): string | undefined {
  const letters = /^[a-z_]+/.exec(type)?.[0] ?? "";
  const sameLetters = MODEL_TYPES.filter((name) => letters.length > 2 && /^[a-z_]+/.exec(name)?.[0] === letters);
  return sameLetters.at(-1);
}

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
  const names = `These are: ${MODEL_TYPES.join(", ")}.`;
  const nearest = nearestFamily(type);
  const hint = nearest === undefined ? names : `The nearest one that is built is ${nearest}. ${names}`;
  throw new PrefineError("not-yet", `${where}: model_type ${show(type)} is not built yet`, hint);
}
