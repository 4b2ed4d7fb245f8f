/** @file Loads tokenizers from a folder or a hub repository, and saves them into a folder. */
import { anyFunction, checkOptions, checkValue, type OptionChecks, text } from "../../arguments.ts";
import { notOnDisk } from "../../disk/nearbyNames.ts";
import { folderAt, nodeStorage } from "../../disk/nodeStorage.ts";
import type { ModelFiles } from "../../disk/storage.ts";
import { PrefineError } from "../../errors.ts";
import { ggufParts, isGgufPath } from "../../formats/ggufPath.ts";
import type { HubProgress } from "../hub/resolveRepo.ts";
import type { HubOptions } from "../hub/settings.ts";
import { findGguf, readGgufTokenizer } from "./readGgufTokenizer.ts";
import { isTokenizerFile, readTokenizer } from "./readTokenizer.ts";
import { Tokenizer } from "./tokenizer.ts";

export interface LoadTokenizerOptions extends HubOptions {
  /**
   * Branch, tag or commit of a hub repository.
   *
   * Default: `"main"`. Same as transformers.
   */
  revision?: string | undefined;
  /**
   * GGUF file of the folder or repository whose metadata has the tokenizer.
   *
   * Default: none. Same as transformers.
   */
  gguf_file?: string | undefined;
  /**
   * Receives the progress of a download.
   *
   * Default: nothing is shown. Prefine's own.
   */
  onProgress?: ((progress: HubProgress) => void) | undefined;
}

/** Arguments of transformers' from_pretrained that would change the ids. */
const NOT_BUILT = {
  add_bos_token: "pass add_special_tokens to encode, or change tokenizer_config.json",
  add_eos_token: "change tokenizer_config.json",
  add_prefix_space: "change tokenizer_config.json",
  bos_token: "change tokenizer_config.json",
  eos_token: "change tokenizer_config.json",
  unk_token: "change tokenizer_config.json",
  pad_token: "set tokenizer.pad_token",
  subfolder: "give the folder's path",
};
const NO_EFFECT = [
  "use_fast",
  "legacy",
  "trust_remote_code",
  "force_download",
  "padding_side",
  "truncation_side",
  "clean_up_tokenization_spaces",
];

const VOCABULARY_FILES = new Set(["vocab.json", "merges.txt"]);

/**
 * The tokenizer of a model: transformers' AutoTokenizer.from_pretrained.
 * @param idOrPath a folder (of a model, a run, an adapter), a GGUF file or the id of a hub repository; from the hub,
 *   only the tokenizer's files and config.json are downloaded.
 */
async function fromPretrained(idOrPath: string, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  checkValue("AutoTokenizer.from_pretrained", idOrPath, { ...text, expected: "a hub id or a folder" });
  const { HUB_CHECKS } = await import("../hub/settings.ts");
  const checks: OptionChecks<LoadTokenizerOptions> = {
    ...HUB_CHECKS,
    revision: text,
    gguf_file: text,
    onProgress: anyFunction,
  };
  checkOptions("AutoTokenizer.from_pretrained", options, checks, { notBuilt: NOT_BUILT, noEffect: NO_EFFECT });
  return load(idOrPath, options, []);
}

/** @param adapters the adapter folders that led here, to detect cycles. */
async function load(idOrPath: string, options: LoadTokenizerOptions, adapters: string[]): Promise<Tokenizer> {
  const { files, gguf } = await locate(idOrPath, options);
  const source = { files, name: idOrPath, writeFiles };
  const ggufFile = options.gguf_file ?? gguf ?? (await findGguf(files));
  if (ggufFile !== undefined) return readGgufTokenizer(source, ggufFile);
  const read = await readTokenizer(source);
  if (read instanceof Tokenizer) return read;
  const { base, kind } = read;
  const led = [...adapters, nodeStorage.wholePath(idOrPath)];
  if (typeof base === "string" && !led.includes(nodeStorage.wholePath(base)))
    return load(base, { ...options, revision: "main" }, led);
  throw noTokenizer(idOrPath, kind);
}

/** @returns the files, and the GGUF file with the tokenizer if one was named. */
async function locate(id: string, options: LoadTokenizerOptions): Promise<{ files: ModelFiles; gguf?: string }> {
  const folder = folderAt(id);
  if (await folder.exists()) return { files: folder };
  if (isGgufPath(id)) return { files: folder.above(), gguf: folder.name };
  try {
    return { files: folderAt(await download(id, options)) };
  } catch (error) {
    throw await notOnDisk(error, id);
  }
}

/** Tokenizer of any supported model; transformers' AutoTokenizer. */
export const AutoTokenizer = { from_pretrained: fromPretrained };

/** GPT-2's tokenizer, with the Python class's name. */
export const GPT2Tokenizer = { from_pretrained: fromPretrained };

async function download(id: string, options: LoadTokenizerOptions): Promise<string> {
  const { resolveRepo } = await import("../hub/resolveRepo.ts"); // local folders need no network code
  const { gguf_file, ...settings } = options;
  const repo = { ...settings, id, kind: "model" as const };
  if (gguf_file !== undefined) {
    const [first] = ggufParts(gguf_file);
    return (await resolveRepo({ ...repo, files: (path) => path === gguf_file || path === first })).directory;
  }
  const { directory, files } = await resolveRepo({ ...repo, files: isTokenizerFile });
  if (files.includes("tokenizer.json")) return directory;
  return (await resolveRepo({ ...repo, files: (path) => isTokenizerFile(path) || VOCABULARY_FILES.has(path) }))
    .directory;
}

function noTokenizer(idOrPath: string, kind: string): PrefineError {
  const ours = ["", "GPT2Tokenizer", "TokenizersBackend", "PreTrainedTokenizer", "gpt2"].includes(kind);
  const found = ours ? "neither" : `neither that fits a ${kind}`;
  return new PrefineError(
    "model",
    `${idOrPath}: expected tokenizer.json, or GPT-2's vocab.json and merges.txt, found ${found}`,
    "Give the folder or hub id of a model with its tokenizer.",
  );
}

/** @throws PrefineError("io") when the disk is full, read-only or not ours. */
async function writeFiles(directory: string, files: Map<string, Uint8Array>): Promise<void> {
  const folder = folderAt(directory);
  try {
    for (const [name, bytes] of files) await folder.write(name, [bytes]);
  } catch (error) {
    const reason = ((error as Error).cause ?? error) as Error;
    const message = `${directory}: the tokenizer cannot be written: ${reason.message}`;
    throw new PrefineError("io", message, "Is the folder writable, and is there room on the disk?", { cause: error });
  }
}
