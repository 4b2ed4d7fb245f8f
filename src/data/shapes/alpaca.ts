/**
 * @file `{ instruction, input, chosen, rejected }`, with system and history: LLaMA-Factory's alpaca ranking.
 * Instruction and input are one message of user, on two lines. `data_format_options.columns` names other columns, as
 * dataset_info.json does: then those that it leaves out are not read.
 */
import type { Row } from "../datasets/features.ts";
import { type Columns, columnsOf, present, rowUnder } from "./llamaFactoryColumns.ts";
import { readHistory, readOptionalText, readText, singleAnswers, turnsOf } from "./messages.ts";
import { isOptionalText, repeats } from "./orca.ts";
import { all, cannotHold, isText, message, type ReadPair, type Sample, type Shape, without } from "./shape.ts";
import { readTools, writeTools } from "./tools.ts";

/** LLaMA-Factory's names -> its default columns; of system, history and tools it reads none unless named. */
const DEFAULTS: Columns = {
  prompt: "instruction",
  query: "input",
  chosen: "chosen",
  rejected: "rejected",
  system: "system",
  history: "history",
  tools: "tools",
};

function recognizes(sample: Sample): string | undefined {
  if (sample.columns.has("prompt") || sample.columns.has("question")) return undefined;
  if (!all(sample, "chosen", isText) || !all(sample, "rejected", isText)) return undefined;
  const questions = ["instruction", "input"].filter((column) => sample.columns.has(column));
  const areTexts = [...questions, "system"].every((column) => all(sample, column, isOptionalText));
  if (questions.length === 0 || !areTexts || questions.every((column) => repeats(sample, column))) return undefined;
  const others = ["system", "history"].filter((column) => sample.columns.has(column));
  return `columns ${[...others, ...questions, "chosen", "rejected"].join(", ")}`;
}

function reads(row: Row, settings: Readonly<Record<string, unknown>>): ReadPair[] {
  const columns = columnsOf(settings, DEFAULTS);
  const optional = (name: string) => (columns[name] === undefined ? "" : readOptionalText(row, columns[name]));
  const [instruction, input, system] = ["prompt", "query", "system"].map(optional);
  const history = columns.history === undefined ? [] : readHistory(row[columns.history], columns.history);
  const tools = columns.tools === undefined ? undefined : readTools(row[columns.tools]);
  const question = [instruction, input].filter((text) => text !== "").join("\n");
  const [chosen, rejected] = ["chosen", "rejected"].map((name) => readText(row, columns[name] ?? name));
  const empty = [instruction ? "" : "prompt", system ? "" : "system", history.length > 0 ? "" : "history"];
  // input stays: it says where the instruction ends
  const used = ["prompt", "system", "history", "chosen", "rejected", "tools"].filter((name) => !empty.includes(name));
  return [
    {
      pair: {
        prompt: [...(system ? [message("system", system)] : []), ...history, message("user", question)],
        chosen: [message("assistant", chosen)],
        rejected: [message("assistant", rejected)],
        ...(tools === undefined ? {} : { tools }),
      },
      rest: without(row, present(columns, used)),
    },
  ];
}

function writes({ pair, rest }: ReadPair, settings: Readonly<Record<string, unknown>>): Row {
  const columns = columnsOf(settings, DEFAULTS);
  const { system, history, question } = turnsOf("alpaca", pair);
  const input = columns.query === undefined ? undefined : rest[columns.query];
  const isPart = isText(input) && input !== "";
  if (isPart && question !== input && !question.endsWith(`\n${input}`))
    throw cannotHold("alpaca", columns.query ?? "input", "this column, which is not the end of the question");
  const instruction = isPart ? question.slice(0, -input.length - 1) : question;
  const values = {
    prompt: isPart && question === input ? undefined : instruction,
    query: isPart ? input : undefined,
    ...singleAnswers("alpaca", pair),
    system,
    history: history.length > 0 ? history : undefined,
    tools: pair.tools === undefined ? undefined : writeTools("alpaca", pair.tools),
  };
  return rowUnder(columns, values, "alpaca");
}

export const alpaca: Shape = {
  name: "alpaca",
  beats: ["trl"],
  recognizes,
  reads: (row, { settings }) => reads(row, settings),
  writes,
  restates: ["instruction", "input", "system", "history"],
};
