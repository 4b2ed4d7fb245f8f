/**
 * @file Layouts of public datasets that are a shape under other columns: `chosen_response`, ShareGPT's turns in chosen
 * and rejected, a list of two outputs, messages as JSON texts. Their rows are changed into the shape's columns; a line
 * of the log says how. They count only where the rows fit no shape as they are.
 */
import { describeValue } from "../../arguments.ts";
import { parseExactJson } from "../../formats/exactJson.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { RowName } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import {
  all,
  isMessage,
  isMessages,
  isText,
  merged,
  message,
  misfit,
  renamedFrom,
  type Sample,
  within,
  without,
} from "./shape.ts";
import { readCalls } from "./sharegpt.ts";

/** How the rows of a layout become those of a shape. */
export interface Layout {
  /** For a line: `chosen from "chosen_response"`. */
  note: string;
  /** @throws PrefineError("data") for a row that does not fit. */
  change(row: Row): Row;
}

/** The layout of a sample; undefined: another. */
type Finder = (sample: Sample) => Layout | undefined;

/** Names of the better answer and the worse one. */
const ANSWERS = [
  ...["response", "answer", "completion", "output", "messages", "conversations"].map((name) => [
    `chosen_${name}`,
    `rejected_${name}`,
  ]),
  ["response_chosen", "response_rejected"],
  ["response_j", "response_k"], // lvwerra/stack-exchange-paired: j has more votes
  ["preferred", "dispreferred"],
  ["accepted", "rejected"],
  ["response", "rejected_response"], // ms-swift's query, response, rejected_response
];
const QUESTIONS = ["prompt", "question", "instruction", "input", "messages", "conversations", "trajectory", "history"];

function namedAnswers(sample: Sample): Layout | undefined {
  const isAnswer = (value: unknown) => isText(value) || isMessage(value) || Array.isArray(value);
  const pair = ANSWERS.find((names) => names.every((name) => all(sample, name, isAnswer)));
  if (sample.columns.has("chosen") || pair === undefined) return undefined;
  const [chosen, rejected] = pair;
  const isQuery = !QUESTIONS.some((name) => sample.columns.has(name)) && all(sample, "query", isText);
  const names = Object.entries({ chosen, rejected, ...(isQuery ? { question: "query" } : {}) });
  return {
    note: names.flatMap(([to, from]) => (to === from ? [] : [`${to} from ${JSON.stringify(from)}`])).join(", "),
    change: (row) => renamed(row, names),
  };
}

function renamed(row: Row, names: readonly (readonly [to: string, from: string])[]): Row {
  const taken = new Set(names.flat());
  const others = Object.keys(row).filter((name) => !taken.has(name));
  return renamedFrom(row, [...names, ...others.map((name) => [name, name] as const)]);
}

/** LLaMA-Factory's ranking until 0.7: `output: [chosen, rejected]`. */
function outputList(sample: Sample): Layout | undefined {
  const isList = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isText);
  if (sample.columns.has("chosen") || !all(sample, "output", isList)) return undefined;
  return {
    note: 'chosen and rejected from "output"',
    change(row) {
      const { output } = row;
      if (!Array.isArray(output) || output.length !== 2 || !output.every(isText)) {
        const found = Array.isArray(output) ? `a list of ${output.length}` : describeValue(output ?? undefined);
        throw misfit('"output"', "two texts, [chosen, rejected]", found);
      }
      return merged({ chosen: output[0], rejected: output[1] }, without(row, ["output"]));
    },
  };
}

/** ms-swift: messages that end with the chosen answer, and the rejected one as a text or as messages. */
function answeredMessages(sample: Sample): Layout | undefined {
  const isAnswered = (value: unknown) => isMessages(value) && value[value.length - 1].role === "assistant";
  if (sample.columns.has("chosen") || !all(sample, "messages", isAnswered)) return undefined;
  const column = ["rejected_response", "rejected_messages", "rejected"].find((name) =>
    all(sample, name, (value) => isText(value) || isMessages(value)),
  );
  if (column === undefined) return undefined;
  return {
    note: `chosen from the end of "messages", rejected from ${JSON.stringify(column)}`,
    change(row) {
      const { messages } = row;
      if (!isMessages(messages) || messages[messages.length - 1].role !== "assistant")
        throw misfit('"messages"', "messages that end with assistant", describeValue(messages ?? undefined));
      const rejected = row[column];
      const rest = without(row, ["messages", column]);
      if (isMessages(rejected)) return merged({ chosen: messages, rejected }, rest);
      if (!isText(rejected)) throw misfit(JSON.stringify(column), "a text", describeValue(rejected ?? undefined));
      const parts = { prompt: messages.slice(0, -1), chosen: messages.slice(-1) };
      return merged({ ...parts, rejected: [message("assistant", rejected)] }, rest);
    },
  };
}

/** Names in `from` -> roles, of datasets that write conversations as ShareGPT does. */
const ROLES: Readonly<Record<string, string>> = {
  ...{ human: "user", user: "user", system: "system", tool: "tool", observation: "tool", function_response: "tool" },
  ...{ gpt: "assistant", chatgpt: "assistant", assistant: "assistant", bot: "assistant", model: "assistant" },
};
const TALKS = ["prompt", "chosen", "rejected", "messages", "conversations", "trajectory"];

const isTurn = (value: unknown) => isObject(value) && isText(value.from) && isText(value.value);
const isTalk = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isTurn);

/** Turns of `{ from, value }` where messages are expected. */
function turns(sample: Sample): Layout | undefined {
  const columns = TALKS.filter((name) => all(sample, name, (value) => isTurn(value) || isTalk(value)));
  if (columns.length === 0 || !["chosen", "rejected"].every((name) => sample.columns.has(name))) return undefined;
  const nameOf = (column: string) => (["conversations", "trajectory"].includes(column) ? "messages" : column);
  return {
    note: `messages from { from, value } in ${columns.join(", ")}`,
    change: (row) =>
      merged(
        Object.fromEntries(columns.map((column) => [nameOf(column), messagesOf(row[column], column)])),
        without(row, columns),
      ),
  };
}

function messagesOf(value: unknown, column: string): Message[] | Message {
  const field = JSON.stringify(column);
  if (isObject(value)) return messageOf(value, field);
  if (!Array.isArray(value)) throw misfit(field, "a list of { from, value }", describeValue(value ?? undefined));
  return value.map((turn: unknown, i) => messageOf(turn, `${field}[${i}]`));
}

function messageOf(turn: unknown, field: string): Message {
  if (!isObject(turn)) throw misfit(field, "{ from, value }", describeValue(turn ?? undefined));
  const { from, value } = turn;
  if (!isText(value)) throw misfit(`${field}.value`, "a text", describeValue(value ?? undefined));
  if (from === "function_call") return { role: "assistant", content: "", tool_calls: readCalls(value, field) };
  if (isText(from) && Object.hasOwn(ROLES, from)) return message(ROLES[from], value);
  throw misfit(`${field}.from`, `one of ${Object.keys(ROLES).join(", ")}`, describeValue(from ?? undefined));
}

/** Answers as one message or as texts, next to a prompt of messages or a text. */
function singleAnswers(sample: Sample): Layout | undefined {
  if (sample.columns.has("messages")) return undefined;
  const areAnswers = (accepts: (value: unknown) => boolean) =>
    ["chosen", "rejected"].every((column) => all(sample, column, accepts));
  const areTexts = areAnswers(isText) && all(sample, "prompt", isMessages);
  const areMessages = areAnswers(isMessage) && all(sample, "prompt", (value) => isText(value) || isMessages(value));
  if (!areTexts && !areMessages) return undefined;
  return {
    note: areTexts ? "answers are texts, read as messages of assistant" : "answers are one message each",
    change: (row) => merged(row, { chosen: answerOf(row, "chosen"), rejected: answerOf(row, "rejected") }),
  };
}

function answerOf(row: Row, column: string): Message[] {
  const value = row[column];
  if (isText(value)) return [message("assistant", value)];
  if (isMessage(value)) return [value];
  throw misfit(JSON.stringify(column), "a text or a message", describeValue(value ?? undefined));
}

/** Columns that may hold lists of messages: csv files have them as texts. */
const LISTS = [...TALKS, "conversation_a", "conversation_b", "preferred_output", "non_preferred_output"];

/** The messages that a text is JSON of; undefined: it is another text. */
function messagesIn(value: unknown): unknown[] | undefined {
  if (!isText(value) || !/^\s*\[\s*\{/.test(value)) return undefined;
  try {
    const list = parseExactJson(value);
    return isMessages(list) || isTalk(list) ? (list as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

/** What Python's str() makes of a list of messages, as pandas writes it into csv files. */
const isPythonText = (value: unknown) => isText(value) && /^\s*\[\s*\{'(role|content|from|value)': ?['"]/.test(value);

/**
 * Messages as JSON texts, as csv files have them: a run on the texts would train on the JSON itself.
 * @throws PrefineError("data") for messages as Python writes them, which is no JSON.
 */
export function jsonMessages(sample: Sample): Layout | undefined {
  const python = LISTS.find((name) => all(sample, name, isPythonText));
  if (python !== undefined) {
    const hint = "Write it as JSON (in pandas: map(json.dumps)), or set data_format: trl to train on the texts.";
    throw misfit(JSON.stringify(python), "messages, or JSON of them", "a list as Python prints it", hint);
  }
  const columns = LISTS.filter((name) => all(sample, name, (value) => messagesIn(value) !== undefined));
  if (columns.length === 0) return undefined;
  return {
    note: `messages from JSON in ${columns.join(", ")}`,
    change: (row) => merged(row, Object.fromEntries(columns.map((name) => [name, parsed(row[name], name)]))),
  };
}

function parsed(value: unknown, column: string): unknown[] {
  const messages = messagesIn(value);
  if (messages) return messages;
  throw misfit(JSON.stringify(column), "JSON of messages, as in the first rows", describeValue(value ?? undefined));
}

/** In this order: each may make columns for the next. */
const FINDERS: readonly Finder[] = [answeredMessages, namedAnswers, outputList, turns, singleAnswers];

/** The layouts of rows that fit no shape, one after the other. @param nameOf names of its rows in messages. */
export function layoutsOf(sample: Sample, nameOf: RowName): Layout[] {
  const layouts: Layout[] = [];
  let current = sample;
  for (const find of FINDERS) {
    const layout = find(current);
    if (layout === undefined) continue;
    layouts.push(layout);
    current = changedSample(current, [layout], nameOf);
  }
  return layouts;
}

/** A sample in the columns of the shape. @throws PrefineError("data") for a row that does not fit. */
export function changedSample({ columns, rows }: Sample, layouts: readonly Layout[], nameOf: RowName): Sample {
  if (layouts.length === 0) return { columns, rows };
  const change = (row: Row) => layouts.reduce((made, layout) => layout.change(made), row);
  const made = rows.map((row, i) => within(nameOf(i), () => change(row)));
  return { columns: new Set(made.flatMap((row) => Object.keys(row))), rows: made };
}
