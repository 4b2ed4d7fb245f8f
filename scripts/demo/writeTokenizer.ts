/** @file The tokenizer's files in GPT-2's format: tokenizer.json and tokenizer_config.json. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildGpt2Json } from "../../src/data/tokenizers/tokenizerJson.ts";
import { END_OF_TEXT, MODEL } from "./settings.ts";
import type { TrainedTokenizer } from "./tokenizerTraining.ts";

/** File name -> text. */
export function tokenizerFiles({ vocab, merges }: TrainedTokenizer): Map<string, string> {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: true, special: true };
  const added_tokens = [{ id: vocab[END_OF_TEXT], content: END_OF_TEXT, ...flags }];
  const tokenizer = { ...buildGpt2Json(vocab, merges, { addPrefixSpace: false }), added_tokens };
  const config = {
    add_prefix_space: false,
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    unk_token: END_OF_TEXT,
    model_max_length: MODEL.n_positions,
    tokenizer_class: "GPT2Tokenizer",
  };
  return new Map([
    ["tokenizer.json", JSON.stringify(tokenizer)],
    ["tokenizer_config.json", `${JSON.stringify(config, null, 2)}\n`],
  ]);
}

export function writeTokenizer(folder: string, tokenizer: TrainedTokenizer): void {
  for (const [name, text] of tokenizerFiles(tokenizer)) writeFileSync(join(folder, name), text);
}
