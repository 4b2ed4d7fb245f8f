/**
 * @file `{ system, question, chosen, rejected }`: Intel/orca_dpo_pairs. The question is a message of user; earlier
 * turns may be in `history`, a list of [question, answer].
 */
import type { Row } from "../datasets/features.ts";
import { readHistory, readOptionalText, readText, singleAnswers, turnsOf } from "./messages.ts";
import { all, isText, message, type ReadPair, type Sample, type Shape, without } from "./shape.ts";

export const isOptionalText = (value: unknown) => value === null || value === undefined || isText(value);

/** Whether answers repeat a text of their row, as transcripts do: then it is no prompt of its own. */
export function repeats(sample: Sample, column: string): boolean {
  return sample.rows.every((row) => {
    const text = String(row[column] ?? "").trim();
    return [row.chosen, row.rejected].every((answer) => isText(answer) && answer.includes(text));
  });
}

function recognizes(sample: Sample): string | undefined {
  if (sample.columns.has("prompt") || sample.columns.has("instruction")) return undefined;
  if (!["question", "chosen", "rejected"].every((column) => all(sample, column, isText))) return undefined;
  if (!all(sample, "system", isOptionalText) || repeats(sample, "question")) return undefined;
  const others = ["system", "history"].filter((column) => sample.columns.has(column));
  return `columns ${[...others, "question", "chosen", "rejected"].join(", ")}`;
}

function reads(row: Row): ReadPair[] {
  const system = readOptionalText(row, "system");
  const history = readHistory(row.history, "history");
  const [question, chosen, rejected] = ["question", "chosen", "rejected"].map((column) => readText(row, column));
  const used = [...(system ? ["system"] : []), ...(history.length > 0 ? ["history"] : [])];
  return [
    {
      pair: {
        prompt: [...(system ? [message("system", system)] : []), ...history, message("user", question)],
        chosen: [message("assistant", chosen)],
        rejected: [message("assistant", rejected)],
      },
      rest: without(row, ["question", "chosen", "rejected", ...used]),
    },
  ];
}

export const orca: Shape = {
  name: "orca",
  beats: ["trl"],
  recognizes,
  reads,
  writes({ pair }) {
    const { system, history, question } = turnsOf("orca", pair);
    const earlier = history.length > 0 ? { history } : {};
    return { ...(system === undefined ? {} : { system }), ...earlier, question, ...singleAnswers("orca", pair) };
  },
  restates: ["system", "history"],
};
