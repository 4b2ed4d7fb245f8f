/**
 * @file Transcripts of Anthropic/hh-rlhf: `"\n\nHuman: ...\n\nAssistant: ..."` in chosen and rejected. Their turns are
 * messages; what both share is the prompt. For a model without a chat template they stay texts, cut before the last
 * answer, as in the DPO paper's code.
 */
import type { Row } from "../datasets/features.ts";
import { extractPrompt, type Message } from "../preferences/extractPrompt.ts";
import { conversationOf, plainContent, readText } from "./messages.ts";
import { all, cannotHold, isText, message, misfit, type Reading, type ReadPair, type Shape, without } from "./shape.ts";

const TURN = /\n\n(Human|Assistant):/g;
const ROLES: Readonly<Record<string, string>> = { Human: "user", Assistant: "assistant" };
const NAMES: Readonly<Record<string, string>> = { user: "Human", assistant: "Assistant" };

export const isTranscript = (text: unknown): text is string =>
  isText(text) && /^\s*Human:/.test(text) && /\n\nAssistant:/.test(text);

/** The turns of a transcript; one space after a name belongs to the name. */
export function turnsOfTranscript(text: string, field: string): Message[] {
  const whole = text.startsWith("Human:") ? `\n\n${text}` : text;
  const marks = [...whole.matchAll(TURN)];
  const before = whole.slice(0, marks[0]?.index ?? whole.length);
  if (marks.length === 0 || before !== "")
    throw misfit(field, 'a transcript that begins with "\\n\\nHuman:"', JSON.stringify(text.slice(0, 40)));
  return marks.map((mark, i) => {
    const content = whole.slice(mark.index + mark[0].length, marks[i + 1]?.index ?? whole.length);
    return message(ROLES[mark[1]], content.startsWith(" ") ? content.slice(1) : content);
  });
}

/** A transcript of turns. @throws PrefineError("data") for other roles, and for texts that would read as turns. */
export function transcriptOf(format: string, messages: readonly Message[], field: string): string {
  return messages
    .map((one, i) => {
      const where = `${field}[${i}]`;
      const name = Object.hasOwn(NAMES, one.role) ? NAMES[one.role] : undefined;
      if (name === undefined)
        throw cannotHold(format, `${where}.role`, `the role ${one.role}, only user and assistant`);
      const content = plainContent(format, one, where);
      if (/\n\n(Human|Assistant):/.test(`${content}`)) throw cannotHold(format, where, 'a text with "\\n\\nHuman:"');
      return `\n\n${name}: ${content}`;
    })
    .join("");
}

/** Up to and with the last "\n\nAssistant:" of the shared beginning. */
function splitTexts(chosen: string, rejected: string): { prompt: string; chosen: string; rejected: string } {
  const mark = "\n\nAssistant:";
  let end = chosen.lastIndexOf(mark);
  while (end >= 0 && !rejected.startsWith(chosen.slice(0, end + mark.length))) end = chosen.lastIndexOf(mark, end - 1);
  const length = end < 0 ? 0 : end + mark.length;
  return { prompt: chosen.slice(0, length), chosen: chosen.slice(length), rejected: rejected.slice(length) };
}

function reads(row: Row, { hasChatTemplate }: Reading): ReadPair[] {
  const [chosen, rejected] = ["chosen", "rejected"].map((column) => readText(row, column));
  const rest = without(row, ["chosen", "rejected"]);
  if (!hasChatTemplate) return [{ pair: splitTexts(chosen, rejected), rest }];
  const turns = {
    chosen: turnsOfTranscript(chosen, '"chosen"'),
    rejected: turnsOfTranscript(rejected, '"rejected"'),
  };
  return [{ pair: extractPrompt(turns), rest }];
}

export const hh: Shape = {
  name: "hh",
  beats: ["trl"],
  recognizes: (sample) =>
    !sample.columns.has("prompt") && ["chosen", "rejected"].every((column) => all(sample, column, isTranscript))
      ? 'chosen and rejected are transcripts of "Human:" and "Assistant:"'
      : undefined,
  reads,
  writes({ pair }) {
    const { prompt, chosen, rejected } = conversationOf("hh", pair);
    return {
      chosen: transcriptOf("hh", [...prompt, ...chosen], "chosen"),
      rejected: transcriptOf("hh", [...prompt, ...rejected], "rejected"),
    };
  },
};
