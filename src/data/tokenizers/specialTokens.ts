/** @file Finds bos, eos, unk and pad in a tokenizer's files, with transformers' precedence. */
import { PrefineError, show } from "../../errors.ts";
import type { AddedToken, TokenizerJson } from "./tokenizerJson.ts";

/** Added tokens become parts of one pattern; the longest real ones have about 50 characters. */
const LONGEST_TOKEN = 1000;

/** The named special tokens, in the order in which transformers adds missing ones to the vocabulary. */
const NAMES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"] as const;
export type SpecialTokenName = (typeof NAMES)[number];

/** The parsed files of a tokenizer, those that exist. */
export interface TokenizerSettings {
  /** tokenizer_config.json */
  config: Record<string, unknown>;
  /** special_tokens_map.json */
  specialTokensMap?: Record<string, unknown> | undefined;
  /** added_tokens.json: content -> id */
  addedTokens?: Record<string, unknown> | undefined;
  /** GPT2Tokenizer: bos, eos and unk default to <|endoftext|>. */
  isGpt2: boolean;
  /** The class builds its tokenizer anew: only added tokens that the config lists, if it lists any, are there. */
  isBuiltAnew?: boolean;
}

type TokenFlags = Partial<Omit<AddedToken, "id" | "content">>;
interface TokenSpec extends TokenFlags {
  content: string;
}

/** A token in a file: a string, or an object with the string under `content`. */
function readToken(value: unknown): TokenSpec | undefined {
  if (typeof value === "string") return { content: value };
  if (typeof value !== "object" || value === null || !("content" in value)) return undefined;
  const { content } = value;
  if (typeof content !== "string") return undefined;
  const flags: Record<string, unknown> = { ...value };
  const spec: TokenSpec = { content };
  for (const name of ["single_word", "lstrip", "rstrip", "normalized", "special"] as const) {
    if (typeof flags[name] === "boolean") spec[name] = flags[name];
  }
  return spec;
}

function readTokens(value: unknown): TokenSpec[] {
  const list = Array.isArray(value) ? value : typeof value === "object" && value !== null ? Object.values(value) : [];
  return list.map(readToken).filter((token) => token !== undefined);
}

/** Merged settings: special_tokens_map.json wins, unless the config itself lists all added tokens. */
function effectiveSettings({ config, specialTokensMap, isGpt2 }: TokenizerSettings): Record<string, unknown> {
  const end = "<|endoftext|>";
  const defaults = isGpt2 ? { bos_token: end, eos_token: end, unk_token: end } : {};
  const legacy = config.added_tokens_decoder === undefined ? specialTokensMap : {};
  return { ...defaults, ...config, ...legacy };
}

/** The named special tokens of a tokenizer; names without a token are left out. */
export function namedSpecialTokens(settings: TokenizerSettings & { padding?: unknown }): Map<SpecialTokenName, string> {
  const effective = effectiveSettings(settings);
  // transformers takes the padding token of tokenizer.json's section, which otherwise is off
  const padding = (settings.padding as { pad_token?: unknown } | null | undefined)?.pad_token;
  if (effective.pad_token === undefined && typeof padding === "string") effective.pad_token = padding;
  const tokens = new Map<SpecialTokenName, string>();
  for (const name of NAMES) {
    const token = readToken(effective[name]);
    if (token) tokens.set(name, token.content);
  }
  return tokens;
}

/** Tokens to add, in order: those with explicit ids, the named ones, the additional special ones. */
function tokensToAdd(settings: TokenizerSettings): { spec: TokenSpec; special: boolean; isListed: boolean }[] {
  const effective = effectiveSettings(settings);
  const own = NAMES.map((name) => readToken(effective[name])).filter((token) => token !== undefined);
  const further = readTokens(effective.extra_special_tokens ?? effective.additional_special_tokens);
  const special = new Set([...own, ...further].map((token) => token.content));
  const withId: [number, TokenSpec][] = [];
  const isListed = settings.config.added_tokens_decoder !== undefined; // their flags win over tokenizer.json's
  if (typeof settings.config.added_tokens_decoder === "object" && settings.config.added_tokens_decoder !== null) {
    for (const [id, value] of Object.entries(settings.config.added_tokens_decoder)) {
      const token = readToken(value);
      if (token) withId.push([Number(id), token]);
    }
  } else {
    for (const [content, id] of Object.entries(settings.addedTokens ?? {})) withId.push([Number(id), { content }]);
  }
  withId.sort(([a], [b]) => a - b);
  return [
    ...withId.map(([, spec]) => ({ spec, special: spec.special === true || special.has(spec.content), isListed })),
    ...[...own, ...further].map((spec) => ({ spec, special: true, isListed: false })),
  ];
}

/**
 * The added tokens of tokenizer.json and of the other files. A token that the vocabulary lacks gets the next free id,
 * as in transformers.
 * @param idOf the model's vocabulary.
 * @param settings.where names the vocabulary's file in messages.
 */
export function mergeAddedTokens(
  json: TokenizerJson,
  idOf: ReadonlyMap<string, number>,
  { where, ...settings }: TokenizerSettings & { where: string },
): AddedToken[] {
  const { config, isBuiltAnew } = settings;
  const kept = isBuiltAnew && config.added_tokens_decoder !== undefined ? [] : json.added_tokens;
  const merged = new Map(kept.map((token) => [token.content, token]));
  let nextId = kept.reduce((next, { id }) => Math.max(next, id + 1), idOf.size);
  for (const { spec, special, isListed } of tokensToAdd(settings)) {
    const token = merged.get(spec.content);
    if (token && !isListed) {
      if (special && !token.special) merged.set(spec.content, { ...token, special });
      continue;
    }
    merged.set(spec.content, {
      id: token?.id ?? idOf.get(spec.content) ?? nextId++,
      content: spec.content,
      single_word: spec.single_word ?? false,
      lstrip: spec.lstrip ?? false,
      rstrip: spec.rstrip ?? false,
      normalized: spec.normalized ?? !special,
      special,
    });
  }
  const tooLong = [...merged.keys()].find((content) => content.length > LONGEST_TOKEN);
  if (tooLong === undefined) return [...merged.values()];
  const actual = `an added token of ${tooLong.length} characters, ${show(tooLong)}`;
  const message = `${where}: expected at most ${LONGEST_TOKEN} characters, found ${actual}`;
  throw new PrefineError("model", message, "Is the file damaged? Download or save the tokenizer again.");
}
