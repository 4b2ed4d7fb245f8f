/** @file GGUF metadata -> the contents of tokenizer.json and tokenizer_config.json. */
import { PrefineError, show } from "../../errors.ts";
import { GPT2_WORDS } from "../../patterns/linearPatterns.ts";
import { OLD_RULES, REFUSED_RULES, WORD_RULES, type WordRule } from "./ggufPreTokenizers.ts";

export interface GgufTokenizer {
  /** tokenizer.json. */
  json: Record<string, unknown>;
  /** tokenizer_config.json, with the chat template if the file has one. */
  config: Record<string, unknown>;
}

/** llama.cpp's token types. */
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;

/** Tokens that llama.cpp takes for control tokens whatever type a file gives them: ends, and parts of infilled code. */
const CONTROL_TEXTS: ReadonlySet<string> = new Set(
  (
    "<|eot_id|> <|im_end|> <|end|> <|return|> <|call|> <|flush|> <|calls|> <end_of_turn> <|endoftext|> </s> " +
    "<|eom_id|> <EOT> _<EOT> [EOT] [EOS] <|end_of_text|> <end_of_utterance> <eos> <turn|> <|tool_response> " +
    "<｜end▁of▁sentence｜> [e~[ " +
    "<|fim_prefix|> <fim-prefix> <fim_prefix> <｜fim▁begin｜> <PRE> ▁<PRE> <|code_prefix|> <|prefix|> " +
    "<|fim_suffix|> <fim-suffix> <fim_suffix> <｜fim▁hole｜> <SUF> ▁<SUF> <|code_suffix|> <|suffix|> " +
    "<|fim_middle|> <fim-middle> <fim_middle> <｜fim▁end｜> <MID> ▁<MID> <|code_middle|> <|middle|> " +
    "<|fim_pad|> <fim-pad> <fim_pad> <PAD> [PAD] " +
    "<|fim_repo|> <|repo_name|> <fim-repo> <REPO> <reponame> <|file_sep|>"
  ).split(" "),
);

/** As read by formats/gguf.ts. */
type GgufMetadata = ReadonlyMap<string, unknown>;

interface Vocabulary {
  where: string;
  metadata: GgufMetadata;
  tokens: string[];
  types: number[];
}

/** @throws PrefineError("not-yet") for an unsupported tokenizer; ("model") if metadata is missing or wrong. */
export function ggufTokenizer({ metadata }: { metadata: GgufMetadata }, where: string): GgufTokenizer {
  const tokens = textList(metadata, "tokenizer.ggml.tokens", where);
  const typeList = metadata.get("tokenizer.ggml.token_type");
  const types = Array.isArray(typeList) ? typeList.map(Number) : [];
  for (const [id, token] of tokens.entries()) if (CONTROL_TEXTS.has(token)) types[id] = CONTROL;
  const vocabulary: Vocabulary = { where, metadata, tokens, types };
  const kind = metadata.get("tokenizer.ggml.model");
  if (kind === "gpt2") return { json: byteLevelJson(vocabulary), config: configOf(vocabulary) };
  if (kind === "llama") return { json: sentencePieceJson(vocabulary), config: configOf(vocabulary) };
  const message = `${where}: GGUF tokenizers of type ${show(kind)} are not supported`;
  throw new PrefineError("not-yet", message, "Name the tokenizer's folder or hub id.");
}

function textList(metadata: GgufMetadata, key: string, where: string): string[] {
  const list = metadata.get(key);
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  const hint = "Download the file again: it may be truncated or damaged.";
  throw new PrefineError("model", `${where}: ${key}: expected a list of strings, found ${show(list)}`, hint);
}

/** Tokens that are matched in a text before it is split. */
function addedTokens({ metadata, tokens, types }: Vocabulary): Record<string, unknown>[] {
  const isPhi3 = isPhi3Vocabulary(metadata);
  return tokens.flatMap((content, id) => {
    const special = types[id] === CONTROL || types[id] === UNKNOWN;
    if (!special && types[id] !== USER_DEFINED) return [];
    const rstrip = isPhi3 && !["<unk>", "<s>", "<|endoftext|>"].includes(content);
    return [{ id, content, single_word: false, lstrip: false, rstrip, normalized: false, special }];
  });
}

/** Phi-3's tokens of turns take the white space behind them, which no key says: llama.cpp knows it by the name. */
function isPhi3Vocabulary(metadata: GgufMetadata): boolean {
  const isNamed = /phi-?3/i.test(String(metadata.get("general.name")));
  const isPhi3 = metadata.get("general.architecture") === "phi3" || isNamed;
  return isPhi3 && metadata.get("tokenizer.ggml.model") === "llama";
}

const byteLevel = (useRegex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});

/** The pre-tokenizer of a rule: GPT-2's own where it is the only one, so that the fast steps are used. */
function preTokenizerOf({ splits }: WordRule): object {
  if (splits.length === 1 && splits[0] === GPT2_WORDS) return byteLevel(true);
  const parts = splits.map((pattern) => ({
    type: "Split",
    pattern: { Regex: pattern },
    behavior: "Isolated",
    invert: false,
  }));
  return { type: "Sequence", pretokenizers: [...parts, { ...byteLevel(false), trim_offsets: false }] };
}

/** The rule of `tokenizer.ggml.pre`. A file without it is an old one: its family's, or llama.cpp's default rule. */
function ruleOf({ where, metadata }: Vocabulary): WordRule {
  const architecture = String(metadata.get("general.architecture"));
  const old = Object.hasOwn(OLD_RULES, architecture) ? OLD_RULES[architecture] : "default";
  const named = metadata.get("tokenizer.ggml.pre") ?? "default";
  const pre = named === "default" ? old : named;
  if (typeof pre === "string" && Object.hasOwn(WORD_RULES, pre)) return WORD_RULES[pre];
  const isRefused = typeof pre === "string" && Object.hasOwn(REFUSED_RULES, pre);
  const reason = isRefused ? REFUSED_RULES[pre] : "llama.cpp has no such name; COMPATIBILITY.md lists them";
  const message = `${where}: tokenizer.ggml.pre ${show(pre)} is not supported (${reason})`;
  throw new PrefineError("not-yet", message, "Name the tokenizer's folder or hub id.");
}

function byteLevelJson(vocabulary: Vocabulary): Record<string, unknown> {
  const { where, metadata, tokens } = vocabulary;
  const rule = ruleOf(vocabulary);
  const merges = textList(metadata, "tokenizer.ggml.merges", where).map((merge) => splitMerge(merge, where));
  return {
    version: "1.0",
    added_tokens: addedTokens(vocabulary),
    normalizer: rule.normalizer ?? null,
    pre_tokenizer: preTokenizerOf(rule),
    post_processor: startTokens(vocabulary, rule.addsBos === true),
    decoder: byteLevel(true),
    model: bpe(tokens, merges, { ignore_merges: rule.ignoreMerges === true, byte_fallback: false, unk_token: null }),
  };
}

/** `"a b"`: neither part has a space, because byte-level tokens spell it as a letter. */
function splitMerge(merge: string, where: string): [string, string] {
  const parts = merge.split(" ");
  if (parts.length === 2) return [parts[0], parts[1]];
  const message = `${where}: tokenizer.ggml.merges: expected two parts, found ${show(merge)}`;
  throw new PrefineError("model", message, "Download the file again: it may be truncated or damaged.");
}

function bpe(
  tokens: readonly string[],
  merges: [string, string][],
  flags: { ignore_merges: boolean; byte_fallback: boolean; unk_token: string | null },
): Record<string, unknown> {
  return {
    type: "BPE",
    dropout: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: flags.byte_fallback,
    ...flags,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  };
}

/** SentencePiece BPE of Llama 2 and Mistral: spaces are ▁, unknown characters fall back to bytes. */
function sentencePieceJson(vocabulary: Vocabulary): Record<string, unknown> {
  const { where, metadata, tokens, types } = vocabulary;
  const scores = metadata.get("tokenizer.ggml.scores");
  if (!Array.isArray(scores) || scores.length !== tokens.length) {
    const actual = Array.isArray(scores) ? `${scores.length} of them` : show(scores);
    const message = `expected one for each of ${tokens.length} tokens, found ${actual}`;
    throw new PrefineError(
      "model",
      `${where}: tokenizer.ggml.scores: ${message}`,
      "Download the file again: it may be truncated or damaged.",
    );
  }
  const hasPrefix = metadata.get("tokenizer.ggml.add_space_prefix") !== false;
  const prepend = hasPrefix ? [{ type: "Prepend", prepend: "▁" }] : [];
  const strip = hasPrefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : [];
  const toMarks = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const fromMarks = { type: "Replace", pattern: { String: "▁" }, content: " " };
  const unknown = tokens.find((_, id) => types[id] === UNKNOWN) ?? null;
  const merges = mergesByScore(tokens, scores.map(Number), types);
  return {
    version: "1.0",
    added_tokens: addedTokens(vocabulary),
    normalizer: { type: "Sequence", normalizers: [...prepend, toMarks] },
    pre_tokenizer: null,
    post_processor: startTokens(vocabulary, true),
    decoder: { type: "Sequence", decoders: [fromMarks, { type: "ByteFallback" }, { type: "Fuse" }, ...strip] },
    model: bpe(tokens, merges, { ignore_merges: false, byte_fallback: true, unk_token: unknown }),
  };
}

/** SentencePiece stores no merges: any two tokens may form a third, in order of descending score. */
function mergesByScore(tokens: readonly string[], scores: readonly number[], types: readonly number[]) {
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const candidates: { merge: [string, string]; ids: [number, number]; score: number }[] = [];
  for (const [id, token] of tokens.entries()) {
    if (types[id] === CONTROL) continue;
    for (let at = 1; at < token.length; at++) {
      const merge: [string, string] = [token.slice(0, at), token.slice(at)];
      const ids = merge.map((part) => idOf.get(part));
      if (ids[0] !== undefined && ids[1] !== undefined)
        candidates.push({ merge, ids: [ids[0], ids[1]], score: scores[id] });
    }
  }
  candidates.sort((a, b) => b.score - a.score || a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]);
  return candidates.map(({ merge }) => merge);
}

/** SentencePiece's ids of special tokens where a file doesn't name them, as in llama.cpp. */
const SENTENCE_PIECE_IDS: Record<string, number> = { bos: 1, eos: 2, unknown: 0 };

/** -1 as a file holds it: no such token. */
const NONE = 0xffff_ffff;

/** @throws PrefineError("model") for an end of sequence beyond the vocabulary, after which nothing would stop. */
function idOf({ where, metadata, tokens }: Vocabulary, name: string): number | undefined {
  const isSentencePiece = metadata.get("tokenizer.ggml.model") === "llama";
  const key = `tokenizer.ggml.${name}_token_id`;
  const id = metadata.get(key) ?? (isSentencePiece ? SENTENCE_PIECE_IDS[name] : undefined);
  if (typeof id === "number" && id in tokens) return id;
  if (name === "eos" && metadata.has(key) && id !== NONE) {
    const message = `${where}: ${key}: expected an id of its ${tokens.length} tokens, found ${show(id)}`;
    throw new PrefineError("model", message, "Download the file again, or convert the model again.");
  }
  return undefined;
}

/** bos before and eos after every text, if the metadata, or without it the kind of tokenizer, asks for them. */
function startTokens(vocabulary: Vocabulary, addsBos: boolean): Record<string, unknown> | null {
  const { where, metadata, tokens } = vocabulary;
  const idIfAdded = (name: string, otherwise: boolean) => {
    if ((metadata.get(`tokenizer.ggml.add_${name}_token`) ?? otherwise) !== true) return undefined;
    const id = idOf(vocabulary, name);
    if (id !== undefined) return id;
    const key = `tokenizer.ggml.${name}_token_id`;
    const message = `${where}: ${key}: expected the id of a token that begins or ends every text`;
    throw new PrefineError("model", `${message}, found ${show(metadata.get(key))}`, "Name the tokenizer's folder.");
  };
  const ids = { bos: idIfAdded("bos", addsBos), eos: idIfAdded("eos", false) };
  const around = (id: number | undefined, type_id: number) =>
    id === undefined ? [] : [{ SpecialToken: { id: tokens[id], type_id } }];
  const text = (name: "A" | "B", type_id: number) => [
    ...around(ids.bos, type_id),
    { Sequence: { id: name, type_id } },
    ...around(ids.eos, type_id),
  ];
  const special = [ids.bos, ids.eos].filter((id) => id !== undefined);
  return special.length === 0
    ? null
    : {
        type: "TemplateProcessing",
        single: text("A", 0),
        pair: [...text("A", 0), ...text("B", 1)],
        special_tokens: Object.fromEntries(
          special.map((id) => [tokens[id], { id: tokens[id], ids: [id], tokens: [tokens[id]] }]),
        ),
      };
}

function configOf(vocabulary: Vocabulary): Record<string, unknown> {
  const { metadata, tokens } = vocabulary;
  const roles = { bos_token: "bos", eos_token: "eos", unk_token: "unknown", pad_token: "padding" };
  const special = Object.entries(roles).flatMap(([key, name]) => {
    const id = idOf(vocabulary, name);
    return id === undefined ? [] : [[key, tokens[id]]];
  });
  const template = metadata.get("tokenizer.chat_template");
  const length = metadata.get(`${metadata.get("general.architecture")}.context_length`);
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    ...Object.fromEntries(special),
    ...(typeof length === "number" ? { model_max_length: length } : {}),
    ...(typeof template === "string" ? { chat_template: template } : {}),
  };
}
