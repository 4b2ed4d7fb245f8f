/** @file Arguments of tool calls: JSON texts in OpenAI's messages, objects in TRL's and in chat templates. */
import { describeValue } from "../../arguments.ts";
import { parseExactJson } from "../../formats/exactJson.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import { cannotHold, merged } from "./shape.ts";

type Change = (args: unknown) => unknown;

function changeCalls(messages: Message[], change: Change): Message[] {
  return messages.map((one): Message => {
    const calls = one.tool_calls;
    if (!Array.isArray(calls)) return one;
    return merged(one, { tool_calls: calls.map((call) => changeCall(call, change)) }) as Message;
  });
}

function changeCall(call: unknown, change: Change): unknown {
  if (!isObject(call) || !isObject(call.function)) return call;
  const args = call.function.arguments;
  return merged(call, { function: merged(call.function, { arguments: change(args) }) });
}

/** Arguments as objects. A text that is no JSON of an object stays one. */
export function callsWithObjects(messages: Message[]): Message[] {
  return changeCalls(messages, (args) => {
    if (typeof args !== "string") return args;
    try {
      const value = parseExactJson(args);
      return isObject(value) ? value : args;
    } catch {
      return args;
    }
  });
}

/** Arguments as JSON texts without spaces, as OpenAI's models write them. */
export function callsWithTexts(format: string, messages: Message[], field: string): Message[] {
  return changeCalls(messages, (args) => {
    if (typeof args === "string") return args;
    if (isObject(args)) return exactJsonText(args);
    throw cannotHold(
      format,
      `${field}.tool_calls.function.arguments`,
      `${describeValue(args ?? undefined)}, only an object`,
    );
  });
}
