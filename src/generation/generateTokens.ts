/** @file The generation loop: each step adds one token to every unfinished sequence. */
import { type BatchRow, makeRows, nextToken } from "./batchRow.ts";
import type { Decoder } from "./decoder.ts";
import {
  type FinishReason,
  fedPadding,
  finishReason,
  type GenerationSettings,
  type LoopOptions,
  promptInput,
  type StepInput,
  stopIfAborted,
  timeLimit,
} from "./sequence.ts";

interface GeneratedToken {
  /** Rows of the batch are prompt 0 (num_return_sequences times), prompt 1, ... */
  row: number;
  id: number;
  /** Set with the last token of a sequence. */
  finishReason?: FinishReason;
}

/**
 * Yields the new tokens of each step, in row order.
 * @param prompts ids of each prompt, not empty, without padding
 */
export async function* generateTokens(
  decoder: Decoder,
  prompts: ReadonlyArray<readonly number[]>,
  settings: GenerationSettings,
  options: LoopOptions = {},
): AsyncGenerator<GeneratedToken[]> {
  const rows = makeRows(prompts, settings, decoder.maxPositions);
  const padding = fedPadding(settings, decoder.vocabSize);
  const isTimeOver = timeLimit(settings);
  await decoder.reset();
  for (let step = 0; rows.some((row) => row.finishReason === undefined); step++) {
    stopIfAborted(options.signal);
    const input = step === 0 ? firstInput(rows, padding) : nextInput(rows, padding);
    const logits = await decoder.step(input.tokens, input.positions, input);
    const isLate = isTimeOver();
    const produced: GeneratedToken[] = [];
    for (const [index, row] of rows.entries()) {
      if (row.finishReason !== undefined) continue;
      const scores = logits.subarray(index * decoder.vocabSize, (index + 1) * decoder.vocabSize);
      const id = nextToken(scores, row, settings.do_sample ? row.draw(step) : undefined);
      row.ids.push(id);
      row.finishReason = finishReason({ ...row, isLate }, settings, options.tokenizer);
      produced.push({ row: index, id, finishReason: row.finishReason });
    }
    yield produced;
  }
}

function firstInput(rows: BatchRow[], padding: number): StepInput {
  return promptInput(
    rows.map(({ ids }) => ids),
    padding,
  );
}

/** Later calls: [B] last tokens; finished rows are padded, and their results ignored. */
function nextInput(rows: BatchRow[], padding: number): StepInput {
  const done = (row: BatchRow) => row.finishReason !== undefined;
  const tokens = Int32Array.from(rows, (row) => (done(row) ? padding : row.ids[row.ids.length - 1]));
  const positions = Int32Array.from(rows, (row) => row.ids.length - 1);
  return { tokens, positions, batch: rows.length, length: 1 };
}
