/** @file GPT-2's byte-level BPE: text -> words -> bytes -> merges -> ids, and back; words are cached. */

import { pushAll } from "../../lists.ts";
import { mergeIds, readMerges } from "./bpeMerges.ts";
import { BYTE_CHARACTERS, bytesOfToken, spellBytes } from "./byteAlphabet.ts";
import type { Branches, TextCodec } from "./codec.ts";
import { wordEnd } from "./gpt2Words.ts";
import { checkLength, sectionsOf } from "./pipeline.ts";
import { readTemplate, type Template } from "./postProcessor.ts";
import type { AddedToken, TokenizerJson } from "./tokenizerJson.ts";
import { WordTable } from "./wordTable.ts";

/**
 * UTF-16 units after a word's end that its match may depend on: two code points (the one that ends a run, and the one
 * after white space, which takes its last space, or the third letter of "'re").
 */
const LOOK_AHEAD = 4;

function isPlainByteLevelBpe({ model, normalizer, pre_tokenizer, decoder, added_tokens }: TokenizerJson): boolean {
  const plainModel =
    model.type === "BPE" &&
    !model.dropout &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    !model.byte_fallback;
  const plainTokens = added_tokens.every((token) => !token.lstrip && !token.rstrip && !token.single_word);
  const byteLevel = pre_tokenizer?.type === "ByteLevel" && pre_tokenizer.use_regex !== false;
  return plainModel && plainTokens && byteLevel && normalizer === null && decoder?.type === "ByteLevel";
}

/**
 * The codec of a tokenizer.json with GPT-2's plain byte-level BPE, with the same ids as Hugging Face's tokenizers;
 * undefined for any other kind.
 * @param idOf the model's vocabulary, without added tokens.
 * @param where names the file in messages.
 */
export function createByteLevelBpe(
  json: TokenizerJson,
  idOf: ReadonlyMap<string, number>,
  where: string,
): TextCodec | undefined {
  if (!isPlainByteLevelBpe(json)) return undefined;
  if (BYTE_CHARACTERS.some((character) => !idOf.has(character))) return undefined;
  const merger = createMerger(idOf, json, where);
  const template = readTemplate(json.post_processor, where);
  const decode = createDecoder(idOf, json.added_tokens);
  const split = createSplitter(json.added_tokens, {
    addPrefixSpace: json.pre_tokenizer?.add_prefix_space === true,
    where,
  });
  return { ...createEncoder(split, new WordTable(merger), template), decode, concatenates: true };
}

/** A word is a part of `text`; an added token's id comes with it. */
type Visit = (text: string, start: number, end: number, added: number | undefined) => void;

/** Splits a text into added tokens and words. */
interface Splitter {
  split(text: string, visit: Visit): void;
  /** UTF-16 units at the end of a text where a continuation may change the split. */
  margin: number;
}

function createSplitter(
  added: AddedToken[],
  { addPrefixSpace, where }: { addPrefixSpace: boolean; where: string },
): Splitter {
  const sections = sectionsOf(added, (text) => text);
  const split: Splitter["split"] = (text, visit) => {
    checkLength(text, where);
    for (const { text: section, id } of sections(text)) {
      if (id !== undefined) {
        visit(section, 0, section.length, id);
        continue;
      }
      const padded = addPrefixSpace && !section.startsWith(" ") ? ` ${section}` : section;
      for (let at = 0; at < padded.length; ) {
        const end = wordEnd(padded, at);
        visit(padded, at, end, undefined);
        at = end;
      }
    }
  };
  const longest = added.reduce((most, { content }) => Math.max(most, content.length), 0);
  // a token that spans the end may take the place of one that overlaps it
  return { split, margin: addPrefixSpace ? Number.POSITIVE_INFINITY : 2 * longest + LOOK_AHEAD };
}

function createEncoder(
  { split, margin }: Splitter,
  words: WordTable,
  { before, after }: Template,
): Pick<TextCodec, "encode" | "encodeBranches"> {
  const encode = (text: string, addSpecialTokens: boolean): number[] => {
    const ids = addSpecialTokens ? [...before] : [];
    split(text, (part, start, end, added) => {
      if (added === undefined) words.append(part, start, end, ids);
      else ids.push(added);
    });
    if (addSpecialTokens) pushAll(ids, after);
    return ids;
  };
  const encodeBranches = (text: string, continuations: string[], addSpecialTokens: boolean): Branches => {
    const [first, last] = addSpecialTokens ? [before, after] : [[], []];
    // A continuation only changes words that end within `margin` of the end of the text: words are matched from left
    // to right without lookbehind, and an added token that spans the end starts within the margin.
    const shared = [...first];
    const prompt: number[] = [];
    let offset = 0;
    let cut = 0;
    split(text, (part, start, end, added) => {
      offset += end - start;
      const isShared = offset + margin <= text.length;
      const ids = isShared ? shared : prompt;
      if (added === undefined) words.append(part, start, end, ids);
      else ids.push(added);
      if (isShared) cut = offset;
    });
    pushAll(prompt, last);
    const tail = text.slice(cut);
    const continued = continuations.map((continuation) => [...encode(tail + continuation, false), ...last]);
    return { shared, prompt, continued };
  };
  return { encode, encodeBranches };
}

/** BPE of one word, from its text to ids. */
function createMerger(idOf: ReadonlyMap<string, number>, json: TokenizerJson, where: string) {
  const byteIds = BYTE_CHARACTERS.map((character) => idOf.get(character)!);
  const merges = readMerges(idOf, json.model, where);
  const encoder = new TextEncoder();
  return (word: string): number[] => {
    const bytes = encoder.encode(word);
    const whole = json.model.ignore_merges ? idOf.get(spellBytes(bytes)) : undefined;
    if (whole !== undefined) return [whole];
    return mergeIds(
      Int32Array.from(bytes, (byte) => byteIds[byte]),
      merges,
    );
  };
}

function createDecoder(idOf: ReadonlyMap<string, number>, added: AddedToken[]): (ids: readonly number[]) => string {
  const tokens: string[] = [];
  for (const [token, id] of idOf) tokens[id] = token;
  for (const { id, content } of added) tokens[id] = content;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return (ids) => {
    const bytes: number[] = [];
    for (const id of ids) pushAll(bytes, bytesOfToken(tokens[id]));
    return decoder.decode(Uint8Array.from(bytes));
  };
}
