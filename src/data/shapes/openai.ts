/**
 * @file OpenAI's preference format: `{ input: { messages, tools, parallel_tool_calls }, preferred_output,
 * non_preferred_output }`. Arguments of tool calls are JSON texts there, and objects in chat templates.
 */
import { describeValue } from "../../arguments.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { conversationOf, readMessages } from "./messages.ts";
import { all, merged, misfit, type ReadPair, type Shape, without } from "./shape.ts";
import { callsWithObjects, callsWithTexts } from "./toolCalls.ts";

const OUTPUTS = ["preferred_output", "non_preferred_output"] as const;
/** Of input, besides messages and tools: no part of a text, kept for the way back. */
const SETTINGS = ["parallel_tool_calls"] as const;

function reads(row: Row): ReadPair[] {
  const { input } = row;
  if (!isObject(input)) throw misfit('"input"', "an object with messages", describeValue(input ?? undefined));
  const strange = Object.keys(input).find((key) => !["messages", "tools", ...SETTINGS].includes(key));
  if (strange !== undefined) {
    throw misfit(`"input".${strange}`, "messages, tools and parallel_tool_calls alone", "another key");
  }
  const [chosen, rejected] = OUTPUTS.map((column) =>
    callsWithObjects(readMessages(row[column], JSON.stringify(column))),
  );
  const prompt = callsWithObjects(readMessages(input.messages, '"input".messages'));
  const { tools } = input;
  if (tools !== undefined && tools !== null && !Array.isArray(tools))
    throw misfit('"input".tools', "a list of tools", describeValue(tools));
  const settings = SETTINGS.filter((key) => Object.hasOwn(input, key)).map((key) => [key, input[key]]);
  return [
    {
      pair: { prompt, chosen, rejected, ...(tools === undefined ? {} : { tools }) },
      rest: merged(Object.fromEntries(settings), without(row, ["input", ...OUTPUTS])),
    },
  ];
}

export const openai: Shape = {
  name: "openai",
  recognizes: (sample) =>
    all(sample, "input", (input) => isObject(input) && Array.isArray(input.messages)) &&
    OUTPUTS.every((column) => all(sample, column, Array.isArray))
      ? "input.messages, preferred_output, non_preferred_output"
      : undefined,
  reads,
  writes({ pair, rest }) {
    const { prompt, chosen, rejected } = conversationOf("openai", pair);
    const settings = SETTINGS.filter((key) => Object.hasOwn(rest, key)).map((key) => [key, rest[key]]);
    const { tools } = pair;
    return {
      input: {
        messages: callsWithTexts("openai", prompt, "prompt"),
        ...(tools === undefined ? {} : { tools }),
        ...Object.fromEntries(settings),
      },
      preferred_output: callsWithTexts("openai", chosen, "chosen"),
      non_preferred_output: callsWithTexts("openai", rejected, "rejected"),
    };
  },
  keeps: SETTINGS,
  consumes: SETTINGS,
};
