/** @file Tokenization by @huggingface/tokenizers, for every tokenizer.json without a faster codec here. */
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { PrefineError } from "../../errors.ts";
import type { Branches, TextCodec } from "./codec.ts";
import type { TokenizerJson } from "./tokenizerJson.ts";

/** @param where names the file in messages. */
export function createLibraryCodec(json: TokenizerJson, config: Record<string, unknown>, where: string): TextCodec {
  let library: LibraryTokenizer;
  try {
    library = new LibraryTokenizer(json, config);
  } catch (error) {
    throw new PrefineError(
      "model",
      `${where}: expected a tokenizer that @huggingface/tokenizers can read, found: ${(error as Error).message}`,
      "The file may be damaged, or of a kind that is not supported yet.",
      { cause: error },
    );
  }
  const encode = (text: string, addSpecialTokens: boolean): number[] => {
    const { ids } = library.encode(text, { add_special_tokens: addSpecialTokens });
    if (ids.every(Number.isInteger)) return ids;
    throw new PrefineError(
      "model",
      `${where}: the vocabulary lacks a token for a part of the text and has no unk_token`,
    );
  };
  return {
    encode,
    encodeBranches: (text, continuations, addSpecialTokens): Branches => ({
      shared: [],
      prompt: encode(text, addSpecialTokens),
      continued: continuations.map((continuation) => encode(text + continuation, addSpecialTokens)),
    }),
    // The library rejects an empty list, and cleans up spaces by default (transformers never does for BPE).
    decode: (ids) => (ids.length === 0 ? "" : library.decode([...ids], { clean_up_tokenization_spaces: false })),
    concatenates: false,
  };
}
