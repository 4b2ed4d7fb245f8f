/** @file Pairs that teach nothing, and what a person is told about rows that are dropped or odd. */
import { equalJson } from "../../formats/equalJson.ts";
import type { Message } from "./extractPrompt.ts";
import { type Truncation, truncatedCompletions } from "./packPair.ts";
import type { ReadRow } from "./readRow.ts";
import type { PairTokens } from "./types.ts";

/** Row numbers (in the input) of pairs that are trained on but teach nothing. */
export interface DegenerateRows {
  /** chosen or rejected is an empty text. */
  empty: number[];
  /** chosen and rejected are the same text. */
  equal: number[];
  /** chosen and rejected differ only beyond max_length. */
  equalWithinMaxLength: number[];
}

/** Rows that are not trained on, and why. */
export interface DroppedRows {
  /** Prompts that leave no room for a completion within max_length (keep_start), as TRL drops them. */
  promptFillsMaxLength: number;
  /** A completion of which no token is predicted: one token, no prompt before it. TRL keeps these at log-prob 0. */
  nothingToPredict: number;
  /** Degenerate rows, where the caller wants them dropped. */
  degenerate: number;
}

/** Why a row cannot be trained on, if so. */
export function dropReason(pair: PairTokens, truncation: Truncation): keyof DroppedRows | undefined {
  const { max_length, truncation_mode } = truncation;
  const promptLength = pair.prompt_ids.length;
  if (max_length !== null && truncation_mode === "keep_start" && promptLength >= max_length) {
    return "promptFillsMaxLength";
  }
  const { chosen, rejected } = truncatedCompletions(pair, truncation);
  const shorter = Math.min(chosen.length, rejected.length);
  const hasContext = promptLength > 0 && !(truncation_mode === "keep_end" && max_length === 1);
  return shorter === 0 || (shorter === 1 && !hasContext) ? "nothingToPredict" : undefined;
}

/** No text, no message, or only messages that say and do nothing. */
function isEmpty(answer: string | Message[]): boolean {
  if (typeof answer === "string") return answer === "";
  return answer.every(({ content, tool_calls }) => (content ?? "") === "" && (tool_calls ?? null) === null);
}

/** Which kind of pair that teaches nothing this is, if any. */
export function degenerateKind(
  row: ReadRow,
  pair: PairTokens,
  truncation: Truncation,
): keyof DegenerateRows | undefined {
  if (isEmpty(row.chosen) || isEmpty(row.rejected)) return "empty";
  if (equalJson(row.chosen, row.rejected)) return "equal";
  const { chosen, rejected } = truncatedCompletions(pair, truncation);
  const same = chosen.length === rejected.length && chosen.every((id, i) => id === rejected[i]);
  return same ? "equalWithinMaxLength" : undefined;
}

function nameRows(indices: number[]): string {
  const named = indices.slice(0, 5).join(", ");
  return indices.length > 5
    ? `rows ${named} and ${indices.length - 5} more`
    : `row${indices.length > 1 ? "s" : ""} ${named}`;
}

/** One line for all degenerate rows, or none. */
export function describeDegenerate(degenerate: DegenerateRows, split: string, dropped: boolean): string[] {
  const kinds: [number[], string][] = [
    [degenerate.empty, "chosen or rejected is empty"],
    [degenerate.equal, "chosen and rejected are equal"],
    [degenerate.equalWithinMaxLength, "chosen and rejected are equal within max_length"],
  ];
  const found = kinds.filter(([indices]) => indices.length > 0);
  if (found.length === 0) return [];
  const parts = found.map(([indices, what]) => `${what} in ${nameRows(indices)}`);
  return [`${split}: ${parts.join("; ")} (${dropped ? "dropped" : "kept, as TRL keeps them"})`];
}

/** A line for each reason for which rows were dropped. */
export function describeDropped(
  dropped: DroppedRows,
  options: { split: string; rows: number; max_length: number | null },
): string[] {
  const { split, rows, max_length } = options;
  const lines: string[] = [];
  if (dropped.promptFillsMaxLength > 0) {
    const count = dropped.promptFillsMaxLength;
    lines.push(`${split}: dropped ${count} of ${rows} rows whose prompt alone fills max_length ${max_length}`);
  }
  if (dropped.nothingToPredict > 0) {
    const count = dropped.nothingToPredict;
    lines.push(`${split}: dropped ${count} of ${rows} rows without a prompt and with a completion of one token`);
  }
  return lines;
}
