/** @file Reads the tokenizer of a model's GGUF file. */
import type { ModelFiles } from "../../disk/storage.ts";
import { PrefineError } from "../../errors.ts";
import { readGguf } from "../../formats/gguf.ts";
import { ggufModels, ggufParts } from "../../formats/ggufPath.ts";
import { ggufTokenizer } from "./ggufTokenizer.ts";
import { isTokenizerFile, type TokenizerFiles } from "./readTokenizer.ts";
import { Tokenizer } from "./tokenizer.ts";

/** The only GGUF file of a folder without tokenizer files. */
export async function findGguf(files: ModelFiles): Promise<string | undefined> {
  const names = await files.list();
  const ggufFiles = ggufModels(names);
  return ggufFiles.length === 1 && !names.some(isTokenizerFile) ? ggufFiles[0] : undefined;
}

/** The tokenizer in a GGUF file's metadata; of a model in parts, the first part's. */
export async function readGgufTokenizer(source: TokenizerFiles, gguf: string): Promise<Tokenizer> {
  const { files, name, writeFiles } = source;
  const [first] = ggufParts(gguf);
  const part = (await files.has(first)) ? first : gguf;
  const where = files.pathOf(part);
  const file = await files.open(part);
  if (!file) throw new PrefineError("io", `${where}: no such file`, "Check the spelling of the path.");
  try {
    const { json, config } = ggufTokenizer(await readGguf(file, where), where);
    return new Tokenizer({ config, json, where, isGpt2: false, name_or_path: name, writeFiles });
  } finally {
    await file.close();
  }
}
