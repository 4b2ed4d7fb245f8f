/** @file Byte-pair encoding with the pipelines of Llama 2 and 3, Mistral, Qwen, SmolLM and Gemma. */
import { cutterOf, type Section } from "./addedTokens.ts";
import { mergeIds, readMerges } from "./bpeMerges.ts";
import type { Branches, TextCodec } from "./codec.ts";
import { readDecoder } from "./decoders.ts";
import { readNormalizer } from "./normalizers.ts";
import { readTemplate, type Template } from "./postProcessor.ts";
import { readPreTokenizer } from "./preTokenizers.ts";
import type { AddedToken, TokenizerJson } from "./tokenizerJson.ts";

/** Cached words with their ids, and the longest of them: about 10 MB. */
const CACHE_WORDS = 65_536;
const LONGEST_REMEMBERED = 64;

/**
 * The codec of a tokenizer.json whose model is BPE, with the same ids as Hugging Face's tokenizers: the steps are
 * added tokens, normalizer, pre-tokenizer, merges, post-processor. Undefined if one of them has an unsupported type.
 * @param idOf the model's vocabulary, without added tokens.
 * @param where names the file in messages.
 */
export function createBpePipeline(
  json: TokenizerJson,
  idOf: ReadonlyMap<string, number>,
  where: string,
): TextCodec | undefined {
  const { model, added_tokens: added } = json;
  if (model.type !== "BPE" || model.dropout || model.continuing_subword_prefix || model.end_of_word_suffix) {
    return undefined;
  }
  const idOfAdded = new Map(added.map((token) => [token.content, token.id]));
  const template = readTemplate(json.post_processor, (token) => idOfAdded.get(token) ?? idOf.get(token));
  const decode = decoderOf(json, idOf);
  const sections = sectionsOf(json);
  const idsOfWord = wordEncoder(json, idOf, where);
  const preTokenize = readPreTokenizer(json.pre_tokenizer);
  if (!template || !decode || !sections || !preTokenize) return undefined;

  const append: Append = (text, isStart, ids) => {
    sections(text).forEach((section, i) => {
      if (section.id !== undefined) ids.push(section.id);
      else for (const word of preTokenize(section.text, isStart && i === 0)) pushAll(ids, idsOfWord(word));
    });
    return ids;
  };
  const encoder = createEncoder(append, template, boundaryFinder(added));
  return { ...encoder, decode, concatenates: json.decoder?.type === "ByteLevel" };
}

/** Appends the ids of a text to `ids`; `isStart`: it is the beginning of the text. */
type Append = (text: string, isStart: boolean, ids: number[]) => number[];

function createEncoder(
  append: Append,
  { before, after }: Template,
  boundary: (text: string) => number,
): Pick<TextCodec, "encode" | "encodeBranches"> {
  const encode = (text: string, addSpecialTokens: boolean) => {
    const ids = append(text, true, addSpecialTokens ? [...before] : []);
    if (addSpecialTokens) ids.push(...after);
    return ids;
  };
  const encodeBranches = (text: string, continuations: string[], addSpecialTokens: boolean): Branches => {
    const end = addSpecialTokens ? after : [];
    const cut = boundary(text);
    const shared = append(text.slice(0, cut), true, addSpecialTokens ? [...before] : []);
    const rest = (part: string) => [...append(part, cut === 0, []), ...end];
    const tail = text.slice(cut);
    return { shared, prompt: rest(tail), continued: continuations.map((continuation) => rest(tail + continuation)) };
  };
  return { encode, encodeBranches };
}

function pushAll(ids: number[], more: readonly number[]): void {
  for (let i = 0; i < more.length; i++) ids.push(more[i]);
}

/** Splits a text into added tokens and normalized pieces. */
function sectionsOf({ added_tokens: added, normalizer }: TokenizerJson): ((text: string) => Section[]) | undefined {
  const normalize = readNormalizer(normalizer);
  if (!normalize) return undefined;
  const cutRaw = cutterOf(added.filter((token) => !token.normalized));
  const cutNormalized = cutterOf(
    added.filter((token) => token.normalized),
    ({ content }) => normalize(content),
  );
  return (text) =>
    cutRaw(text).flatMap((section) => (section.id === undefined ? cutNormalized(normalize(section.text)) : [section]));
}

/**
 * Where a text can be cut so that the parts have the ids of the whole, whatever follows: after its last added token in
 * which no longer one can begin, or 0. Words don't count: what follows may change the last word.
 */
function boundaryFinder(added: readonly AddedToken[]): (text: string) => number {
  const raw = added.filter((token) => !token.normalized && token.content !== "");
  const longest = Math.max(0, ...raw.map(({ content }) => content.length));
  const stripsLeft = raw.some((token) => token.lstrip);
  const cut = cutterOf(raw);
  const byId = new Map(raw.map((token) => [token.id, token]));
  return (text) => {
    let boundary = 0;
    let offset = 0;
    for (const { text: section, id } of cut(text)) {
      offset += section.length;
      const token = id === undefined ? undefined : byId.get(id);
      if (token && !token.rstrip && !token.single_word && offset + longest <= text.length) boundary = offset;
    }
    return stripsLeft ? 0 : boundary;
  };
}

/** BPE of one word, cached. */
function wordEncoder({ model }: TokenizerJson, idOf: ReadonlyMap<string, number>, origin: string) {
  const merges = readMerges(idOf, { model } as TokenizerJson, origin);
  const unknown = typeof model.unk_token === "string" ? idOf.get(model.unk_token) : undefined;
  const byteIds = model.byte_fallback
    ? Array.from({ length: 256 }, (_, byte) => idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`))
    : undefined;
  const encoder = new TextEncoder();
  const spell = (word: string): number[] => {
    const ids: number[] = [];
    let isWaiting = false; // an unknown token: Hugging Face writes it before the next known token, after bytes
    for (const character of word) {
      const id = idOf.get(character);
      const bytes = id === undefined && byteIds ? Array.from(encoder.encode(character), (byte) => byteIds[byte]) : [];
      const areBytes = bytes.length > 0 && bytes.every((one) => one !== undefined);
      if (id === undefined && areBytes) pushAll(ids, bytes as number[]);
      else if (isWaiting && (id !== undefined || !model.fuse_unk)) ids.push(unknown as number);
      if (id !== undefined) ids.push(id);
      if (!areBytes) isWaiting = id === undefined && unknown !== undefined;
    }
    if (isWaiting) ids.push(unknown as number);
    return ids;
  };
  const cache = new Map<string, number[]>();
  return (word: string): readonly number[] => {
    const hit = cache.get(word);
    if (hit) return hit;
    const whole = model.ignore_merges ? idOf.get(word) : undefined;
    const ids = whole === undefined ? mergeIds(Int32Array.from(spell(word)), merges) : [whole];
    if (word.length > LONGEST_REMEMBERED) return ids;
    if (cache.size === CACHE_WORDS) cache.clear();
    cache.set(word, ids);
    return ids;
  };
}

/** Tokens matched in the normalized text decode to their normalized form, as in Hugging Face tokenizers 0.23. */
function decoderOf({ decoder, normalizer, added_tokens: added }: TokenizerJson, idOf: ReadonlyMap<string, number>) {
  const decodeTokens = readDecoder(decoder);
  const normalize = readNormalizer(normalizer);
  if (!decodeTokens || !normalize) return undefined;
  const tokens: string[] = [];
  for (const [token, id] of idOf) tokens[id] = token;
  for (const { id, content, normalized } of added) tokens[id] = normalized ? normalize(content) : content;
  return (ids: readonly number[]) => decodeTokens(ids.map((id) => tokens[id])).join("");
}
