/** @file OpenAI's messages -> a conversation for the chat template. */
import type { ChatMessage } from "../../data/tokenizers/conversations.ts";
import { show } from "../../errors.ts";
import { ApiError } from "../http/apiError.ts";
import { wrong } from "./readFields.ts";

/** OpenAI's roles -> those of templates. */
const ROLES: Record<string, string> = { system: "system", developer: "system", user: "user", assistant: "assistant" };
/** Fields of a message that may be there, and are empty. */
const EMPTY = ["tool_calls", "function_call", "audio", "refusal"];
const FIELDS = ["role", "content", "name", "annotations", "reasoning_content", ...EMPTY];

/** @throws ApiError 400 */
export function readMessages(messages: unknown): ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0)
    throw wrong("messages", "a list with at least one message", messages);
  return messages.map(readMessage);
}

function readMessage(message: unknown, index: number): ChatMessage {
  const where = `messages[${index}]`;
  if (typeof message !== "object" || message === null || Array.isArray(message))
    throw wrong(where, "an object with role and content", message);
  const { role, content } = message as Record<string, unknown>;
  if (typeof role !== "string" || !Object.hasOwn(ROLES, role)) {
    if (role !== "tool" && role !== "function") throw wrong(`${where}.role`, Object.keys(ROLES).join(", "), role);
    throw unsupported(`${where}.role`, "answers are texts, not calls of functions");
  }
  for (const [name, value] of Object.entries(message)) {
    if (!FIELDS.includes(name)) throw wrong(where, FIELDS.slice(0, 3).join(", "), name);
    const isEmpty = value == null || (Array.isArray(value) && value.length === 0);
    if (EMPTY.includes(name) && !isEmpty) throw unsupported(`${where}.${name}`, "messages are texts");
  }
  return { role: ROLES[role], content: textOf(content, `${where}.content`) };
}

function textOf(content: unknown, where: string): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw wrong(where, "a text, or a list of parts of type text", content);
  return content
    .map((part: unknown, index) => {
      const { type, text } = (typeof part === "object" && part !== null ? part : {}) as Record<string, unknown>;
      if (type === "text" && typeof text === "string") return text;
      throw unsupported(`${where}[${index}]`, `parts of type ${show(type)}; expected { type: "text", text }`);
    })
    .join("");
}

const unsupported = (param: string, why: string) =>
  new ApiError(400, `${param}: not supported: ${why}`, { param, code: "unsupported_parameter" });
