/** @file The models WordPiece (BERT) and WordLevel of tokenizer.json. */
import { damaged } from "./kinds.ts";
import { missingUnknown } from "./missingUnknown.ts";
import type { TokenizerModel } from "./tokenizerJson.ts";
import type { WordEncoder } from "./wordCache.ts";

/** Greedy: at each place the longest token; a word with a place without one is unknown as a whole. */
export function wordPieceModel(model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string): WordEncoder {
  const prefix = typeof model.continuing_subword_prefix === "string" ? model.continuing_subword_prefix : "##";
  const most = model.max_input_chars_per_word ?? 100;
  if (typeof most !== "number" || !(most >= 0)) throw damaged(`${where}: max_input_chars_per_word`, "a number", most);
  let longest = 0; // no need to look for longer tokens
  for (const token of idOf.keys()) longest = Math.max(longest, token.length);
  const unknown = unknownOf(model, idOf, where);
  return (word) => {
    if (word.length > 2 * most || Array.from(word).length > most) return [unknown()];
    const ids: number[] = [];
    for (let start = 0; start < word.length; ) {
      let end = Math.min(word.length, start + longest);
      let id: number | undefined;
      for (; end > start; end--) {
        id = idOf.get((start > 0 ? prefix : "") + word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknown()];
      ids.push(id);
      start = end;
    }
    return ids;
  };
}

export function wordLevelModel(model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string): WordEncoder {
  const unknown = unknownOf(model, idOf, where);
  return (word) => [idOf.get(word) ?? unknown()];
}

function unknownOf(model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string): () => number {
  const token = typeof model.unk_token === "string" ? model.unk_token : "[UNK]";
  return () => {
    const id = idOf.get(token);
    if (id === undefined) throw missingUnknown(token, where);
    return id;
  };
}
