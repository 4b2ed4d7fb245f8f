/** @file TRL's own formats: prompt, chosen and rejected as texts or messages; without prompt, both begin with it. */
import type { Row } from "../datasets/features.ts";
import {
  all,
  isMessages,
  isText,
  merged,
  type Pair,
  type ReadPair,
  type Sample,
  type Shape,
  without,
} from "./shape.ts";

/** The columns that TRL reads. */
export const TRL_COLUMNS: readonly string[] = ["prompt", "chosen", "rejected", "tools", "chat_template_kwargs"];

/** The columns of a pair, and the others. Rows that do not fit are left to the checks of readPreferenceRow. */
export function splitPair(row: Row): ReadPair {
  const own = TRL_COLUMNS.filter((column) => Object.hasOwn(row, column));
  const pair = Object.fromEntries(own.map((column) => [column, row[column]])) as unknown as Pair; // texts, messages
  return { pair, rest: without(row, TRL_COLUMNS) };
}

/** The row of a pair: its columns, then the others, without those that it replaces. */
export function trlRow({ pair, rest }: ReadPair): Row {
  return merged(pair, without(rest, Object.keys(pair)));
}

function recognizes(sample: Sample): string | undefined {
  const isImplicit = !sample.columns.has("prompt");
  const columns = isImplicit ? ["chosen", "rejected"] : ["prompt", "chosen", "rejected"];
  const are = (accepts: (value: unknown) => boolean) => columns.every((column) => all(sample, column, accepts));
  const kind = are(isText) ? "texts" : are(isMessages) ? "messages" : undefined;
  if (kind === undefined) return undefined;
  return isImplicit
    ? `chosen and rejected are ${kind} that begin with the prompt`
    : `prompt, chosen, rejected are ${kind}`;
}

export const trl: Shape = {
  name: "trl",
  recognizes,
  reads: (row) => [splitPair(row)],
  writes: trlRow,
};
