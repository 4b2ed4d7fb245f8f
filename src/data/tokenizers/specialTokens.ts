/** @file Special and other added tokens of a tokenizer's files, with transformers' precedence. */
import { PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { normalizedBefore, numberAddedTokens } from "./addedIds.ts";
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
  /** The class that transformers makes, as tokenizer_config.json should name it; by default the config's. */
  tokenizerClass?: string | undefined;
  /** The class builds its tokenizer anew: it has no added tokens but those that the files name. */
  isBuiltAnew?: boolean;
  /** Special tokens that the class adds once more at the end: all as plain ones, or those without a name. */
  readds?: "all" | "further" | undefined;
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

/** A list of special tokens; one with flags of its own is special only if they say so. */
function readTokens(value: unknown): TokenSpec[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list
    .map((item) => (typeof item === "string" ? { content: item, special: true } : readToken(item)))
    .filter((token) => token !== undefined);
}

/** Settings as transformers merges them. */
interface Effective {
  /** special_tokens_map.json wins, unless the config itself lists all added tokens. */
  values: Record<string, unknown>;
  /** Tokens by a name of the model's own, such as image_token: templates read them too. */
  ofModel: Map<string, TokenSpec>;
  /** Further special tokens, without a name. */
  further: TokenSpec[];
  /** Those of special_tokens_map.json under their older name: only where there are no others. */
  older: TokenSpec[];
}

const asObject = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});

function effectiveSettings({ config, specialTokensMap, isGpt2 }: TokenizerSettings): Effective {
  const end = "<|endoftext|>";
  const defaults = isGpt2 ? { bos_token: end, eos_token: end, unk_token: end } : {};
  const legacy = config.added_tokens_decoder === undefined ? (specialTokensMap ?? {}) : {};
  const values: Record<string, unknown> = { ...defaults, ...config, ...legacy };
  const isStandard = (name: string) => (NAMES as readonly string[]).includes(name);
  const named = Object.entries(values).filter(([name]) => name.endsWith("_token") && !isStandard(name));
  const listed = Object.entries({ ...asObject(furtherOf(config)), ...asObject(legacy.extra_special_tokens) });
  const ofModel = new Map<string, TokenSpec>();
  for (const [name, value] of [...named, ...listed]) {
    const token = readToken(value);
    if (token) ofModel.set(name, token);
  }
  const own = furtherOf(config);
  const more = legacy.extra_special_tokens;
  const further = readTokens(isObject(own) ? config.additional_special_tokens : own).concat(readTokens(more));
  const older = own === undefined && more === undefined ? readTokens(legacy.additional_special_tokens) : [];
  return { values, ofModel, further, older };
}

/** extra_special_tokens; if there are none, its older name. */
function furtherOf({ extra_special_tokens: extra, additional_special_tokens: older }: Record<string, unknown>) {
  const isEmpty = Array.isArray(extra) ? extra.length === 0 : Object.keys(asObject(extra)).length === 0;
  return isEmpty && older !== undefined ? older : extra;
}

/** The named special tokens of a tokenizer; names without a token are left out. */
export function namedSpecialTokens(settings: TokenizerSettings & { padding?: unknown }): Map<string, string> {
  const { values, ofModel } = effectiveSettings(settings);
  // transformers takes the padding token of tokenizer.json's section, which otherwise is off
  const padding = (settings.padding as { pad_token?: unknown } | null | undefined)?.pad_token;
  if (values.pad_token === undefined && typeof padding === "string") values.pad_token = padding;
  return new Map(Array.from(namedSpecs(values, ofModel), ([name, { content }]) => [name, content]));
}

function namedSpecs(values: Record<string, unknown>, ofModel: ReadonlyMap<string, TokenSpec>): Map<string, TokenSpec> {
  const tokens = new Map<string, TokenSpec>();
  for (const name of NAMES) {
    const token = readToken(values[name]);
    if (token) tokens.set(name, token);
  }
  return new Map([...tokens, ...ofModel]);
}

interface AddedSpec {
  spec: TokenSpec;
  special: boolean;
}

interface ToAdd {
  /** Tokens with an id of their own, in its order. */
  withId: AddedSpec[];
  named: TokenSpec[];
  further: TokenSpec[];
}

function tokensToAdd(settings: TokenizerSettings, json: TokenizerJson): ToAdd {
  const { values, ofModel, further, older } = effectiveSettings(settings);
  const named = [...namedSpecs(values, ofModel).values()];
  const isNamed = new Set(named.map(({ content }) => content));
  const { added_tokens_decoder: decoder } = settings.config;
  const specs = new Map<number, TokenSpec | undefined>();
  if (decoder !== undefined) {
    for (const [id, value] of Object.entries(asObject(decoder))) specs.set(Number(id), readToken(value));
  } else {
    const isFurther = new Set(further.map(({ content }) => content));
    for (const [content, id] of Object.entries(settings.addedTokens ?? {}))
      specs.set(Number(id), { content, special: isNamed.has(content) || isFurther.has(content) });
    for (const token of json.added_tokens) specs.set(token.id, token);
  }
  const sorted = [...specs].sort(([a], [b]) => a - b);
  const withId = sorted.flatMap(([, spec]) =>
    spec ? [{ spec, special: spec.special === true || isNamed.has(spec.content) }] : [],
  );
  return { withId, named, further: [...further, ...older] };
}

/** A plain special token: matched as it is, anywhere. */
const plainToken = (content: string): TokenSpec => ({ content, special: true, normalized: false });

/** The tokens that transformers adds, one after the other; those said later replace the flags of earlier ones. */
function* additions(
  { withId, named, further }: ToAdd,
  known: ReadonlySet<string>,
  readds: TokenizerSettings["readds"],
) {
  yield* withId;
  const all = new Set([...known, ...withId.map(({ spec }) => spec.content)]);
  for (const spec of named) if (!all.has(spec.content)) yield { spec, special: true };
  for (const spec of further) if (!all.has(spec.content)) yield { spec, special: spec.special === true };
  if (readds === "all") {
    for (const { content } of [...named, ...further]) yield { spec: plainToken(content), special: true };
  } else if (readds === "further") for (const spec of further) yield { spec, special: true };
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
  const kept = settings.isBuiltAnew ? [] : numberAddedTokens(json.added_tokens, idOf);
  const merged = new Map(kept.map((token) => [token.content, token]));
  const toAdd = tokensToAdd(settings, json);
  // once special, a token stays so, whatever is said of it later
  const specials = new Set(kept.filter((token) => token.special).map(({ content }) => content));
  let nextId = kept.reduce((next, { id }) => Math.max(next, id + 1), idOf.size);
  for (const { spec, special } of additions(toAdd, new Set(merged.keys()), settings.readds)) {
    const { content } = spec;
    if (content === "") continue;
    if (special) specials.add(content);
    const earlier = merged.get(content);
    const normalized = spec.normalized ?? !special;
    const id = earlier?.id ?? idOf.get(content) ?? nextId;
    nextId = Math.max(nextId, id + 1);
    merged.set(content, {
      id,
      content,
      single_word: spec.single_word ?? false,
      lstrip: spec.lstrip ?? false,
      rstrip: spec.rstrip ?? false,
      normalized,
      special,
      ...normalizedBefore({ normalized }, earlier),
    });
  }
  const all = Array.from(merged.values(), (token) => ({ ...token, special: specials.has(token.content) }));
  const tooLong = [...merged.keys()].find((content) => content.length > LONGEST_TOKEN);
  if (tooLong === undefined) return all;
  const actual = `an added token of ${tooLong.length} characters, ${show(tooLong)}`;
  const message = `${where}: expected at most ${LONGEST_TOKEN} characters, found ${actual}`;
  throw new PrefineError("model", message, "Is the file damaged? Download or save the tokenizer again.");
}
