/** @file `{ system, question, chosen, rejected }`: Intel/orca_dpo_pairs. The question is a message of user. */
import type { Row } from "../datasets/features.ts";
import { readOptionalText, readText, singleAnswers, singleQuestion } from "./messages.ts";
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
  return `columns ${sample.columns.has("system") ? "system, " : ""}question, chosen, rejected`;
}

function reads(row: Row): ReadPair[] {
  const system = readOptionalText(row, "system");
  const [question, chosen, rejected] = ["question", "chosen", "rejected"].map((column) => readText(row, column));
  return [
    {
      pair: {
        prompt: [...(system ? [message("system", system)] : []), message("user", question)],
        chosen: [message("assistant", chosen)],
        rejected: [message("assistant", rejected)],
      },
      rest: without(row, ["question", "chosen", "rejected", ...(system ? ["system"] : [])]),
    },
  ];
}

export const orca: Shape = {
  name: "orca",
  beats: ["trl"],
  recognizes,
  reads,
  writes({ pair }) {
    const { system, question } = singleQuestion("orca", pair);
    return { ...(system === undefined ? {} : { system }), question, ...singleAnswers("orca", pair) };
  },
  restates: ["system"],
};
