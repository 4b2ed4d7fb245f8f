/** @file Token ids of one preference row, split where prompt, prompt + chosen and prompt + rejected part. TRL 1.16. */
import { PrefineError } from "../../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { PreferenceRow } from "./extractPrompt.ts";
import type { PairTokens } from "./types.ts";

export interface TokenizedPair extends PairTokens {
  /** The end of the tokenized prompt that neither completion continues; left out of the sequences. Mostly empty. */
  lost_prompt_ids: number[];
}

function commonPrefixLength(a: number[], b: number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/**
 * Tokenizes as TRL's DPOTrainer._prepare_dataset: eos is appended to a completion's text that does not end with it;
 * the completions start where the tokens of prompt, prompt + chosen and prompt + rejected cease to be the same.
 */
export function tokenizePair(row: PreferenceRow<string>, tokenizer: Tokenizer): TokenizedPair {
  const eos = tokenizer.eos_token;
  if (eos === null) {
    const found = `${tokenizer.name_or_path}: expected a tokenizer with an eos_token, found none`;
    throw new PrefineError("model", found, "Name one as eos_token in tokenizer_config.json.");
  }
  const ended = (text: string) => (text.endsWith(eos) ? text : text + eos);
  const texts = [ended(row.chosen), ended(row.rejected)];
  const { shared, prompt, continued } = tokenizer.encodeBranches(row.prompt, texts);
  const [chosen, rejected] = continued;
  const kept = Math.min(commonPrefixLength(prompt, chosen), commonPrefixLength(prompt, rejected));
  for (let i = 0; i < kept; i++) shared.push(prompt[i]);
  return {
    prompt_ids: shared,
    chosen_ids: chosen.slice(kept),
    rejected_ids: rejected.slice(kept),
    lost_prompt_ids: prompt.slice(kept),
  };
}
