/** @file LlamaTokenizer: transformers 5 takes vocabulary and merges from tokenizer.json, and sets the rest itself. */

/** Names of special tokens where the files are silent. */
export const LLAMA_TOKENS = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" } as const;

/**
 * Whether AutoTokenizer makes a LlamaTokenizer of a tokenizer.json: where tokenizer_config.json names it, not for the
 * model types that have another class, and not for byte-level files (Llama 3), which older configs misname.
 */
export function isLlamaTokenizer(tokenizerClass: string, modelType: unknown, json: Record<string, unknown>): boolean {
  if (tokenizerClass !== "LlamaTokenizer" || modelType === "mistral" || modelType === "qwen2") return false;
  const { model, ...parts } = json;
  return (model as { type?: unknown } | undefined)?.type === "BPE" && !JSON.stringify(parts).includes('"ByteLevel"');
}

/**
 * tokenizer.json as a LlamaTokenizer has it: a text is one word, spaces are ▁, and unless the config says `legacy`,
 * only what begins the text gets one in front, not what follows a special token.
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
