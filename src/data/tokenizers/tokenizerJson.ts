/** @file The structure of tokenizer.json (Hugging Face tokenizers): validates it, or builds it for GPT-2. */

import { PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";

/** A token that is matched in the text before it is split. */
export interface AddedToken {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
  /** Found, but then tokenized like the rest of the text: split_special_tokens. */
  isSplit?: boolean;
  /** Once added as normalized: decodes to its normalized form, whatever was said of it later. */
  wasNormalized?: boolean;
}

/** One node of the pipeline (normalizer, pre-tokenizer, post-processor, decoder): `type` and its settings. */
export type Component = { type: string } & Record<string, unknown>;

export interface TokenizerModel extends Record<string, unknown> {
  type?: string;
  /** token -> id, or Unigram's list of [token, score]. */
  vocab: object;
  /** `["a", "b"]` pairs, or `"a b"` in older files. */
  merges?: ([string, string] | string)[];
}

export interface TokenizerJson extends Record<string, unknown> {
  added_tokens: AddedToken[];
  normalizer: Component | null;
  pre_tokenizer: Component | null;
  post_processor: Component | null;
  decoder: Component | null;
  model: TokenizerModel;
}

export const REDOWNLOAD = "The file may be truncated or damaged: download or save the tokenizer again.";

function parseAddedToken(value: unknown, where: string): AddedToken {
  if (!isObject(value) || typeof value.content !== "string" || !isTokenId(value.id)) {
    const actual = show(value);
    throw new PrefineError(
      "model",
      `${where}: expected an added token with id and content, found ${actual}`,
      REDOWNLOAD,
    );
  }
  const special = value.special === true;
  return {
    id: value.id as number,
    content: value.content,
    single_word: value.single_word === true,
    lstrip: value.lstrip === true,
    rstrip: value.rstrip === true,
    normalized: typeof value.normalized === "boolean" ? value.normalized : !special,
    special,
  };
}

/** Ids are stored as 32-bit integers. */
function isTokenId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
}

function parseComponent(value: unknown, name: string, where: string): Component | null {
  if (value === undefined || value === null) return null;
  if (isObject(value) && typeof value.type === "string") return value as Component;
  throw new PrefineError("model", `${where}: ${name}: expected an object with a type`, REDOWNLOAD);
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

/** Token -> id of a model's vocabulary; a list of [token, score] (Unigram) is numbered from 0. */
export function readVocabulary(vocab: object, where: string): Map<string, number> {
  const idOf = new Map<string, number>();
  const list = Array.isArray(vocab) ? vocab : undefined;
  const ids = vocab as Record<string, unknown>;
  // for-in takes half the time of Object.entries on 50,000 tokens
  for (const key in vocab) {
    const [token, id] = list ? [firstOf(list[Number(key)]), Number(key)] : [key, ids[key]];
    if (typeof token !== "string" || !isTokenId(id)) {
      const actual = `${show(token)}: ${show(id)}`;
      throw new PrefineError(
        "model",
        `${where}: vocabulary: expected an id for each token, found ${actual}`,
        REDOWNLOAD,
      );
    }
    idOf.set(token, id as number);
  }
  return idOf;
}

/** Checks the structure of a parsed tokenizer.json. */
export function checkTokenizerJson(json: Record<string, unknown>, where: string): TokenizerJson {
  const { model } = json;
  const hasVocab = isObject(model) && (isObject(model.vocab) || Array.isArray(model.vocab));
  if (!hasVocab)
    throw new PrefineError("model", `${where}: expected a model with a vocabulary, found none`, REDOWNLOAD);
  if (model.type === "BPE" && !Array.isArray(model.merges)) {
    throw new PrefineError("model", `${where}: expected a list of merges in a BPE model, found none`, REDOWNLOAD);
  }
  const added = json.added_tokens ?? [];
  if (!Array.isArray(added)) throw new PrefineError("model", `${where}: added_tokens: expected a list`, REDOWNLOAD);
  return {
    ...json,
    added_tokens: added.map((token) => parseAddedToken(token, where)),
    normalizer: parseComponent(json.normalizer, "normalizer", where),
    pre_tokenizer: parseComponent(json.pre_tokenizer, "pre_tokenizer", where),
    post_processor: parseComponent(json.post_processor, "post_processor", where),
    decoder: parseComponent(json.decoder, "decoder", where),
    model: model as TokenizerModel,
  };
}

/** The merges of a merges.txt: one `a b` per line, in order of rank, after an optional `#version` line. */
export function parseMerges(text: string, where: string): [string, string][] {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  const first = lines[0].startsWith("#version") ? 1 : 0;
  const merges: [string, string][] = [];
  for (let i = first; i < lines.length; i++) {
    if (lines[i] === "") continue;
    const parts = lines[i].split(" ");
    if (parts.length !== 2) {
      throw new PrefineError("model", `${where}: line ${i + 1}: expected two parts, found "${lines[i]}"`, REDOWNLOAD);
    }
    merges.push([parts[0], parts[1]]);
  }
  return merges;
}

/**
 * GPT-2's tokenizer.json from vocab.json and merges.txt: byte-level BPE without normalization.
 * @param options.bos a token that add_bos_token puts before every text.
 */
export function buildGpt2Json(
  vocab: Record<string, unknown>,
  merges: [string, string][],
  options: { addPrefixSpace: boolean; bos?: { content: string; id: number } | undefined },
): TokenizerJson {
  const { bos, addPrefixSpace } = options;
  const start = bos ? [{ SpecialToken: { id: bos.content, type_id: 0 } }] : [];
  const startOfPair = bos ? [{ SpecialToken: { id: bos.content, type_id: 1 } }] : [];
  const first = [...start, { Sequence: { id: "A", type_id: 0 } }];
  const byteLevel = { type: "ByteLevel", trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { ...byteLevel, add_prefix_space: addPrefixSpace },
    post_processor: {
      type: "TemplateProcessing",
      single: first,
      pair: [...first, ...startOfPair, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: bos ? { [bos.content]: { id: bos.content, ids: [bos.id], tokens: [bos.content] } } : {},
    },
    decoder: { ...byteLevel, add_prefix_space: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}
