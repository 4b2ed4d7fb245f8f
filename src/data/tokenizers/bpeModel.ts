/** @file The model BPE of tokenizer.json: a word -> characters -> merges -> ids. */

import { pushAll } from "../../lists.ts";
import { mergeIds, readMerges } from "./bpeMerges.ts";
import { byteSpeller } from "./byteTokens.ts";
import { missingUnknown } from "./missingUnknown.ts";
import type { TokenizerModel } from "./tokenizerJson.ts";
import type { WordEncoder } from "./wordCache.ts";

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** @param idOf the model's vocabulary. @param where names the file in messages. */
export function bpeModel(model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string): WordEncoder {
  const merges = readMerges(idOf, model, where);
  const spell = characterSpeller(model, idOf, where);
  return (word) => {
    const whole = model.ignore_merges ? idOf.get(word) : undefined;
    return whole === undefined ? mergeIds(Int32Array.from(spell(word)), merges) : [whole];
  };
}

/** Ids of a word's characters. An unknown one becomes its bytes, or else the unknown token, or is left out. */
function characterSpeller(model: TokenizerModel, idOf: ReadonlyMap<string, number>, where: string) {
  const [prefix, suffix] = [textOf(model.continuing_subword_prefix), textOf(model.end_of_word_suffix)];
  const bytesOf = model.byte_fallback ? byteSpeller(idOf) : undefined;
  const hasUnknown = typeof model.unk_token === "string";
  const unknown = hasUnknown ? idOf.get(model.unk_token as string) : undefined;
  return (word: string): number[] => {
    const ids: number[] = [];
    let isWaiting = false; // an unknown token: Hugging Face writes it before the next known token, after bytes
    let at = 0;
    for (const character of word) {
      const isFirst = at === 0;
      at += character.length;
      const token = (isFirst ? "" : prefix) + character + (at === word.length ? suffix : "");
      const id = idOf.get(token);
      const bytes = id === undefined ? bytesOf?.(token) : undefined;
      if (bytes) {
        pushAll(ids, bytes);
        continue;
      }
      if (id === undefined && hasUnknown && unknown === undefined) throw missingUnknown(model.unk_token, where);
      if (isWaiting && (id !== undefined || !model.fuse_unk)) ids.push(unknown as number);
      if (id !== undefined) ids.push(id);
      isWaiting = id === undefined && hasUnknown;
    }
    if (isWaiting) ids.push(unknown as number);
    return ids;
  };
}
