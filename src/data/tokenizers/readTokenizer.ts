/** @file Reads a tokenizer from a model's files. Runs anywhere. */
import type { ModelFiles } from "../../disk/storage.ts";
import { parseJsonObject } from "../../formats/parseJson.ts";
import { isTemplateFile, TEMPLATE_FILE, TEMPLATE_FOLDER } from "../chatTemplates/templates.ts";
import { asLlama, isLlamaTokenizer, LLAMA_TOKENS } from "./llamaTokenizer.ts";
import { asQwen2, isQwen2Tokenizer } from "./qwen2Tokenizer.ts";
import type { TokenizerSettings } from "./specialTokens.ts";
import { Tokenizer } from "./tokenizer.ts";
import { buildGpt2Json, parseMerges, REDOWNLOAD } from "./tokenizerJson.ts";
import type { TokenizerParts } from "./tokenizerParts.ts";

const FILES = new Set([
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  TEMPLATE_FILE,
  "config.json", // for model_type
  "adapter_config.json", // names the base model if an adapter has no tokenizer
]);

/** Whether a file of this name may be needed to load a tokenizer. */
export const isTokenizerFile = (path: string): boolean => FILES.has(path) || isTemplateFile(path);

/** The files a tokenizer is read from, and the function that saves it. */
export interface TokenizerFiles {
  files: ModelFiles;
  /** The requested id or path. */
  name: string;
  writeFiles: NonNullable<TokenizerParts["writeFiles"]>;
}

/**
 * Reads tokenizer.json, or vocab.json and merges.txt.
 * @returns the tokenizer, or an adapter's base model (`base`) and the kind of tokenizer that is missing.
 */
export async function readTokenizer(source: TokenizerFiles): Promise<Tokenizer | { base: unknown; kind: string }> {
  const config = await readJson(source, "tokenizer_config.json");
  const modelConfig = await readJson(source, "config.json");
  const tokenizerClass = String(config?.tokenizer_class ?? "").replace(/Fast$/, "");
  const isGpt2 = tokenizerClass === "GPT2Tokenizer" || (tokenizerClass === "" && modelConfig?.model_type === "gpt2");
  const settings: TokenizerSettings = {
    config: config ?? {},
    specialTokensMap: await readJson(source, "special_tokens_map.json"),
    addedTokens: await readJson(source, "added_tokens.json"),
    isGpt2,
  };
  const kind = { tokenizerClass, modelType: modelConfig?.model_type };
  const unknownKind = tokenizerClass === "" && modelConfig?.model_type === undefined;
  const vocabulary =
    (await readTokenizerJson(source, settings, kind)) ??
    (isGpt2 || unknownKind ? await readVocabAndMerges(source, settings) : undefined);
  if (vocabulary) {
    const { name: name_or_path, writeFiles } = source;
    const templateFiles = await readTemplateFiles(source);
    return new Tokenizer({ ...settings, ...vocabulary, name_or_path, templateFiles, writeFiles });
  }
  const adapter = await readJson(source, "adapter_config.json");
  return { base: adapter?.base_model_name_or_path, kind: String(tokenizerClass || modelConfig?.model_type || "") };
}

/** @param kind the model type and tokenizer class by which AutoTokenizer chooses. */
async function readTokenizerJson(
  source: TokenizerFiles,
  { config, isGpt2 }: TokenizerSettings,
  { tokenizerClass, modelType }: { tokenizerClass: string; modelType: unknown },
) {
  const bytes = await source.files.read("tokenizer.json");
  if (!bytes) return undefined;
  const where = `${source.name}/tokenizer.json`;
  const json = parseJsonObject(new TextDecoder().decode(bytes), where, REDOWNLOAD);
  const preTokenizer = json.pre_tokenizer as { type?: unknown; add_prefix_space?: unknown } | null | undefined;
  const prefix = config.add_prefix_space;
  // transformers builds GPT2Tokenizer's pre-tokenizer from the config; other classes use the file's.
  const overrides = isGpt2 && preTokenizer?.type === "ByteLevel" && typeof prefix === "boolean";
  if (overrides && prefix !== (preTokenizer.add_prefix_space ?? true)) {
    return { where, json: { ...json, pre_tokenizer: { ...preTokenizer, add_prefix_space: prefix } } };
  }
  if (isLlamaTokenizer(tokenizerClass, modelType, json)) {
    return { where, json: asLlama(json, config), config: { ...LLAMA_TOKENS, ...config } };
  }
  const qwen2 = isQwen2Tokenizer(tokenizerClass, modelType) ? asQwen2(json) : json;
  return { where, json: qwen2, source: qwen2 === json ? bytes : undefined };
}

async function readVocabAndMerges(
  source: TokenizerFiles,
  { config }: TokenizerSettings,
): Promise<Pick<TokenizerParts, "json" | "where"> | undefined> {
  const vocab = await readJson(source, "vocab.json");
  const mergesText = await source.files.read("merges.txt");
  if (!vocab || !mergesText) return undefined;
  const where = `${source.name}/vocab.json`;
  const merges = parseMerges(new TextDecoder().decode(mergesText), `${source.name}/merges.txt`);
  const bosContent = typeof config.bos_token === "string" ? config.bos_token : "<|endoftext|>";
  const bosId = vocab[bosContent];
  const addBos = config.add_bos_token === true && typeof bosId === "number";
  const bos = addBos ? { content: bosContent, id: bosId } : undefined;
  return {
    where,
    json: { ...buildGpt2Json(vocab, merges, { addPrefixSpace: config.add_prefix_space === true, bos }) },
  };
}

/** chat_template.jinja, and those of additional_chat_templates/: path -> text. */
async function readTemplateFiles(source: TokenizerFiles): Promise<Map<string, string>> {
  const further = await source.files.list(TEMPLATE_FOLDER);
  const paths = [TEMPLATE_FILE, ...further.sort().map((name) => `${TEMPLATE_FOLDER}/${name}`)].filter(isTemplateFile);
  const texts = new Map<string, string>();
  for (const path of paths) {
    const bytes = await source.files.read(path);
    if (bytes) texts.set(path, new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  }
  return texts;
}

async function readJson(source: TokenizerFiles, file: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await source.files.read(file);
  return bytes && parseJsonObject(new TextDecoder().decode(bytes), `${source.name}/${file}`, REDOWNLOAD);
}
