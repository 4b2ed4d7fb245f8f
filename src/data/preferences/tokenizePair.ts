/** @file Token ids of one preference row, split where prompt, prompt + chosen and prompt + rejected part. TRL 1.16. */
import { PrefineError } from "../../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Message } from "./extractPrompt.ts";
import type { ReadRow } from "./readRow.ts";
import type { PairTokens } from "./types.ts";

export interface TokenizedPair extends PairTokens {
  /** Trailing prompt tokens that are in neither sequence, because they merge with the answer. Mostly empty. */
  lost_prompt_ids: number[];
  /** The texts that were tokenized. */
  texts: PairTexts;
}

interface PairTexts {
  prompt: string;
  /** prompt + chosen, prompt + rejected */
  continued: [string, string];
}

function commonPrefixLength(a: number[], b: number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/**
 * Tokenizes like TRL's DPOTrainer._prepare_dataset. Texts: eos is appended to a completion that does not end with it.
 * Conversations: the chat template renders the texts (the prompt with a generation prompt), and no special tokens are
 * added. The completions start where the tokens of prompt, prompt + chosen and prompt + rejected begin to differ.
 */
export function tokenizePair(row: ReadRow, tokenizer: Tokenizer): TokenizedPair {
  const texts = row.kind === "texts" ? endedTexts(row, tokenizer) : chatTexts(row, tokenizer);
  const { shared, prompt, chosen, rejected } = encode(texts, tokenizer, row.kind === "texts");
  const common = Math.min(commonPrefixLength(prompt, chosen), commonPrefixLength(prompt, rejected));
  for (let i = 0; i < common; i++) shared.push(prompt[i]);
  return {
    prompt_ids: shared,
    chosen_ids: chosen.slice(common),
    rejected_ids: rejected.slice(common),
    lost_prompt_ids: prompt.slice(common),
    texts,
  };
}

function endedTexts(row: Extract<ReadRow, { kind: "texts" }>, tokenizer: Tokenizer): PairTexts {
  const eos = tokenizer.eos_token;
  if (eos === null) {
    const hint = "Set eos_token in its tokenizer_config.json.";
    const message = `${tokenizer.name_or_path}: expected a tokenizer with an eos_token, found none`;
    throw new PrefineError("model", message, hint);
  }
  const ended = (text: string) => row.prompt + (text.endsWith(eos) ? text : text + eos);
  return { prompt: row.prompt, continued: [ended(row.chosen), ended(row.rejected)] };
}

function chatTexts(row: Extract<ReadRow, { kind: "conversations" }>, tokenizer: Tokenizer): PairTexts {
  const { prompt, chosen, rejected, tools, kwargs } = row;
  const text = (messages: Message[], options: object) =>
    tokenizer.apply_chat_template(messages, { ...options, tools, ...kwargs, tokenize: false }) as string;
  return {
    prompt: text(prompt, { add_generation_prompt: true }),
    continued: [text([...prompt, ...chosen], {}), text([...prompt, ...rejected], {})],
  };
}

/** Ids of the three texts after their common `shared` ids; the prompt is tokenized once if it is a prefix. */
function encode({ prompt, continued }: PairTexts, tokenizer: Tokenizer, add_special_tokens: boolean) {
  const options = { add_special_tokens };
  if (continued.every((text) => text.startsWith(prompt))) {
    const rests = continued.map((text) => text.slice(prompt.length));
    const { continued: ids, ...rest } = tokenizer.encodeBranches(prompt, rests, options);
    return { ...rest, chosen: ids[0], rejected: ids[1] };
  }
  const [chosen, rejected] = continued.map((text) => tokenizer.encode(text, options));
  return { shared: [], prompt: tokenizer.encode(prompt, options), chosen, rejected };
}
