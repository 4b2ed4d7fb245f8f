/**
 * @file A decoder for models whose rotary frequencies change with a text's length (LongRoPE): when it grows beyond the
 * limit, the cached keys no longer fit, and everything is read again, as transformers does for Phi-3.
 */

import { largest } from "../lists.ts";
import type { Decoder, DecoderStepOptions } from "./decoder.ts";

/** Everything that a decoder has read since its first call, row by row. */
interface History {
  tokens: number[][];
  positions: number[][];
  padding: number[];
}

/** @param above the number of tokens up to which the cache stays valid. */
export function rereadingDecoder(decoder: Decoder, above: number): Decoder {
  let history: History | undefined;
  return {
    vocabSize: decoder.vocabSize,
    maxPositions: decoder.maxPositions,
    notice: decoder.notice ?? null,
    step: async (tokens, positions, options) => {
      const before = history && longest(history.positions);
      history = extended(history, { tokens, positions, options });
      const crosses = before !== undefined && before <= above && longest(history.positions) > above;
      if (!crosses) return decoder.step(tokens, positions, options);
      await decoder.reset();
      const [batch, length] = [history.tokens.length, history.tokens[0].length];
      const again = { batch, length, padding: Int32Array.from(history.padding) };
      return decoder.step(Int32Array.from(history.tokens.flat()), Int32Array.from(history.positions.flat()), again);
    },
    reset: () => {
      history = undefined;
      return decoder.reset();
    },
    findNonFinite: async () => decoder.findNonFinite?.(),
    dispose: () => decoder.dispose(),
  };
}

/** Tokens of the longest text. */
const longest = (positions: readonly number[][]) => 1 + largest(positions.map((row) => row[row.length - 1]));

function extended(
  history: History | undefined,
  { tokens, positions, options }: { tokens: Int32Array; positions: Int32Array; options: DecoderStepOptions },
): History {
  const { batch, length, rows, padding } = options;
  const old = history ?? { tokens: [], positions: [], padding: Array.from(padding ?? new Int32Array(batch)) };
  const from = (row: number) => rows?.[row] ?? row;
  const joined = (before: readonly number[][], added: Int32Array) =>
    Array.from({ length: batch }, (_, row) => [
      ...(before[from(row)] ?? []),
      ...added.subarray(row * length, (row + 1) * length),
    ]);
  return {
    tokens: joined(old.tokens, tokens),
    positions: joined(old.positions, positions),
    padding: Array.from({ length: batch }, (_, row) => old.padding[from(row)]),
  };
}
