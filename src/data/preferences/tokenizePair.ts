/** @file Token ids of one preference row, split where prompt, prompt + chosen and prompt + rejected part. TRL 1.16. */

import { PrefineError } from "../../errors.ts";
import { copyWritten } from "../../formats/written.ts";
import { refusesByContent } from "../chatTemplates/renderChat.ts";
import type { Branches } from "../tokenizers/codec.ts";
import type { SlowCall } from "../tokenizers/slowCalls.ts";
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
  return answered(pairCalls(row, tokenizer), tokenizer);
}

/** The texts of a conversation, to see whether the chat template accepts it. */
export function renderPair(row: Extract<ReadRow, { kind: "conversations" }>, tokenizer: Tokenizer): void {
  answered(chatTexts(row), tokenizer);
}

function answered<T>(calls: Calls<T>, tokenizer: Tokenizer): T {
  let step = calls.next();
  while (!step.done) {
    const [method, ...args] = step.value;
    step = calls.next((tokenizer[method] as (...args: unknown[]) => never)(...args));
  }
  return step.value;
}

/** The same with a tokenizer elsewhere. @param call calls it. */
export async function tokenizePairWith(
  row: ReadRow,
  tokenizer: Tokenizer,
  call: (call: SlowCall) => Promise<unknown>,
): Promise<TokenizedPair> {
  const calls = pairCalls(row, tokenizer);
  let step = calls.next();
  while (!step.done) step = calls.next((await call(step.value)) as never);
  return step.value;
}

/** Calls of a tokenizer, each of which is answered with its result. */
type Calls<T> = Generator<SlowCall, T, never>;

function* pairCalls(row: ReadRow, tokenizer: Tokenizer): Calls<TokenizedPair> {
  const texts = row.kind === "texts" ? endedTexts(row, tokenizer) : yield* chatTexts(row);
  const { shared, prompt, chosen, rejected } = yield* encode(texts, row.kind === "texts");
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

function* chatTexts(row: Extract<ReadRow, { kind: "conversations" }>): Calls<PairTexts> {
  const { tools, kwargs } = row;
  const call = (messages: Message[], options: object): SlowCall => {
    return ["apply_chat_template", messages, copyWritten({ ...options, tools, ...kwargs, tokenize: false }, kwargs)];
  };
  const prompt: string = yield call(row.prompt, { add_generation_prompt: true });
  const chosen: string = yield call([...row.prompt, ...row.chosen], {});
  const rejected: string = yield call([...row.prompt, ...row.rejected], {});
  return { prompt, continued: [chosen, rejected] };
}

interface PairIds {
  shared: number[];
  prompt: number[];
  chosen: number[];
  rejected: number[];
}

/** Ids of the three texts after their common `shared` ids; the prompt is tokenized once if it is a prefix. */
function* encode({ prompt, continued }: PairTexts, add_special_tokens: boolean): Calls<PairIds> {
  const options = { add_special_tokens };
  if (continued.every((text) => text.startsWith(prompt))) {
    const rests = continued.map((text) => text.slice(prompt.length));
    const { continued: ids, ...rest }: Branches = yield ["encodeBranches", prompt, rests, options];
    return { ...rest, chosen: ids[0], rejected: ids[1] };
  }
  const chosen: number[] = yield ["encode", continued[0], options];
  const rejected: number[] = yield ["encode", continued[1], options];
  const alone: number[] = yield ["encode", prompt, options];
  return { shared: [], prompt: alone, chosen, rejected };
}

/** Whether a chat template of the tokenizer may refuse messages for what their contents say. */
export function mayRefuseContents({ chat_template: templates }: Tokenizer): boolean {
  const all = typeof templates === "string" ? [templates] : Object.values(templates ?? {});
  return all.some(refusesByContent);
}
