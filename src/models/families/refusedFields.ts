/** @file Fields of config.json that change what transformers computes in any family, and that prefine does not run. */
import { PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Architecture } from "../network.ts";
import type { ConfigFields } from "./configFields.ts";

/** A field, when it changes results, and what to do then. */
interface RefusedField {
  name: string;
  changes(config: Record<string, unknown>, architecture: Architecture): boolean;
  hint: string;
}

const WITHOUT_CACHE =
  "transformers applies it only to cached keys, so the model generates otherwise than it was trained: remove it.";

/** @returns whether a window of this many positions hides keys that the model has positions for. */
const isShort = (window: unknown, { maxPositions }: Architecture) =>
  typeof window === "number" && window < maxPositions;

const WITHOUT_WINDOWS = ["gpt2", "llama", "gemma", "olmo2", "granite", "gpt_neox"];
const hasNoWindows = ({ modelType }: Architecture) => WITHOUT_WINDOWS.includes(modelType);

/** Whose window may be null, for none. */
const WITH_ONE_WINDOW = ["mistral", "phi3", "starcoder2"];

const REFUSED: readonly RefusedField[] = [
  {
    name: "is_causal",
    changes: ({ is_causal }) => is_causal === false,
    hint: "Only models whose tokens see the ones before them are trained and generate here.",
  },
  {
    name: "is_encoder_decoder",
    changes: ({ is_encoder_decoder }) => is_encoder_decoder === true,
    hint: "Use a model without an encoder.",
  },
  {
    name: "per_layer_config",
    changes: ({ per_layer_config }) => isObject(per_layer_config) && Object.keys(per_layer_config).length > 0,
    hint: "Use a model whose layers all have the same sizes.",
  },
  {
    // these families have no windows, but transformers' cache reads the field of any config
    name: "sliding_window",
    changes: ({ sliding_window, layer_types }, model) => {
      const isTyped = Array.isArray(layer_types) && !layer_types.includes("sliding_attention");
      return hasNoWindows(model) && isShort(sliding_window, model) && !isTyped;
    },
    hint: WITHOUT_CACHE,
  },
  {
    name: "attention_chunk_size",
    changes: ({ attention_chunk_size, layer_types }, model) => {
      const isUnset = WITH_ONE_WINDOW.includes(model.modelType) && model.windows.every((window) => window === null);
      const isRead = hasNoWindows(model) || isUnset;
      return isRead && isShort(attention_chunk_size, model) && !Array.isArray(layer_types);
    },
    hint: WITHOUT_CACHE,
  },
];

/** @throws PrefineError("not-yet") for attention in both directions, which Gemma's embedding models have. */
export function refuseBidirectional({ json, where }: ConfigFields): void {
  if (json.use_bidirectional_attention == null || json.use_bidirectional_attention === false) return;
  const message = `${where}: use_bidirectional_attention ${show(json.use_bidirectional_attention)} is not built yet`;
  throw new PrefineError("not-yet", message, "Only models whose tokens see the ones before them are trained here.");
}

/** @throws PrefineError("not-yet") for a field that would change results. */
export function refuseFields(config: Record<string, unknown>, architecture: Architecture, where: string): void {
  for (const { name, changes, hint } of REFUSED) {
    if (!changes(config, architecture)) continue;
    throw new PrefineError("not-yet", `${where}: ${name} ${show(config[name])} is not built yet`, hint);
  }
}
