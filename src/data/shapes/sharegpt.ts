/**
 * @file LLaMA-Factory's sharegpt ranking: conversations of `{ from, value }`, and one such message each for chosen and
 * rejected. `data_format_options` takes `columns` and `tags` as dataset_info.json has them.
 */
import { describeValue } from "../../arguments.ts";
import { parseExactJson } from "../../formats/exactJson.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import { type Columns, columnsOf, namesOf, present, rowUnder } from "./llamaFactoryColumns.ts";
import { conversationOf, plainContent, readOptionalText } from "./messages.ts";
import { all, cannotHold, isText, message, misfit, type ReadPair, type Sample, type Shape, without } from "./shape.ts";
import { readTools, writeTools } from "./tools.ts";

const COLUMNS: Columns = {
  messages: "conversations",
  chosen: "chosen",
  rejected: "rejected",
  system: "system",
  tools: "tools",
};
const TAGS: Columns = {
  role_tag: "from",
  content_tag: "value",
  user_tag: "human",
  assistant_tag: "gpt",
  observation_tag: "observation",
  function_tag: "function_call",
  system_tag: "system",
};

type Settings = Readonly<Record<string, unknown>>;

/** With `tags`, those that it leaves out are none, as in LLaMA-Factory. */
const tagsOf = (settings: Settings): Columns => namesOf("tags", settings, {}) ?? TAGS;

const isTurn = (value: unknown) => isObject(value) && isText(value.from) && isText(value.value);

function recognizes(sample: Sample): string | undefined {
  const isTalk = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isTurn);
  if (!all(sample, "conversations", isTalk) || !["chosen", "rejected"].every((column) => all(sample, column, isTurn)))
    return undefined;
  // datasets that say user and assistant are read as messages: layouts.ts
  const isTagged = ({ conversations }: Row) => (conversations as Row[]).some(({ from }) => from === TAGS.user_tag);
  return sample.rows.some(isTagged) ? "conversations, chosen and rejected of { from, value }" : undefined;
}

function reads(row: Row, settings: Settings): ReadPair[] {
  const columns = columnsOf(settings, COLUMNS);
  const tags = tagsOf(settings);
  const column = columns.messages ?? "conversations";
  const turns = row[column];
  if (!Array.isArray(turns) || turns.length === 0)
    throw misfit(JSON.stringify(column), "a list of messages", describeValue(turns ?? undefined));
  const messages = turns.map((turn, i) => readTurn(turn, tags, `${JSON.stringify(column)}[${i}]`));
  const system = columns.system === undefined ? "" : readOptionalText(row, columns.system);
  const hasOwnSystem = messages[0].role === "system";
  checkOrder(hasOwnSystem ? messages.slice(1) : messages, column);
  const [chosen, rejected] = ["chosen", "rejected"].map((name) => {
    const answer = readTurn(row[columns[name] ?? name], tags, JSON.stringify(columns[name] ?? name));
    if (answer.role === "assistant") return answer;
    throw misfit(JSON.stringify(name), `a message of ${tags.assistant_tag}`, `one of ${answer.role}`);
  });
  const tools = columns.tools === undefined ? undefined : readTools(row[columns.tools]);
  const isUsed = system !== "" && !hasOwnSystem;
  const used = ["messages", "chosen", "rejected", "tools", ...(isUsed ? ["system"] : [])];
  return [
    {
      pair: {
        prompt: isUsed ? [message("system", system), ...messages] : messages,
        chosen: [chosen],
        rejected: [rejected],
        ...(tools === undefined ? {} : { tools }),
      },
      rest: without(row, present(columns, used)),
    },
  ];
}

/** Questions and answers take turns, and a question is last. LLaMA-Factory skips other rows. */
function checkOrder(messages: readonly Message[], column: string): void {
  const isQuestion = (role: string) => role === "user" || role === "tool";
  const wrong = messages.findIndex(({ role }, i) => (i % 2 === 0 ? !isQuestion(role) : role !== "assistant"));
  const field = JSON.stringify(column);
  if (wrong >= 0)
    throw misfit(`${field}[${wrong}]`, `${wrong % 2 === 0 ? "a question" : "an answer"} there`, "another");
  if (messages.length % 2 === 0) throw misfit(field, "a question at the end", "an answer");
}

function readTurn(turn: unknown, tags: Columns, field: string): Message {
  const { role_tag = "from", content_tag = "value" } = tags;
  if (!isObject(turn)) throw misfit(field, `{ ${role_tag}, ${content_tag} }`, describeValue(turn ?? undefined));
  const [tag, content] = [turn[role_tag], turn[content_tag]];
  if (!isText(content)) throw misfit(`${field}.${content_tag}`, "a text", describeValue(content ?? undefined));
  if (tag === tags.user_tag) return message("user", content);
  if (tag === tags.assistant_tag) return message("assistant", content);
  if (tag === tags.system_tag) return message("system", content);
  if (tag === tags.observation_tag) return message("tool", content);
  if (tag === tags.function_tag) return { role: "assistant", content: "", tool_calls: readCalls(content, field) };
  const known = Object.entries(tags).flatMap(([name, one]) => (/^(role|content)_/.test(name) || !one ? [] : [one]));
  throw misfit(`${field}.${role_tag}`, `one of ${known.join(", ")}`, describeValue(tag ?? undefined));
}

/** JSON of a call, `{ name, arguments }`, or of a list of them. */
export function readCalls(text: string, field: string): unknown[] {
  let calls: unknown;
  try {
    calls = parseExactJson(text);
  } catch {
    calls = undefined;
  }
  const list = Array.isArray(calls) ? calls : [calls];
  if (list.length > 0 && list.every((call) => isObject(call) && isText(call.name)))
    return list.map((call) => ({ type: "function", function: call }));
  throw misfit(field, "JSON of { name, arguments }", describeValue(text));
}

function writes({ pair }: ReadPair, settings: Settings): Row {
  const columns = columnsOf(settings, COLUMNS);
  const tags = tagsOf(settings);
  const { prompt, chosen, rejected } = conversationOf("sharegpt", pair);
  const hasSystem = prompt[0]?.role === "system" && columns.system !== undefined; // else it is the first turn
  const answer = (messages: Message[], field: string) => {
    if (messages.length === 1) return writeTurn(messages[0], tags, `${field}[0]`);
    throw cannotHold("sharegpt", field, `${messages.length} messages, only one answer`);
  };
  const turns = (hasSystem ? prompt.slice(1) : prompt).map((one, i) => writeTurn(one, tags, `prompt[${i}]`));
  const values = {
    messages: turns,
    chosen: answer(chosen, "chosen"),
    rejected: answer(rejected, "rejected"),
    system: hasSystem ? plainContent("sharegpt", prompt[0], "prompt[0]") : undefined,
    tools: pair.tools === undefined || pair.tools === null ? undefined : writeTools("sharegpt", pair.tools),
  };
  return rowUnder(columns, values, "sharegpt");
}

function writeTurn(one: Message, tags: Columns, field: string): Row {
  const { role_tag = "from", content_tag = "value" } = tags;
  const { role, tool_calls, ...others } = one;
  if (Array.isArray(tool_calls)) {
    if ((others.content ?? "") !== "") throw cannotHold("sharegpt", field, "a text next to tool calls");
    const calls = tool_calls.map((call) => (isObject(call) && isObject(call.function) ? call.function : call));
    return { [role_tag]: tags.function_tag, [content_tag]: exactJsonText(calls.length === 1 ? calls[0] : calls, true) };
  }
  const names: Columns = {
    user: tags.user_tag,
    system: tags.system_tag,
    assistant: tags.assistant_tag,
    tool: tags.observation_tag,
  };
  if (!Object.hasOwn(names, role) || names[role] === undefined)
    throw cannotHold("sharegpt", `${field}.role`, `the role ${role} there`);
  return { [role_tag]: names[role], [content_tag]: plainContent("sharegpt", { role, ...others }, field) };
}

export const sharegpt: Shape = {
  name: "sharegpt",
  recognizes,
  reads: (row, { settings }) => reads(row, settings),
  writes,
  restates: ["system"],
};
