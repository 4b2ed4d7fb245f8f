/** @file The parts that transformers' tokenizer classes set themselves, whatever tokenizer.json says. */
import { PrefineError, show } from "../../errors.ts";
import { equalJson } from "../../formats/equalJson.ts";
import { QWEN2_WORDS, QWEN35_WORDS } from "../../patterns/linearPatterns.ts";
import { FROM_FILE } from "./classOfModel.ts";
import type { TokenizerSettings } from "./specialTokens.ts";
import { REFUSED_CLASSES } from "./tokenizerClasses.ts";
import type { TokenizerParts } from "./tokenizerParts.ts";

type Json = Record<string, unknown>;
/** By name; names of the model's own follow the usual ones. */
type Defaults = Readonly<Record<string, string>>;

interface TokenizerClass {
  /** The type of model that it makes. */
  model: "BPE" | "WordPiece";
  /** Its settings; vocabulary and merges are the file's. */
  settings: (tokens: Defaults) => Json;
  parts: (config: Json) => { normalizer: Json | null; pre_tokenizer: Json; decoder: Json };
  /** Special tokens where the config has none. */
  tokens: Defaults;
  /** Tokens around a text; the file's post-processor where absent. */
  around?: TokenizerParts["around"];
  /** Special tokens that it adds once more at the end. */
  readds?: TokenizerSettings["readds"];
  /** Names of the special tokens that it adds where the files name no further ones, unless they are null. */
  further?: readonly string[];
}

const byteLevel = (add_prefix_space: boolean, use_regex = true) => ({
  type: "ByteLevel",
  add_prefix_space,
  trim_offsets: true,
  use_regex,
});
const sequence = (pretokenizers: Json[]) => ({ type: "Sequence", pretokenizers });
const BYTE_LEVEL_DECODER = byteLevel(true);
const NFC = { type: "NFC" };
const END = "<|endoftext|>";

/** Byte-level BPE has no unknown characters; ids of SentencePiece's BPE fall back to bytes. */
const plainBpe = () => bpeSettings({ fuse_unk: false, byte_fallback: false, unk_token: null });
const bpeSettings = (flags: { fuse_unk: boolean; byte_fallback: boolean; unk_token: string | null }) => ({
  type: "BPE",
  dropout: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  ignore_merges: false,
  ...flags,
});
const bytesFor = (unk_token: string | null) => bpeSettings({ fuse_unk: true, byte_fallback: true, unk_token });

const prefixes = (config: Json) => config.add_prefix_space === true;
const byteLevelParts = (normalizer: Json | null) => (config: Json) => ({
  normalizer,
  pre_tokenizer: byteLevel(prefixes(config)),
  decoder: BYTE_LEVEL_DECODER,
});
const qwenParts = (words: string) => (config: Json) => ({
  normalizer: NFC,
  pre_tokenizer: sequence([
    { type: "Split", pattern: { Regex: words }, behavior: "Isolated", invert: false },
    byteLevel(prefixes(config), false),
  ]),
  decoder: BYTE_LEVEL_DECODER,
});

const spaceMarks = (prepend_scheme: string) => ({ type: "Metaspace", replacement: "▁", prepend_scheme, split: false });
const fromMarks = (strips: boolean) => ({
  type: "Sequence",
  decoders: [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    ...(strips ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
  ],
});

const QWEN_TOKENS: Defaults = { eos_token: END, unk_token: END, pad_token: END };
const LLAMA_TOKENS: Defaults = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" };
const GPT2_TOKENS: Defaults = { bos_token: END, eos_token: END, unk_token: END };

export const TOKENIZER_CLASSES: Readonly<Record<string, TokenizerClass>> = {
  GPT2Tokenizer: { model: "BPE", settings: plainBpe, parts: byteLevelParts(null), tokens: GPT2_TOKENS },
  GPTNeoXTokenizer: {
    model: "BPE",
    settings: plainBpe,
    parts: byteLevelParts(NFC),
    tokens: { ...GPT2_TOKENS, pad_token: "<|padding|>" },
    around: { before: [], after: [] },
  },
  Qwen2Tokenizer: {
    model: "BPE",
    settings: plainBpe,
    parts: qwenParts(QWEN2_WORDS),
    tokens: QWEN_TOKENS,
    readds: "all",
  },
  Qwen3_5Tokenizer: { model: "BPE", settings: plainBpe, parts: qwenParts(QWEN35_WORDS), tokens: QWEN_TOKENS },
  LlamaTokenizer: {
    // a text is one word; unless the config sets `legacy`, only the beginning of the text gets a leading ▁
    model: "BPE",
    settings: () => bytesFor(null),
    parts: ({ add_prefix_space, legacy }) => {
      const isPrefixed = add_prefix_space !== false;
      const scheme = isPrefixed ? (legacy ? "always" : "first") : "never";
      return { normalizer: null, pre_tokenizer: spaceMarks(scheme), decoder: fromMarks(isPrefixed) };
    },
    tokens: LLAMA_TOKENS,
  },
  CodeLlamaTokenizer: {
    model: "BPE",
    settings: ({ unk_token }) => bytesFor(unk_token ?? null),
    parts: ({ add_prefix_space }) => {
      const scheme = add_prefix_space === false ? "never" : "first";
      return { normalizer: null, pre_tokenizer: spaceMarks(scheme), decoder: fromMarks(true) };
    },
    tokens: {
      ...LLAMA_TOKENS,
      prefix_token: "▁<PRE>",
      middle_token: "▁<MID>",
      suffix_token: "▁<SUF>",
      eot_token: "▁<EOT>",
      fill_token: "<FILL_ME>",
    },
    further: ["prefix_token", "middle_token", "suffix_token", "eot_token", "fill_token"],
    around: { before: ["bos_token"], after: [] },
  },
  GemmaTokenizer: {
    model: "BPE",
    settings: ({ unk_token }) => bytesFor(unk_token ?? null),
    parts: () => ({
      normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
      pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
      decoder: fromMarks(false),
    }),
    tokens: {
      bos_token: "<bos>",
      eos_token: "<eos>",
      unk_token: "<unk>",
      pad_token: "<pad>",
      mask_token: "<mask>",
    },
  },
  CohereTokenizer: {
    model: "BPE",
    settings: plainBpe,
    parts: (config) => ({
      normalizer: NFC,
      pre_tokenizer: sequence([{ type: "Digits", individual_digits: true }, byteLevel(prefixes(config))]),
      decoder: byteLevel(prefixes(config)),
    }),
    tokens: {
      bos_token: "<BOS_TOKEN>",
      eos_token: "<|END_OF_TURN_TOKEN|>",
      unk_token: "<UNK>",
      sep_token: "<SEP>",
      pad_token: "<PAD>",
      cls_token: "<CLS>",
      mask_token: "<MASK_TOKEN>",
    },
    readds: "further",
  },
  RobertaTokenizer: {
    model: "BPE",
    settings: plainBpe,
    parts: byteLevelParts(null),
    tokens: { ...LLAMA_TOKENS, sep_token: "</s>", pad_token: "<pad>", cls_token: "<s>", mask_token: "<mask>" },
    around: { before: ["cls_token"], after: ["sep_token"] },
  },
  BertTokenizer: {
    model: "WordPiece",
    settings: ({ unk_token }) => ({
      type: "WordPiece",
      unk_token: unk_token ?? "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
    }),
    parts: ({ do_lower_case, tokenize_chinese_chars, strip_accents }) => ({
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: tokenize_chinese_chars !== false,
        strip_accents: strip_accents ?? null,
        lowercase: do_lower_case !== false,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    }),
    tokens: {
      unk_token: "[UNK]",
      sep_token: "[SEP]",
      pad_token: "[PAD]",
      cls_token: "[CLS]",
      mask_token: "[MASK]",
    },
    // without these tokens, it puts the ids of BERT's own vocabulary around a text
    around: { before: ["cls_token"], after: ["sep_token"], withoutToken: { cls_token: 2, sep_token: 3 } },
  },
};

export interface ClassedTokenizer {
  /** tokenizer.json with the class's parts; the same object if nothing changes. */
  json: Json;
  /** tokenizer_config.json with the class's special tokens where it has none. */
  config: Json;
  /** Whose ids the class puts around a text, for `around`. */
  around?: TokenizerClass["around"];
  readds?: TokenizerClass["readds"];
  /** True if the class builds its tokenizer anew. */
  isBuiltAnew: boolean;
}

/**
 * @param named the class, as given by tokenizerClassOf
 * @throws PrefineError("not-yet") for a class that is not built
 */
export function asClass(
  named: string,
  { json, config, specialTokensMap }: { json: Json } & Pick<TokenizerSettings, "config" | "specialTokensMap">,
  where: string,
): ClassedTokenizer {
  const found = Object.hasOwn(TOKENIZER_CLASSES, named) ? TOKENIZER_CLASSES[named] : undefined;
  if (named === FROM_FILE || (!found && !REFUSED_CLASSES.has(named))) return { json, config, isBuiltAnew: false };
  const model = json.model as Json | undefined;
  const type = model?.type;
  if (!found || (type !== undefined && type !== found.model)) {
    const what = found ? `${named} with a model of type ${show(type)}` : `tokenizer_class ${named}`;
    const names = [FROM_FILE, ...Object.keys(TOKENIZER_CLASSES)].join(", ");
    throw new PrefineError("not-yet", `${where}: ${what} is not supported`, `Supported classes: ${names}.`);
  }
  const withTokens: Json = { ...found.tokens, ...config };
  const given: Json = config.added_tokens_decoder === undefined ? { ...config, ...specialTokensMap } : config;
  const { extra_special_tokens, additional_special_tokens } = config;
  if (found.further && (extra_special_tokens ?? additional_special_tokens) === undefined) {
    const added = found.further.filter((name) => ["string", "undefined"].includes(typeof given[name]));
    withTokens.extra_special_tokens = added.map((name) => found.tokens[name]);
  }
  const settings = found.settings(textsOf({ ...found.tokens, ...given }, found.tokens));
  const built = { ...json, ...found.parts(config), model: { ...model, ...settings } };
  const isSame = ["normalizer", "pre_tokenizer", "decoder"].every((name) =>
    equalJson(withoutOffsets(built[name as never]), withoutOffsets(json[name] ?? null)),
  );
  return {
    json: isSame && hasSettings(model, settings) ? json : built,
    config: withTokens,
    around: found.around,
    readds: found.readds,
    isBuiltAnew: true,
  };
}

/** Settings that are left out are off. */
function hasSettings(model: Json | undefined, settings: Json): boolean {
  return Object.entries(settings).every(([name, value]) => (model?.[name] || null) === (value || null));
}

/** A part without the settings that change no id and no text: ByteLevel's offsets, and in a decoder all of its. */
function withoutOffsets(part: unknown): unknown {
  if (typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map(withoutOffsets);
  const { type, trim_offsets, ...rest } = part as Json;
  if (type === "ByteLevel")
    return { type, add_prefix_space: rest.add_prefix_space ?? true, regex: rest.use_regex ?? true };
  return { type, ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withoutOffsets(value)])) };
}

/** Special tokens by name, as texts. */
function textsOf(config: Json, names: Defaults): Defaults {
  const texts: Record<string, string> = {};
  for (const name of Object.keys(names)) {
    const token = config[name];
    const content = typeof token === "string" ? token : (token as { content?: unknown } | null)?.content;
    if (typeof content === "string") texts[name] = content;
  }
  return texts;
}
