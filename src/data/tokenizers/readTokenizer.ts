/** @file Reads a tokenizer from a model's files. Runs anywhere. */
import type { ModelFiles } from "../../disk/storage.ts";
import { isObject, parseJsonObject } from "../../formats/parseJson.ts";
import { textOf } from "../../formats/textEncoding.ts";
import { isTemplateFile, TEMPLATE_FILE, TEMPLATE_FOLDER } from "../chatTemplates/templates.ts";
import { FROM_FILE } from "./classOfModel.ts";
import { asClass, TOKENIZER_CLASSES } from "./classParts.ts";
import type { TokenizerSettings } from "./specialTokens.ts";
import { Tokenizer } from "./tokenizer.ts";
import { tokenizerClassOf } from "./tokenizerClasses.ts";
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
  const parsed = await readTokenizerJson(source);
  const modelType = typeof modelConfig?.model_type === "string" ? modelConfig.model_type : undefined;
  const named = [config?.tokenizer_class, modelConfig?.tokenizer_class].find(isName);
  const tokenizerClass = isFromFile(source.name)
    ? FROM_FILE
    : tokenizerClassOf({ named, modelType, hasOwnCode: hasOwnCode(config), isByteLevel: isByteLevel(parsed?.json) });
  const isGpt2 = tokenizerClass === "GPT2Tokenizer";
  const settings: TokenizerSettings = {
    config: config ?? {},
    specialTokensMap: await readJson(source, "special_tokens_map.json"),
    addedTokens: await readJson(source, "added_tokens.json"),
    isGpt2,
    // transformers 4 knows this name, too
    tokenizerClass: Object.hasOwn(TOKENIZER_CLASSES, tokenizerClass) ? tokenizerClass : "PreTrainedTokenizerFast",
  };
  const unknownKind = named === undefined && modelType === undefined;
  const vocabulary = parsed
    ? classed(parsed, settings, tokenizerClass)
    : isGpt2 || unknownKind
      ? await readVocabAndMerges(source, settings)
      : undefined;
  if (vocabulary) {
    const { name: name_or_path, writeFiles } = source;
    const templateFiles = await readTemplateFiles(source);
    return new Tokenizer({ ...settings, ...vocabulary, name_or_path, templateFiles, writeFiles });
  }
  const adapter = await readJson(source, "adapter_config.json");
  return { base: adapter?.base_model_name_or_path, kind: named?.replace(/Fast$/, "") ?? modelType ?? "" };
}

const isName = (value: unknown): value is string => typeof value === "string" && value !== "";

/** Repositories whose class transformers passes over. */
const FROM_FILE_IDS =
  /^(?:deepseek-ai\/deepseek-(?:r1-distill-llama|coder)-|allenai\/dolma2-tokenizer$|stepfun-ai\/step-3\.7-)/i;
const isFromFile = (name: string): boolean => FROM_FILE_IDS.test(name);

/** An auto_map for AutoTokenizer: a list in older files. */
function hasOwnCode(config: Record<string, unknown> | undefined): boolean {
  const map = config?.auto_map;
  return Array.isArray(map) || (isObject(map) && map.AutoTokenizer !== undefined && map.AutoTokenizer !== null);
}

function isByteLevel(json: Record<string, unknown> | undefined): boolean {
  const { model, ...parts } = json ?? {};
  return JSON.stringify(parts).includes('"ByteLevel"');
}

interface ParsedJson {
  where: string;
  json: Record<string, unknown>;
  bytes: Uint8Array;
}

async function readTokenizerJson(source: TokenizerFiles): Promise<ParsedJson | undefined> {
  const bytes = await source.files.read("tokenizer.json");
  if (!bytes) return undefined;
  const where = `${source.name}/tokenizer.json`;
  return { where, bytes, json: parseJsonObject(textOf(bytes, where), where, REDOWNLOAD) };
}

/** tokenizer.json with the parts that the class sets itself. */
function classed({ where, json, bytes }: ParsedJson, settings: TokenizerSettings, tokenizerClass: string) {
  const { json: made, ...rest } = asClass(tokenizerClass, { ...settings, json }, where);
  return { where, ...rest, json: made, ...(made === json && !rest.around ? { source: bytes } : {}) };
}

async function readVocabAndMerges(
  source: TokenizerFiles,
  { config }: TokenizerSettings,
): Promise<Pick<TokenizerParts, "json" | "where"> | undefined> {
  const vocab = await readJson(source, "vocab.json");
  const mergesText = await source.files.read("merges.txt");
  if (!vocab || !mergesText) return undefined;
  const where = `${source.name}/vocab.json`;
  const mergesFile = `${source.name}/merges.txt`;
  const merges = parseMerges(textOf(mergesText, mergesFile), mergesFile);
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
    if (bytes) texts.set(path, textOf(bytes, `${source.name}/${path}`, { ignoreBOM: true }));
  }
  return texts;
}

async function readJson(source: TokenizerFiles, file: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await source.files.read(file);
  const where = `${source.name}/${file}`;
  return bytes && parseJsonObject(textOf(bytes, where), where, REDOWNLOAD);
}
