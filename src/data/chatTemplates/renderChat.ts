/** @file Renders messages with a chat template: transformers' render_jinja_template. */
import { PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { mayRefuseContent } from "./contentRefusals.ts";
import { contentFault } from "./contents.ts";
import { checkNames } from "./jinja/checkNames.ts";
import { Execution } from "./jinja/execute.ts";
import { globals } from "./jinja/globals.ts";
import type { Template } from "./jinja/nodes.ts";
import { parseTemplate } from "./jinja/parser.ts";
import { Scope } from "./jinja/scope.ts";
import { isFault, TemplateFault } from "./python/fault.ts";
import { type Check, type Limits, withinLimits } from "./python/limits.ts";
import { PyDict } from "./python/pyDict.ts";
import { strip } from "./python/strings.ts";
import { isText, textOf, type Value } from "./python/values.ts";
import { isKnownRole, roleAdvice } from "./roles.ts";
import { memberValues, toPython } from "./toPython.ts";

/** One turn of a conversation. */
export type ChatMessage = { role: string } & Record<string, unknown>;

export interface RenderOptions {
  /** JSON schemas of the functions that the model may call. */
  tools?: readonly unknown[] | null | undefined;
  /** Documents to answer from, each `{ title, text }`. */
  documents?: readonly unknown[] | null | undefined;
  /** Appends the beginning of the assistant's next turn. */
  add_generation_prompt?: boolean | undefined;
  /** Leaves the last message open for the model to continue; a string names the field to leave open. */
  continue_final_message?: boolean | string | undefined;
  /** Other variables of the template, such as the special tokens. */
  variables?: Record<string, unknown>;
  /** Bounds other than the usual ones. */
  limits?: Partial<Limits>;
  /** Called every some thousand steps: throws to stop the rendering. */
  check?: Check;
}

/** Names of a message's reasoning field; templates read the first. */
const REASONING = ["reasoning_content", "thinking", "reasoning"];
const OPEN_END = "CONTINUE_FINAL_MESSAGE_TAG ";
/** Number of parsed templates to cache. */
const CACHE_TEMPLATES = 16;
const cache = new Map<string, Template>();

/** Parses a template, with a cache. @throws TemplateFault for invalid templates */
function compile(template: string): Template {
  const hit = cache.get(template);
  if (hit) return hit;
  if (cache.size === CACHE_TEMPLATES) cache.clear();
  const parsed = parseTemplate(template);
  checkNames(parsed.body);
  cache.set(template, parsed);
  return parsed;
}

/** A template's literal text and string constants; "" if it cannot be parsed. */
export function literalText(template: string): string {
  try {
    return withinLimits(() => compile(template).literalText);
  } catch {
    return "";
  }
}

/** Whether a template may refuse a message for what its content says; false if it cannot be parsed. */
export function refusesByContent(template: string): boolean {
  try {
    return withinLimits(() => mayRefuseContent(compile(template).body));
  } catch {
    return false;
  }
}

/** @throws Error if the template cannot be parsed, fails or raises an exception; the message says which. */
export function renderChat(template: string, messages: readonly unknown[], options: RenderOptions): string {
  return withinLimits(() => renderWithin(template, messages, options), options.limits, options.check);
}

function renderWithin(template: string, messages: readonly unknown[], options: RenderOptions): string {
  const { tools = null, documents = null, add_generation_prompt = false, variables = {} } = options;
  if (messages.length === 0) throw new Error("expected at least one message, found none");
  const chat = messages.map((message) => withReasoning(readMessage(message)));
  const last = chat[chat.length - 1];
  const open = options.continue_final_message ? leaveOpen(last, options.continue_final_message, template) : undefined;
  const scope = new Scope(newScope(globals(() => new Date())));
  const given = { tools, documents, add_generation_prompt };
  for (const part of [variables, given]) {
    for (const [name, value] of memberValues(part)) scope.set(name, value);
  }
  scope.set("messages", chat);
  const text = run(template, scope);
  return open === undefined ? text : cutAtOpenEnd(text, open);
}

function newScope(variables: Record<string, Value>): Scope {
  const scope = new Scope();
  for (const [name, value] of Object.entries(variables)) scope.set(name, value);
  return scope;
}

function run(template: string, scope: Scope): string {
  const execution = new Execution(compile(template), scope);
  try {
    return execution.run();
  } catch (error) {
    if (error instanceof TemplateFault) error.line ??= execution.line;
    throw error;
  }
}

/** A message as a dict, without the keys whose value is None. */
function readMessage(message: unknown): PyDict {
  const value = typeof message === "object" ? toPython(message) : null;
  if (!(value instanceof PyDict)) throw new Error(`expected a message with role and content, found ${show(message)}`);
  return new PyDict(value.entries().filter(([, item]) => item !== null));
}

function withReasoning(message: PyDict): PyDict {
  const name = REASONING.find((key) => message.has(key));
  const reasoning = name === undefined ? undefined : message.get(name);
  if (reasoning === undefined) return message;
  const aliased = new PyDict([["thinking", reasoning], ...message.entries()]);
  aliased.set("reasoning_content", reasoning);
  return aliased;
}

/** Marks the end of the last message, and returns its text. */
function leaveOpen(last: PyDict, field: boolean | string, template: string): string {
  const name = typeof field === "string" ? field : "content";
  const value = last.get(name);
  if (value === undefined) throw new Error(`continue_final_message: the last message has no "${name}" to continue`);
  const copies = REASONING.includes(name) ? REASONING.filter((key) => last.get(key) === value) : [name];
  if (!copies.some((key) => template.includes(key))) {
    throw new Error(`continue_final_message: the template has no field "${name}"`);
  }
  if (isText(value)) {
    for (const key of copies) last.set(key, textOf(value) + OPEN_END);
    return textOf(value);
  }
  const parts = Array.isArray(value) ? value : [];
  const part = parts.findLast((one): one is PyDict => one instanceof PyDict && one.has("text"));
  const text = part?.get("text");
  if (!part || !isText(text ?? null)) {
    throw new Error("continue_final_message: the last message has no text to continue");
  }
  part.set("text", textOf(text as string) + OPEN_END);
  return textOf(text as string);
}

function cutAtOpenEnd(rendered: string, message: string): string {
  const at = rendered.lastIndexOf(OPEN_END.trim());
  if (at < 0 || !rendered.includes(strip(message, undefined, "both"))) {
    throw new Error("continue_final_message: the template omits a part of the last message");
  }
  const isWhole = rendered.startsWith(OPEN_END, at);
  return isWhole ? rendered.slice(0, at) : strip(rendered.slice(0, at), undefined, "right");
}

/** The error for a failed template, with a message of one line. */
export function templateError(error: unknown, where: string, messages: readonly unknown[]): PrefineError {
  const { message } = error instanceof Error ? error : { message: String(error) };
  const line = error instanceof TemplateFault && error.line !== undefined ? ` (line ${error.line})` : "";
  const odd = oddContent(messages, error, message);
  const actual = odd === undefined ? "" : `expected a text in each message, found ${odd}: `;
  const hint = odd === undefined ? hintOf(error, messages) : "Give the message a text as its content, or drop the row.";
  return new PrefineError("data", `${where}: the chat template failed: ${actual}${message}${line}`, hint, {
    cause: error,
  });
}

/** The first message whose content is no text, if the template may have failed for it. */
function oddContent(messages: readonly unknown[], error: unknown, fault: string): string | undefined {
  const isOfContent = /content|None/.test(fault);
  if (!isOfContent && !isFault(error, "AttributeError", "TypeError", "UndefinedError", "ValueError")) return undefined;
  for (const [i, message] of messages.entries()) {
    const odd = isObject(message) ? contentFault(message) : undefined;
    if (odd === undefined || (odd.isUsual && !isOfContent && !fault.includes("list"))) continue;
    return `${odd.found} in message ${i} (${show((message as { role?: unknown }).role)})`;
  }
  return undefined;
}

function hintOf(error: unknown, messages: readonly unknown[]): string {
  const kind = error instanceof TemplateFault ? error.kind : undefined;
  if (kind === "LimitError") return "Is this template, or the row, from a source that you trust?";
  if (kind === "TemplateSyntaxError") return "The template itself is broken: transformers refuses it too.";
  const roles = messages.map((one) => (one as { role?: unknown } | null)?.role);
  const strange = roles.find((role): role is string => typeof role === "string" && !isKnownRole(role));
  if (strange !== undefined) return `A message has the role ${show(strange)}: ${roleAdvice(strange)}.`;
  const question = "Does the template support the roles and fields of these messages?";
  return `${question} Try \`tokenizer.apply_chat_template\` on one.`;
}
