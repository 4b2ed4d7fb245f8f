/**
 * @file A prompt as text next to messages: HuggingFaceH4/ultrafeedback_binarized, whose chosen and rejected are whole
 * conversations that ask the prompt; or answers alone, of which the prompt is the question.
 */
import type { Row } from "../datasets/features.ts";
import { extractPrompt, type Message } from "../preferences/extractPrompt.ts";
import { conversationOf, readMessages, readText } from "./messages.ts";
import {
  cannotHold,
  isMessages,
  isText,
  message,
  misfit,
  type ReadPair,
  type Sample,
  type Shape,
  without,
} from "./shape.ts";

/** Whether the shared beginning of two conversations asks this prompt. */
function asks(prompt: string, turns: readonly Message[]): boolean {
  return turns.some(({ role, content }) => role === "user" && isText(content) && content.trim() === prompt.trim());
}

const isAnswer = (messages: readonly Message[]) => messages[0].role === "assistant";

function fits({ prompt, chosen, rejected }: Row): boolean {
  if (!isText(prompt) || !isMessages(chosen) || !isMessages(rejected)) return false;
  return (isAnswer(chosen) && isAnswer(rejected)) || asks(prompt, extractPrompt({ chosen, rejected }).prompt);
}

function recognizes({ rows }: Sample): string | undefined {
  if (rows.length === 0 || !rows.every(fits)) return undefined;
  return "prompt is a text, chosen and rejected are messages that ask it or answer it";
}

function reads(row: Row): ReadPair[] {
  const prompt = readText(row, "prompt");
  const [chosen, rejected] = ["chosen", "rejected"].map((column) => readMessages(row[column], JSON.stringify(column)));
  const { tools, chat_template_kwargs } = row;
  const extras = Object.entries({ tools, chat_template_kwargs }).filter(([, value]) => value !== undefined);
  const rest = without(row, ["prompt", "chosen", "rejected", ...extras.map(([name]) => name)]);
  const more = Object.fromEntries(extras);
  if (isAnswer(chosen) && isAnswer(rejected))
    return [{ pair: { prompt: [message("user", prompt)], chosen, rejected, ...more }, rest }];
  const pair = extractPrompt({ chosen, rejected });
  if (asks(prompt, pair.prompt)) return [{ pair: { ...pair, ...more }, rest }];
  const expected = "the text of a message of user that chosen and rejected begin with";
  throw misfit('"prompt"', expected, "another", HINT);
}

const HINT =
  "Without the column prompt, chosen and rejected are read as conversations; `process: ultrafeedback` reduces them " +
  "to the text of their last message.";

export const binarized: Shape = {
  name: "binarized",
  recognizes,
  reads,
  writes({ pair }) {
    const { prompt, chosen, rejected } = conversationOf("binarized", pair);
    const question = prompt.findIndex(({ role }) => role === "user");
    if (question < 0) throw cannotHold("binarized", "prompt", "a prompt without a message of user");
    const text = prompt[question].content;
    if (!isText(text)) throw cannotHold("binarized", `prompt[${question}].content`, "more than a text");
    return { ...pair, prompt: text, chosen: [...prompt, ...chosen], rejected: [...prompt, ...rejected] };
  },
};
