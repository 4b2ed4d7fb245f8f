/**
 * @file Axolotl's `chat_template.default` (messages, chosen, rejected) and `chat_template.argilla_chat` (conversations
 * in chosen and rejected): read as messages, which the model's chat template then renders. `data_format_options` takes
 * field_messages, field_chosen, field_rejected, message_property_mappings and roles.
 */
import { describeValue } from "../../arguments.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import { wrongSetting } from "./llamaFactoryColumns.ts";
import { conversationOf, plainContent } from "./messages.ts";
import {
  all,
  cannotHold,
  isMessage,
  isMessages,
  isText,
  message,
  misfit,
  type ReadPair,
  type Sample,
  type Shape,
  without,
} from "./shape.ts";

type Settings = Readonly<Record<string, unknown>>;

interface Names {
  messages: string;
  chosen: string;
  rejected: string;
  role: string;
  content: string;
  /** Their roles -> user, assistant, system, tool. */
  roles: ReadonlyMap<string, string>;
}

const ROLES = { user: ["user"], assistant: ["assistant"], system: ["system"], tool: ["tool"] };

function namesOf(settings: Settings): Names {
  const text = (name: string, standard: string, from: Settings = settings) => {
    const value = from[name] ?? standard;
    if (isText(value)) return value;
    throw wrongSetting(`data_format_options.${name}`, "a text", value);
  };
  const mappings = settings.message_property_mappings ?? {};
  if (!isObject(mappings)) throw wrongSetting("data_format_options.message_property_mappings", "a mapping", mappings);
  return {
    messages: text("field_messages", "messages"),
    chosen: text("field_chosen", "chosen"),
    rejected: text("field_rejected", "rejected"),
    role: text("role", text("message_field_role", "role"), mappings),
    content: text("content", text("message_field_content", "content"), mappings),
    roles: rolesOf(settings.roles ?? ROLES),
  };
}

function rolesOf(roles: unknown): Map<string, string> {
  if (!isObject(roles)) throw wrongSetting("data_format_options.roles", "lists of names by role", roles);
  return new Map(
    Object.entries(roles).flatMap(([role, names]): [string, string][] => {
      if (Array.isArray(names) && names.every(isText)) return names.map((name) => [name, role]);
      throw wrongSetting(`data_format_options.roles.${role}`, "a list of names", names);
    }),
  );
}

function readMessage(value: unknown, field: string, { role, content, roles }: Names): Message {
  if (!isObject(value)) throw misfit(field, `{ ${role}, ${content} }`, describeValue(value ?? undefined));
  const known = isText(value[role]) ? roles.get(value[role]) : undefined;
  if (known === undefined)
    throw misfit(`${field}.${role}`, `one of ${[...roles.keys()].join(", ")}`, describeValue(value[role] ?? undefined));
  if (!isText(value[content]))
    throw misfit(`${field}.${content}`, "a text", describeValue(value[content] ?? undefined));
  return message(known, value[content]);
}

/** A text, a message, or the last message of a list. */
function readAnswer(row: Row, column: string, names: Names): Message {
  const value = row[column];
  if (isText(value)) return message("assistant", value);
  const one: unknown = Array.isArray(value) ? value.at(-1) : value;
  return readMessage(one, JSON.stringify(column), names);
}

const readList = (value: unknown, column: string, names: Names): Message[] => {
  const field = JSON.stringify(column);
  if (!Array.isArray(value)) throw misfit(field, "a list of messages", describeValue(value ?? undefined));
  return value.map((one, i) => readMessage(one, `${field}[${i}]`, names));
};

function readDefault(row: Row, settings: Settings): ReadPair[] {
  const names = namesOf(settings);
  const given = row[names.messages];
  const prompt = isText(given) ? [message("user", given)] : readList(given, names.messages, names);
  const [chosen, rejected] = [names.chosen, names.rejected].map((column) => [readAnswer(row, column, names)]);
  return [{ pair: { prompt, chosen, rejected }, rest: without(row, [names.messages, names.chosen, names.rejected]) }];
}

/** The prompt is chosen's without its last message, as in Axolotl; the same of rejected is not compared there. */
function readArgillaChat(row: Row, settings: Settings): ReadPair[] {
  const names = namesOf(settings);
  const [won, lost] = [names.chosen, names.rejected].map((column) => {
    const list = readList(row[column], column, names);
    if (list.length > 0) return list;
    throw misfit(JSON.stringify(column), "messages", "an empty list");
  });
  const pair = { prompt: won.slice(0, -1), chosen: won.slice(-1), rejected: lost.slice(-1) };
  return [{ pair, rest: without(row, [names.chosen, names.rejected]) }];
}

function writeMessage(format: string, one: Message, field: string, { role, content, roles }: Names): Row {
  const name = [...roles].find(([, known]) => known === one.role)?.[0];
  if (name === undefined) throw cannotHold(format, `${field}.role`, `the role ${one.role}`);
  return { [role]: name, [content]: plainContent(format, one, field) };
}

function partsOf(format: string, { pair }: ReadPair, names: Names) {
  const parts = conversationOf(format, pair);
  const list = (field: "prompt" | "chosen" | "rejected") =>
    parts[field].map((one, i) => writeMessage(format, one, `${field}[${i}]`, names));
  const [prompt, chosen, rejected] = [list("prompt"), list("chosen"), list("rejected")];
  for (const [field, answer] of Object.entries({ chosen, rejected })) {
    if (answer.length !== 1) throw cannotHold(format, field, `${answer.length} messages, only one answer`);
  }
  return { prompt, chosen, rejected };
}

function recognizes(sample: Sample): string | undefined {
  if (sample.columns.has("prompt")) return undefined;
  const isOne = (value: unknown) => isMessages(value) && value.length === 1 && value[0].role === "assistant";
  const isAnswer = (value: unknown) => isText(value) || isMessage(value) || isOne(value);
  const asks = (value: unknown) => isMessages(value) && ["user", "tool"].includes(value[value.length - 1].role);
  if (!all(sample, "messages", asks) || !["chosen", "rejected"].every((column) => all(sample, column, isAnswer)))
    return undefined;
  return "messages that end with user, chosen and rejected of one answer";
}

export const CHAT_TEMPLATE: readonly Shape[] = [
  {
    name: "chat_template.default",
    beats: ["trl"],
    recognizes,
    reads: (row, { settings }) => readDefault(row, settings),
    writes(read, settings) {
      const names = namesOf(settings);
      const { prompt, chosen, rejected } = partsOf("chat_template.default", read, names);
      return { [names.messages]: prompt, [names.chosen]: chosen[0], [names.rejected]: rejected[0] };
    },
  },
  {
    name: "chat_template.argilla_chat",
    reads: (row, { settings }) => readArgillaChat(row, settings),
    writes(read, settings) {
      const names = namesOf(settings);
      const { prompt, chosen, rejected } = partsOf("chat_template.argilla_chat", read, names);
      return { [names.chosen]: [...prompt, ...chosen], [names.rejected]: [...prompt, ...rejected] };
    },
  },
];
