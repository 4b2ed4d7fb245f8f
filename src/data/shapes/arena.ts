/**
 * @file Chatbot Arena battles: conversation_a and conversation_b, and the winner: model_a, model_b, or a tie. `ties`
 * says what becomes of ties, which teach no preference.
 */

import { describeValue } from "../../arguments.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { extractPrompt, type Message } from "../preferences/extractPrompt.ts";
import { conversationOf, readMessages } from "./messages.ts";
import { all, isMessages, isText, misfit, type Reading, type ReadPair, type Shape, without } from "./shape.ts";
import { tieError } from "./ties.ts";

const WINNERS = ["model_a", "model_b"];
const TIES = ["tie", "tie (bothbad)", "both_bad", "bothbad", "tie (both bad)"];

const PICTURES = "with more than texts in a message";

/** Messages whose content is a list of texts, as in the battles of 2025, with the texts; undefined: there is more. */
function withTexts(messages: Message[]): Message[] | undefined {
  const isPart = (part: unknown) => isObject(part) && part.type === "text" && isText(part.text);
  const made = messages.map((one): Message | undefined => {
    if (!Array.isArray(one.content)) return one;
    return one.content.every(isPart) ? { ...one, content: one.content.map(({ text }) => text).join("") } : undefined;
  });
  return made.every((one) => one !== undefined) ? made : undefined;
}

function reads(row: Row, { ties, note, skip }: Reading): ReadPair[] {
  const a = withTexts(readMessages(row.conversation_a, '"conversation_a"'));
  const b = withTexts(readMessages(row.conversation_b, '"conversation_b"'));
  if (a === undefined || b === undefined) {
    skip(PICTURES);
    return [];
  }
  const { winner } = row;
  const rest = without(row, ["conversation_a", "conversation_b"]); // winner says which side is which
  const pairOf = (chosen: Message[], rejected: Message[]): ReadPair => ({ pair: splitTurns(chosen, rejected), rest });
  if (winner === "model_a") return [pairOf(a, b)];
  if (winner === "model_b") return [pairOf(b, a)];
  if (!isText(winner) || !TIES.includes(winner))
    throw misfit(
      '"winner"',
      `one of ${[...WINNERS, ...TIES.slice(0, 3)].join(", ")}`,
      describeValue(winner ?? undefined),
    );
  if (ties === null) throw tieError('"winner"', winner);
  if (ties === "skip") skip("without a winner");
  else note("without a winner, trained on in both orders");
  return ties === "skip" ? [] : [pairOf(a, b), pairOf(b, a)];
}

function splitTurns(chosen: Message[], rejected: Message[]) {
  const pair = extractPrompt({ chosen, rejected });
  if (pair.prompt.length > 0) return pair;
  throw misfit('"conversation_b"', "the first message of conversation_a", "another");
}

export const arena: Shape = {
  name: "arena",
  recognizes: (sample) =>
    ["conversation_a", "conversation_b"].every((column) => all(sample, column, isMessages)) &&
    all(sample, "winner", isText)
      ? "conversation_a, conversation_b, winner"
      : undefined,
  reads,
  writes({ pair, rest }) {
    const { prompt, chosen, rejected } = conversationOf("arena", pair);
    const winner = rest.winner ?? "model_a";
    const won = [...prompt, ...chosen];
    const lost = [...prompt, ...rejected];
    const [conversation_a, conversation_b] = winner === "model_b" ? [lost, won] : [won, lost];
    return { winner, conversation_a, conversation_b };
  },
};
