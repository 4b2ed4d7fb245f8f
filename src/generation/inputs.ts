/** @file The input of `generate` -> the ids of each prompt, without padding. */
import { PrefineError } from "../errors.ts";

/** Result of calling a tokenizer: one list of ids, or one per text. */
export interface TokenizedInputs {
  input_ids: readonly number[] | ReadonlyArray<readonly number[]>;
  /** 0 marks padding, on either side. */
  attention_mask?: readonly number[] | ReadonlyArray<readonly number[]> | undefined;
}

/** A text, texts, the ids of one prompt, the ids of several, or the result of a tokenizer. */
export type GenerationInputs =
  | string
  | readonly string[]
  | readonly number[]
  | ReadonlyArray<readonly number[]>
  | TokenizedInputs;

/** The part of a tokenizer that encodes prompts. */
export interface PromptEncoder {
  encode(text: string, options?: { add_special_tokens?: boolean }): number[];
}

interface PromptOptions {
  /** Called only if the inputs are texts. */
  tokenizer: () => Promise<PromptEncoder>;
  vocabSize: number;
  /** An empty prompt becomes this token, as in transformers. */
  bosTokenId?: number;
}

/** True for a tokenizer's result (not a GenerationConfig). */
export function isTokenized(inputs: unknown): inputs is TokenizedInputs {
  return typeof inputs === "object" && inputs !== null && "input_ids" in inputs;
}

/** @throws PrefineError for no prompt, an id outside the vocabulary, or an empty prompt without a bos_token_id */
export async function readPrompts(inputs: GenerationInputs, options: PromptOptions): Promise<number[][]> {
  const prompts = isTokenized(inputs) ? withoutPadding(inputs) : await promptIds(inputs, options);
  if (prompts.length === 0)
    throw new PrefineError("data", "generate: expected at least one prompt, found none", "Pass a text.");
  return prompts.map((ids, index) => checkPrompt(ids, `generate: prompt ${index}`, options));
}

async function promptIds(inputs: Exclude<GenerationInputs, TokenizedInputs>, options: PromptOptions) {
  if (typeof inputs === "string" || inputs.some((input) => typeof input === "string")) {
    const tokenizer = await options.tokenizer();
    const texts = typeof inputs === "string" ? [inputs] : inputs;
    return texts.map((text, index) => {
      if (typeof text === "string") return tokenizer.encode(text);
      throw new PrefineError(
        "data",
        `generate: prompt ${index}: expected a string like the others, found ${typeof text}`,
      );
    });
  }
  return asRows(inputs as readonly number[] | ReadonlyArray<readonly number[]>);
}

function withoutPadding({ input_ids, attention_mask }: TokenizedInputs): number[][] {
  const rows = asRows(input_ids);
  if (attention_mask === undefined) return rows;
  const masks = asRows(attention_mask);
  return rows.map((ids, row) => {
    const mask = masks[row] ?? [];
    if (mask.length === ids.length) return ids.filter((_, i) => mask[i] !== 0);
    const actual = `input_ids of ${ids.length} tokens and an attention_mask of ${mask.length}`;
    throw new PrefineError("data", `generate: prompt ${row}: expected as many of both, found ${actual}`);
  });
}

function asRows(ids: readonly number[] | ReadonlyArray<readonly number[]>): number[][] {
  const isOnePrompt = ids.length > 0 && typeof ids[0] === "number";
  const rows = isOnePrompt ? [ids as readonly number[]] : (ids as ReadonlyArray<readonly number[]>);
  return rows.map((row) => Array.from(row));
}

function checkPrompt(ids: number[], where: string, { vocabSize, bosTokenId }: PromptOptions): number[] {
  if (ids.length === 0 && bosTokenId === undefined) {
    throw new PrefineError("data", `${where}: is empty, and the model has no bos_token_id`, "Pass a text.");
  }
  const prompt = ids.length === 0 ? [bosTokenId as number] : ids;
  const wrong = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (wrong === undefined) return prompt;
  throw new PrefineError(
    "data",
    `${where}: expected ids below ${vocabSize} (the model's vocabulary size), found ${wrong}`,
    "Does the tokenizer belong to the model?",
  );
}
