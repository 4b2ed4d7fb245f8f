/** @file LlamaTokenizer: transformers 5 takes only vocabulary and merges from tokenizer.json. */

/** Default special tokens. */
export const LLAMA_TOKENS = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" } as const;

/**
 * Whether AutoTokenizer creates a LlamaTokenizer: if tokenizer_config.json names it, except for model types with
 * another class and for byte-level files (Llama 3), for which older configs name the wrong class.
 */
export function isLlamaTokenizer(tokenizerClass: string, modelType: unknown, json: Record<string, unknown>): boolean {
  if (tokenizerClass !== "LlamaTokenizer" || modelType === "mistral" || modelType === "qwen2") return false;
  const { model, ...parts } = json;
  return (model as { type?: unknown } | undefined)?.type === "BPE" && !JSON.stringify(parts).includes('"ByteLevel"');
}

/**
 * Adapts tokenizer.json to LlamaTokenizer: a text is one word, spaces are ▁, and unless the config sets `legacy`,
 * only the beginning of the text gets a leading ▁, not the text after a special token.
 */
export function asLlama(
  json: Record<string, unknown>,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const isPrefixed = config.add_prefix_space !== false;
  const prepend_scheme = isPrefixed ? (config.legacy ? "always" : "first") : "never";
  const decoders = [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    ...(isPrefixed ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
  ];
  const settings = {
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: true,
    byte_fallback: true,
    ignore_merges: false,
  };
  return {
    ...json,
    normalizer: null,
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme, split: false },
    decoder: { type: "Sequence", decoders },
    model: { ...(json.model as object), ...settings },
  };
}
