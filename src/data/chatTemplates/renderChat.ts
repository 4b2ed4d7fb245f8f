/** @file Renders messages with a chat template: transformers' render_jinja_template. */
import { PrefineError, show } from "../../errors.ts";
import { PythonInterpreter } from "./interpreter.ts";
import { Environment } from "./library.ts";
import { stripEnd, stripText } from "./pythonStrings.ts";
import { isKnownRole, roleAdvice } from "./roles.ts";
import { strftime } from "./strftime.ts";
import { parseTemplate, type Syntax } from "./syntax.ts";

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
}

/** Names of a message's reasoning field; templates read the first. */
const REASONING = ["reasoning_content", "thinking", "reasoning"];
const OPEN_END = "CONTINUE_FINAL_MESSAGE_TAG ";
/** Number of parsed templates to cache. */
const CACHE_TEMPLATES = 16;
const cache = new Map<string, Syntax>();

/** Parses a template, with a cache. @throws PrefineError("model") for invalid templates */
function compile(template: string): Syntax {
  const hit = cache.get(template);
  if (hit) return hit;
  if (cache.size === CACHE_TEMPLATES) cache.clear();
  const syntax = parseTemplate(template);
  cache.set(template, syntax);
  return syntax;
}

/** A template's literal text and string constants; "" if it cannot be parsed. */
export function literalText(template: string): string {
  try {
    return compile(template).literalText;
  } catch {
    return "";
  }
}

/** @throws Error if the template cannot be parsed, fails or raises an exception; the message says which. */
export function renderChat(template: string, messages: readonly unknown[], options: RenderOptions): string {
  const { tools = null, documents = null, add_generation_prompt = false, variables = {} } = options;
  if (messages.length === 0) throw new Error("expected at least one message, found none");
  const chat = messages.map((message) => withReasoning(readMessage(message)));
  const last = chat[chat.length - 1];
  const open = options.continue_final_message ? leaveOpen(last, options.continue_final_message, template) : undefined;
  const text = run(template, { ...variables, messages: chat, tools, documents, add_generation_prompt });
  return open === undefined ? text : cutAtOpenEnd(text, open);
}

/** A message as plain data, without null fields. */
function readMessage(message: unknown): Record<string, unknown> {
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw new Error(`expected a message with role and content, found ${show(message)}`);
  }
  return Object.fromEntries(
    Object.entries(message)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) => [key, plainData(value)]),
  );
}

/** JSON values unchanged; others become a name of their type: templates only check whether images exist. */
function plainData(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plainData);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `<${prototype?.constructor?.name ?? typeof value}>`;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainData(inner)]));
}

function withReasoning(message: Record<string, unknown>): Record<string, unknown> {
  const name = REASONING.find((key) => message[key] !== undefined);
  if (name === undefined) return message;
  return { thinking: message[name], ...message, reasoning_content: message[name] };
}

/** Marks the end of the last message, and returns its text. */
function leaveOpen(last: Record<string, unknown>, field: boolean | string, template: string): string {
  const name = typeof field === "string" ? field : "content";
  const value = last[name];
  if (value === undefined) throw new Error(`continue_final_message: the last message has no "${name}" to continue`);
  const copies = REASONING.includes(name) ? REASONING.filter((key) => last[key] === value) : [name];
  if (!copies.some((key) => template.includes(key))) {
    throw new Error(`continue_final_message: the template has no field "${name}"`);
  }
  if (typeof value === "string") {
    for (const key of copies) last[key] = value + OPEN_END;
    return value;
  }
  const blocks = Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
  const block = blocks.findLast((one) => typeof one === "object" && one !== null && "text" in one);
  if (!block) throw new Error("continue_final_message: the last message has no text to continue");
  const text = String(block.text);
  block.text = text + OPEN_END;
  return text;
}

function cutAtOpenEnd(rendered: string, message: string): string {
  const at = rendered.lastIndexOf(OPEN_END.trim());
  if (at < 0 || !rendered.includes(stripText(message))) {
    throw new Error("continue_final_message: the template omits a part of the last message");
  }
  const isWhole = rendered.startsWith(OPEN_END, at);
  return isWhole ? rendered.slice(0, at) : stripEnd(rendered.slice(0, at));
}

/** The variables that Jinja and transformers give every template. */
function globals(): Record<string, unknown> {
  return {
    raise_exception: (message: unknown) => {
      throw new Error(String(message));
    },
    strftime_now: (format: unknown) => strftime(new Date(), String(format)),
    range: (...bounds: number[]) => {
      const [start, stop, step = 1] = bounds.length === 1 ? [0, bounds[0]] : bounds;
      if (step === 0) throw new Error("range() arg 3 must not be zero");
      return Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, i) => start + i * step);
    },
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
  };
}

function run(template: string, variables: Record<string, unknown>): string {
  const syntax = compile(template);
  const environment = new Environment();
  const values = plainData(variables) as Record<string, unknown>;
  for (const [name, value] of Object.entries({ ...globals(), ...values })) environment.set(name, value);
  return String(new PythonInterpreter(environment, syntax).run(syntax.program).value);
}

/** The error for a failed template, with a message of one line. */
export function templateError(error: unknown, where: string, messages: readonly unknown[]): PrefineError {
  const message = error instanceof Error ? error.message : String(error);
  const roles = messages.map((one) => (one as { role?: unknown } | null)?.role);
  const strange = roles.find((role): role is string => typeof role === "string" && !isKnownRole(role));
  const hint =
    strange === undefined
      ? "Does the template support the roles and fields of these messages? Try `tokenizer.apply_chat_template` on one."
      : `A message has the role ${show(strange)}: ${roleAdvice(strange)}.`;
  return new PrefineError("data", `${where}: the chat template failed: ${message}`, hint, { cause: error });
}
