/** @file The models of tokenizer.json by type: words -> ids. */
import { PrefineError, show } from "../../errors.ts";
import { bpeModel } from "./bpeModel.ts";
import { SEE_KINDS } from "./kinds.ts";
import type { TokenizerModel } from "./tokenizerJson.ts";
import { unigramModel } from "./unigramModel.ts";
import { rememberWords, type WordEncoder } from "./wordCache.ts";
import { wordLevelModel, wordPieceModel } from "./wordModels.ts";

type ModelReader = (model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string) => WordEncoder;

export const MODELS: Record<string, ModelReader> = {
  BPE: bpeModel,
  Unigram: unigramModel,
  WordPiece: wordPieceModel,
  WordLevel: wordLevelModel,
};

/**
 * @param idOf the model's vocabulary, without added tokens.
 * @param where names the file in messages.
 */
export function readModel(model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string): WordEncoder {
  const type = modelType(model);
  if (type === "BPE" && model.dropout) {
    const message = `${where}: model: dropout ${show(model.dropout)}: merges by chance are not supported`;
    throw new PrefineError("not-yet", message, "Set dropout to null in tokenizer.json, as for inference.");
  }
  if (Object.hasOwn(MODELS, type)) return rememberWords(MODELS[type](model, idOf, `${where}: ${type}`));
  const names = Object.keys(MODELS).join(", ");
  const message = `${where}: model: type ${show(type)} is not supported (supported: ${names})`;
  throw new PrefineError("not-yet", message, SEE_KINDS);
}

/** Older files lack the type; Hugging Face then takes the first kind whose settings fit. */
function modelType(model: TokenizerModel): string {
  if (typeof model.type === "string") return model.type;
  if (Array.isArray(model.merges)) return "BPE";
  if (Array.isArray(model.vocab)) return "Unigram";
  return model.max_input_chars_per_word === undefined ? "WordLevel" : "WordPiece";
}
