/** @file Tokenizers from a folder or a hub repository, and back into a folder. */
import { open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { makeFolder } from "../../disk/makeFolder.ts";
import { PrefineError } from "../../errors.ts";
import { fileSource } from "../../formats/byteSource.ts";
import { isGgufPath, readGguf } from "../../formats/gguf.ts";
import { parseJsonObject } from "../../formats/parseJson.ts";
import { isTemplateFile, TEMPLATE_FILE, TEMPLATE_FOLDER } from "../chatTemplates/templates.ts";
import type { HubOptions } from "../hub/settings.ts";
import { ggufTokenizer } from "./ggufTokenizer.ts";
import { asLlama, isLlamaTokenizer, LLAMA_TOKENS } from "./llamaTokenizer.ts";
import { asQwen2, isQwen2Tokenizer } from "./qwen2Tokenizer.ts";
import type { TokenizerSettings } from "./specialTokens.ts";
import { Tokenizer, type TokenizerParts } from "./tokenizer.ts";
import { buildGpt2Json, parseMerges, REDOWNLOAD } from "./tokenizerJson.ts";

export interface LoadTokenizerOptions extends HubOptions {
  /** Branch, tag or commit of a hub repository. Default: main. */
  revision?: string | undefined;
  /** A GGUF file of the folder or repository whose metadata have the tokenizer, under transformers' name. */
  gguf_file?: string | undefined;
}

const FILES = new Set([
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  TEMPLATE_FILE,
  "config.json", // for model_type
  "adapter_config.json", // names the base model where an adapter has no tokenizer of its own
]);
const isWanted = (path: string) => FILES.has(path) || isTemplateFile(path);
const VOCABULARY_FILES = new Set(["vocab.json", "merges.txt"]);

/** What a tokenizer is read from: the folder, its name for people and the text of its files. */
interface TokenizerFolder {
  directory: string;
  name: string;
}

/**
 * The tokenizer of a model: transformers' AutoTokenizer.from_pretrained.
 * @param idOrPath a folder (of a model, a run, an adapter), a GGUF file or the id of a hub repository; from the hub
 *   only the tokenizer's files are downloaded, and config.json.
 */
function fromPretrained(idOrPath: string, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  return load(idOrPath, options, []);
}

/** @param adapters the folders of adapters that led here: a ring of them has no tokenizer. */
async function load(idOrPath: string, options: LoadTokenizerOptions, adapters: string[]): Promise<Tokenizer> {
  const isFolder = await stat(idOrPath).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const directory = isFolder ? idOrPath : isGgufPath(idOrPath) ? dirname(idOrPath) : await download(idOrPath, options);
  const gguf = await findGguf(idOrPath, directory, options);
  if (gguf !== undefined) return tokenizerOfGguf(gguf, idOrPath);
  const folder: TokenizerFolder = { directory, name: idOrPath };
  const config = await readJson(folder, "tokenizer_config.json");
  const modelConfig = await readJson(folder, "config.json");
  const tokenizerClass = String(config?.tokenizer_class ?? "").replace(/Fast$/, "");
  const isGpt2 = tokenizerClass === "GPT2Tokenizer" || (tokenizerClass === "" && modelConfig?.model_type === "gpt2");
  const settings: TokenizerSettings = {
    config: config ?? {},
    specialTokensMap: await readJson(folder, "special_tokens_map.json"),
    addedTokens: await readJson(folder, "added_tokens.json"),
    isGpt2,
  };
  const kind = { tokenizerClass, modelType: modelConfig?.model_type };
  const unknownKind = tokenizerClass === "" && modelConfig?.model_type === undefined;
  const vocabulary =
    (await readTokenizerJson(folder, settings, kind)) ??
    (isGpt2 || unknownKind ? await readVocabAndMerges(folder, settings) : undefined);
  if (vocabulary) {
    const templateFiles = await readTemplateFiles(folder);
    return new Tokenizer({ ...settings, ...vocabulary, name_or_path: idOrPath, templateFiles, writeFiles });
  }
  const adapter = await readJson(folder, "adapter_config.json");
  const base = adapter?.base_model_name_or_path;
  const led = [...adapters, resolve(idOrPath)];
  if (typeof base === "string" && !led.includes(resolve(base)))
    return load(base, { ...options, revision: "main" }, led);
  throw noTokenizer(idOrPath, String(tokenizerClass || modelConfig?.model_type || ""));
}

/** The GGUF file that is asked for, or the only one of a folder without a tokenizer of the usual files. */
async function findGguf(idOrPath: string, directory: string, { gguf_file }: LoadTokenizerOptions) {
  if (gguf_file !== undefined) return join(directory, gguf_file);
  if (isGgufPath(idOrPath)) return idOrPath;
  const names = await readdir(directory).catch((): string[] => []);
  const files = names.filter(isGgufPath);
  return files.length === 1 && !names.some((name) => FILES.has(name)) ? join(directory, files[0]) : undefined;
}

async function tokenizerOfGguf(file: string, name_or_path: string): Promise<Tokenizer> {
  const handle = await open(file, "r").catch((error: Error) => {
    throw new PrefineError("io", `${file}: cannot be read: ${error.message}`, undefined, { cause: error });
  });
  try {
    const { json, config } = ggufTokenizer(await readGguf(await fileSource(handle), file), file);
    return new Tokenizer({ config, json, where: file, isGpt2: false, name_or_path, writeFiles });
  } finally {
    await handle.close();
  }
}

/** Tokenizer of any supported model; transformers' AutoTokenizer. */
export const AutoTokenizer = { from_pretrained: fromPretrained };

/** GPT-2's tokenizer, under the name that the Python class has. */
export const GPT2Tokenizer = { from_pretrained: fromPretrained };

async function download(id: string, options: LoadTokenizerOptions): Promise<string> {
  const { resolveRepo } = await import("../hub/resolveRepo.ts"); // local folders need no network code
  const { gguf_file, ...settings } = options;
  const repo = { ...settings, id, kind: "model" as const };
  if (gguf_file !== undefined) return (await resolveRepo({ ...repo, files: (path) => path === gguf_file })).directory;
  const { directory, files } = await resolveRepo({ ...repo, files: isWanted });
  if (files.includes("tokenizer.json")) return directory;
  return (await resolveRepo({ ...repo, files: (path) => isWanted(path) || VOCABULARY_FILES.has(path) })).directory;
}

/** @param kind what AutoTokenizer chooses a class by. */
async function readTokenizerJson(
  folder: TokenizerFolder,
  { config, isGpt2 }: TokenizerSettings,
  { tokenizerClass, modelType }: { tokenizerClass: string; modelType: unknown },
) {
  const bytes = await readOptional(folder, "tokenizer.json");
  if (!bytes) return undefined;
  const where = `${folder.name}/tokenizer.json`;
  const json = parseJsonObject(new TextDecoder().decode(bytes), where, REDOWNLOAD);
  const preTokenizer = json.pre_tokenizer as { type?: unknown; add_prefix_space?: unknown } | null | undefined;
  const prefix = config.add_prefix_space;
  // transformers builds GPT2Tokenizer's pre-tokenizer from the config; other classes take the file's.
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
  folder: TokenizerFolder,
  { config }: TokenizerSettings,
): Promise<Pick<TokenizerParts, "json" | "where"> | undefined> {
  const vocab = await readJson(folder, "vocab.json");
  const mergesText = await readOptional(folder, "merges.txt");
  if (!vocab || !mergesText) return undefined;
  const where = `${folder.name}/vocab.json`;
  const merges = parseMerges(new TextDecoder().decode(mergesText), `${folder.name}/merges.txt`);
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
async function readTemplateFiles(folder: TokenizerFolder): Promise<Map<string, string>> {
  const further = await readdir(join(folder.directory, TEMPLATE_FOLDER)).catch((): string[] => []);
  const paths = [TEMPLATE_FILE, ...further.sort().map((name) => `${TEMPLATE_FOLDER}/${name}`)].filter(isTemplateFile);
  const texts = new Map<string, string>();
  for (const path of paths) {
    const bytes = await readOptional(folder, path);
    if (bytes) texts.set(path, new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  }
  return texts;
}

async function readOptional({ directory, name }: TokenizerFolder, file: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(join(directory, file)));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new PrefineError("io", `${name}/${file}: cannot be read: ${message}`, "Check who may read it.", {
      cause: error,
    });
  }
}

async function readJson(folder: TokenizerFolder, file: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await readOptional(folder, file);
  return bytes && parseJsonObject(new TextDecoder().decode(bytes), `${folder.name}/${file}`, REDOWNLOAD);
}

function noTokenizer(idOrPath: string, kind: string): PrefineError {
  const ours = ["", "GPT2Tokenizer", "TokenizersBackend", "PreTrainedTokenizer", "gpt2"].includes(kind);
  const found = ours ? "neither" : `neither that fits a ${kind}`;
  return new PrefineError(
    "model",
    `${idOrPath}: expected tokenizer.json, or GPT-2's vocab.json and merges.txt, found ${found}`,
    "Give the folder or the hub id of a model that has its tokenizer beside it.",
  );
}

/** Writes each file beside its place, syncs and renames it: no reader ever sees half of one. */
async function writeFiles(directory: string, files: Map<string, Uint8Array>): Promise<void> {
  try {
    makeFolder(directory);
    for (const [file, bytes] of files) {
      const path = join(directory, file);
      makeFolder(dirname(path));
      const partial = join(dirname(path), `.${basename(file)}.${process.pid}.partial`);
      try {
        const handle = await open(partial, "w");
        try {
          await handle.writeFile(bytes);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(partial, path);
      } finally {
        await rm(partial, { force: true });
      }
    }
  } catch (error) {
    const message = `${directory}: the tokenizer cannot be written: ${(error as Error).message}`;
    throw new PrefineError("io", message, "Is the folder writable, and is there room on the disk?", { cause: error });
  }
}
