/**
 * @file The text part of Gemma 3 with vision (transformers' Gemma3ForConditionalGeneration): config.json nests it in
 * text_config; the vision part is left out.
 */
import { PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Architecture } from "../network.ts";
import { GEMMA3_TEXT } from "./gemma.ts";
import { rotaryDecoder } from "./rotaryDecoder.ts";

const PATH = "model.language_model";

const textPart = rotaryDecoder({ ...GEMMA3_TEXT, type: "gemma3", path: PATH });

/** Its tensors' names, and what earlier versions of transformers, whose files the hub has, put in front of them. */
const VISION = /^(model\.)?(vision_tower|multi_modal_projector)\./;

/** @throws PrefineError for an invalid config, or a model that prefine does not run. */
export function gemma3(json: Record<string, unknown>, where: string): Architecture {
  const text = json.text_config ?? {};
  if (!isObject(text)) {
    const hint = "Is this the model's own config.json?";
    throw new PrefineError("model", `${where}: text_config: expected an object, found ${show(text)}`, hint);
  }
  // the whole model's head is tied by the whole model's field, and never bounded
  const read = { ...text, tie_word_embeddings: json.tie_word_embeddings ?? true, final_logit_softcapping: null };
  return {
    ...textPart(read, `${where}: text_config`),
    leftOut: { part: "vision part", has: (tensor) => VISION.test(tensor) },
    currentName: (module) =>
      module.replace(/^language_model\.model\./, `${PATH}.`).replace(/^language_model\.(?=lm_head\.)/, ""),
    fileNames: (name) => [
      name,
      name.startsWith(PATH) ? name.replace(PATH, "language_model.model") : `language_model.${name}`,
    ],
  };
}
