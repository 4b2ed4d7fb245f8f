/** @file GPT-2's byte-level BPE: text -> words -> bytes -> merges -> ids, and back; words are cached. */
import { mergeIds, readMerges } from "./bpeMerges.ts";
import { BYTE_CHARACTERS, bytesOfToken, spellBytes } from "./byteAlphabet.ts";
import type { Branches, TextCodec } from "./codec.ts";
import { readTemplate, type Template } from "./postProcessor.ts";
import type { AddedToken, TokenizerJson } from "./tokenizerJson.ts";

/** GPT-2's word pattern. Its `\s` is Unicode white space, which differs from JavaScript's `\s`. */
const WORDS = new RegExp(
  [
    "'s|'t|'re|'ve|'m|'ll|'d",
    " ?\\p{L}+",
    " ?\\p{N}+",
    " ?[^\\p{White_Space}\\p{L}\\p{N}]+",
    "\\p{White_Space}+(?!\\P{White_Space})",
    "\\p{White_Space}+",
  ].join("|"),
  "gu",
);

/**
 * UTF-16 units after a word's end that its match may depend on: two code points (the one that ends a run, and the one
 * after white space, which takes its last space, or the third letter of "'re").
 */
const LOOK_AHEAD = 4;

/** Cached words with their ids: about 10 MB. 270 rows of English preferences have about 20,000 distinct words. */
const CACHE_WORDS = 65_536;

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
 * Measured over 270 real pairs: 2-4 M tokens/s with cached words; @huggingface/tokenizers does 0.1-0.3 M.
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
  const idOfAdded = new Map(json.added_tokens.map((token) => [token.content, token.id]));
  const template = readTemplate(json.post_processor, (token) => idOfAdded.get(token) ?? idOf.get(token));
  if (!template) return undefined;
  const decode = createDecoder(idOf, json.added_tokens);
  const split = createSplitter(json.added_tokens, json.pre_tokenizer?.add_prefix_space === true);
  return { ...createEncoder(split, rememberWords(merger, idOfAdded), template), decode, concatenates: true };
}

/** Splits a text into added tokens and words. */
interface Splitter {
  split(text: string): string[];
  /** UTF-16 units at the end of a text where a continuation may change the split. */
  margin: number;
}

function createSplitter(added: AddedToken[], addPrefixSpace: boolean): Splitter {
  const contents = added.map((token) => token.content).filter((content) => content !== "");
  contents.sort((a, b) => b.length - a.length); // at one position the longest wins
  const escaped = contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const addedPattern = contents.length > 0 ? new RegExp(`(${escaped.join("|")})`) : undefined;
  const words = (section: string): string[] => {
    if (section === "") return [];
    return (addPrefixSpace && !section.startsWith(" ") ? ` ${section}` : section).match(WORDS) ?? [];
  };
  const split = (text: string): string[] => {
    if (!addedPattern) return words(text);
    const sections = text.split(addedPattern); // odd places are added tokens
    return sections.length === 1 ? words(text) : sections.flatMap((part, i) => (i % 2 === 1 ? [part] : words(part)));
  };
  const longest = contents[0]?.length ?? 0;
  return { split, margin: addPrefixSpace ? Number.POSITIVE_INFINITY : longest + LOOK_AHEAD };
}

/** Appends the ids of a word (or an added token) to `ids`. */
type AppendWord = (word: string, ids: number[]) => void;

function rememberWords(merge: (word: string) => number[], idOfAdded: ReadonlyMap<string, number>): AppendWord {
  const cache = new Map<string, number[]>();
  return (word, ids) => {
    let wordIds = cache.get(word);
    if (wordIds === undefined) {
      const added = idOfAdded.get(word);
      wordIds = added === undefined ? merge(word) : [added];
      if (cache.size === CACHE_WORDS) cache.clear();
      cache.set(word, wordIds);
    }
    for (let i = 0; i < wordIds.length; i++) ids.push(wordIds[i]);
  };
}

function createEncoder(
  { split, margin }: Splitter,
  appendWord: AppendWord,
  { before, after }: Template,
): Pick<TextCodec, "encode" | "encodeBranches"> {
  const encode = (text: string, addSpecialTokens: boolean): number[] => {
    const ids = addSpecialTokens ? [...before] : [];
    for (const word of split(text)) appendWord(word, ids);
    if (addSpecialTokens) ids.push(...after);
    return ids;
  };
  const encodeBranches = (text: string, continuations: string[], addSpecialTokens: boolean): Branches => {
    const [start, end] = addSpecialTokens ? [before, after] : [[], []];
    // A continuation only changes words that end within `margin` of the end of the text: words are matched from left
    // to right without lookbehind, and an added token that spans the end starts within the margin.
    const shared = [...start];
    const prompt: number[] = [];
    let offset = 0;
    let cut = 0;
    for (const word of split(text)) {
      offset += word.length;
      const isShared = offset + margin <= text.length;
      appendWord(word, isShared ? shared : prompt);
      if (isShared) cut = offset;
    }
    prompt.push(...end);
    const tail = text.slice(cut);
    const continued = continuations.map((continuation) => [...encode(tail + continuation, false), ...end]);
    return { shared, prompt, continued };
  };
  return { encode, encodeBranches };
}

/** BPE of one word, from its text to ids. */
function createMerger(idOf: ReadonlyMap<string, number>, json: TokenizerJson, where: string) {
  const byteIds = BYTE_CHARACTERS.map((character) => idOf.get(character)!);
  const merges = readMerges(idOf, json, where);
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
    for (const id of ids) bytes.push(...bytesOfToken(tokens[id]));
    return decoder.decode(Uint8Array.from(bytes));
  };
}
