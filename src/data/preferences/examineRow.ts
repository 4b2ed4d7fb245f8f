/** @file One row -> its token ids and what the checks find in it: all that depends on the row alone. */
import { PrefineError } from "../../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type Outcomes, rowChecker } from "./checks.ts";
import { type PackedSize, packedSize, type Truncation } from "./packPair.ts";
import type { ReadRow } from "./readRow.ts";
import { type TokenizedPair, tokenizePair } from "./tokenizePair.ts";
import type { PairTokens, WinRates } from "./types.ts";

export interface ExamineSettings {
  truncation: Truncation;
  /** Keeps only this many tokens at the end of a prompt; null: all. */
  maxPromptLength: number | null;
  /** Rows of the model's embedding; a larger id is an error. Undefined: unknown. */
  modelVocabSize: number | undefined;
}

/** Plain data, which may come from another thread. */
export interface ExaminedRow {
  /** prompt_ids, chosen_ids, rejected_ids, one after the other. */
  ids: Int32Array | Uint16Array;
  promptLength: number;
  chosenLength: number;
  outcomes: Outcomes;
  /** Whether max_prompt_length or max_length cut tokens. */
  isCut: boolean;
  /** Size when it is packed. */
  size: PackedSize;
}

/** Whether a row is dropped because its prompt fills max_length; "unsure" where only its answers show it. */
export type PromptFill = "full" | "fits" | "unsure";

/** A row of "full" prompt, which nothing else is known of. */
export const filledRow = (maxLength: number | null): ExaminedRow => ({
  ids: new Uint16Array(0),
  promptLength: 0,
  chosenLength: 0,
  outcomes: { odd: [], untrainable: ["promptFillsMaxLength", String(maxLength)], degenerate: null },
  isCut: true,
  size: { shared: 0, chosen: 0, rejected: 0 },
});

/** Examines rows one by one. @throws PrefineError("data") without the row's name: the caller adds it. */
export function rowExaminer(tokenizer: Tokenizer, settings: ExamineSettings) {
  const check = rowChecker(tokenizer);
  const examine = (row: ReadRow, pair: TokenizedPair): ExaminedRow => {
    const { truncation, maxPromptLength, modelVocabSize } = settings;
    const unchecked = { row, pair, truncation };
    const odd = check("odd", unchecked);
    const excess = pair.prompt_ids.length - (maxPromptLength ?? Number.POSITIVE_INFINITY);
    if (excess > 0) pair.prompt_ids = pair.prompt_ids.slice(excess);
    const [untrainable = null] = check("untrainable", unchecked);
    if (!untrainable) checkIds(pair, modelVocabSize, tokenizer);
    const [degenerate = null] = untrainable ? [] : check("degenerate", unchecked);
    const { prompt_ids, chosen_ids, rejected_ids } = pair;
    return {
      ids: packedIds([prompt_ids, chosen_ids, rejected_ids]),
      promptLength: prompt_ids.length,
      chosenLength: chosen_ids.length,
      outcomes: { odd: untrainable ? [] : odd, untrainable, degenerate }, // of rows that are trained on
      isCut: excess > 0 || isCut(pair, truncation.max_length),
      size: packedSize(pair, truncation),
    };
  };
  const tokenizeAndExamine = (row: ReadRow) => examine(row, tokenizePair(row, tokenizer));
  const promptFill = (row: ReadRow): PromptFill => {
    const { max_length, truncation_mode } = settings.truncation;
    if (max_length === null || truncation_mode !== "keep_start") return "unsure";
    if (row.kind === "texts") return textFill(row.prompt, max_length, tokenizer);
    return fillOf(promptTokens(row, tokenizer), max_length);
  };
  return { examine, tokenizeAndExamine, promptFill };
}

/** Characters per token: English has 4 to 5. */
const MOST_CHARACTERS = 8;

/** Characters of a prompt's beginning, which nearly always shows that it fills max_length. */
export const longestPrompt = (maxLength: number | null): number =>
  maxLength === null ? Number.POSITIVE_INFINITY : MOST_CHARACTERS * maxLength;

/** @param prompt of one that has more characters than `longestPrompt`, the beginning. */
function textFill(prompt: string, maxLength: number, tokenizer: Tokenizer): PromptFill {
  const { shared, prompt: rest } = tokenizer.encodeBranches(prompt, []);
  if (shared.length >= maxLength) return "full"; // whatever follows
  return prompt.length >= longestPrompt(maxLength) ? "unsure" : fillOf(shared.length + rest.length, maxLength);
}

/** @param tokens of the prompt alone: at least as many as prompt and answers have in common. */
const fillOf = (tokens: number, maxLength: number) => (tokens === 0 || tokens >= maxLength ? "unsure" : "fits");

/** One after the other, in 2 bytes each where they fit. */
function packedIds(lists: readonly number[][]): ExaminedRow["ids"] {
  const length = lists.reduce((sum, ids) => sum + ids.length, 0);
  const isNarrow = lists.every((ids) => ids.every((id) => id <= 0xffff));
  const all = isNarrow ? new Uint16Array(length) : new Int32Array(length);
  let at = 0;
  for (const ids of lists) {
    all.set(ids, at);
    at += ids.length;
  }
  return all;
}

function promptTokens({ prompt, tools, kwargs }: Extract<ReadRow, { kind: "conversations" }>, tokenizer: Tokenizer) {
  const options = { ...kwargs, tools, add_generation_prompt: true, tokenize: false };
  const text = String(tokenizer.apply_chat_template(prompt as never, options as never));
  return tokenizer.encode(text, { add_special_tokens: false }).length;
}

const isCut = ({ prompt_ids, chosen_ids, rejected_ids }: PairTokens, maxLength: number | null) =>
  maxLength !== null && prompt_ids.length + Math.max(chosen_ids.length, rejected_ids.length) > maxLength;

function checkIds(pair: PairTokens, modelVocabSize: number | undefined, tokenizer: Tokenizer): void {
  if (modelVocabSize === undefined) return;
  for (const ids of [pair.prompt_ids, pair.chosen_ids, pair.rejected_ids]) {
    const id = ids.find((one) => one >= modelVocabSize);
    if (id === undefined) continue;
    const token = JSON.stringify(tokenizer.convert_ids_to_tokens(id));
    throw new PrefineError(
      "data",
      `token ${token} has id ${id}, the model's vocabulary ends at ${modelVocabSize - 1}`,
      `Do the tokenizer (${tokenizer.name_or_path}) and the model belong together?`,
    );
  }
}

/** A pair in 2 or 4 bytes per token; number arrays would take 8, about 350 MB for all of UltraFeedback. */
export class StoredPair implements PairTokens {
  readonly ids: ExaminedRow["ids"];
  readonly promptLength: number;
  readonly chosenLength: number;
  readonly winRates?: WinRates;

  constructor(
    { ids, promptLength, chosenLength }: Pick<ExaminedRow, "ids" | "promptLength" | "chosenLength">,
    winRates: WinRates | undefined,
  ) {
    if (winRates) this.winRates = winRates;
    this.promptLength = promptLength;
    this.chosenLength = chosenLength;
    this.ids = ids;
  }
  get prompt_ids(): number[] {
    return Array.from(this.ids.subarray(0, this.promptLength));
  }
  get chosen_ids(): number[] {
    return Array.from(this.ids.subarray(this.promptLength, this.promptLength + this.chosenLength));
  }
  get rejected_ids(): number[] {
    return Array.from(this.ids.subarray(this.promptLength + this.chosenLength));
  }
}
