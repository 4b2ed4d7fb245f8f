/** @file Checks of a row's tokens and rendered chat template, for mistakes that raise no error. */
import { describeValue } from "../../arguments.ts";
import { literalText } from "../chatTemplates/renderChat.ts";
import { isKnownRole, roleAdvice } from "../chatTemplates/roles.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type Check, excerpt } from "./check.ts";
import type { Message } from "./extractPrompt.ts";

/** Texts of a message's content, which may be a list of blocks. */
function contentsOf({ content }: Message): string[] {
  if (typeof content === "string") return [content];
  if (!Array.isArray(content)) return [];
  return content.map((block: { text?: unknown }) => block?.text).filter((text) => typeof text === "string");
}

/** Matches a chat's control tokens: the special ones, and the added ones that occur in the template. */
export function controlTokenPattern({ chat_template, added_tokens }: Tokenizer): RegExp | undefined {
  if (chat_template === null) return undefined;
  const templates = typeof chat_template === "string" ? [chat_template] : Object.values(chat_template);
  const literals = templates.map(literalText).join("\0");
  const markers = added_tokens
    .filter(({ content, special }) => content.trim() !== "" && (special || literals.includes(content)))
    .map(({ content }) => content.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return markers.length > 0 ? new RegExp(markers.join("|"), "u") : undefined;
}

function namesRole(template: string | Readonly<Record<string, string>>, role: string): boolean {
  const templates = typeof template === "string" ? [template] : Object.values(template);
  return templates.some((one) => literalText(one).includes(role));
}

/**
 * Content that is no text: a number or an object, which templates write as Python prints it; of a list, a part that is
 * no text, or all parts if the template writes the list.
 */
function changedPart({ role, content, tool_calls }: Message, text: string): string | undefined {
  if (content === null && !tool_calls) return `the message of ${role} whose content is null`;
  if (!Array.isArray(content)) {
    if (typeof content === "string" || content === undefined || content === null) return undefined;
    return `the content of the message of ${role}, which is no text but ${describeValue(content)}`;
  }
  const types = content.map((part: { type?: unknown }) => String(part?.type));
  if (text.includes(`[{'type': '${types[0]}'`))
    return `the parts of the message of ${role}, written as a list: [{'type'`;
  const other = types.find((type) => type !== "text");
  return other === undefined ? undefined : `a part of the type ${other} in the message of ${role}`;
}

/** In the order of their lines. */
export const TEXT_CHECKS: readonly Check[] = [
  {
    name: "lostPrompt",
    severity: "odd",
    look: ({ pair: { lost_prompt_ids: lost }, tokenizer }) => {
      return lost.length > 0 ? excerpt(tokenizer.decode(lost)) : undefined;
    },
    describe: ({ example, where }) =>
      "the tokens of a prompt alone differ from those of prompt and answer together, so that its end " +
      `${example} is left out of the training sequence (${where}); end prompts at the end of a word, or use ` +
      "a chat template that renders a prompt alone as it does before an answer",
  },
  {
    name: "doubleBos",
    severity: "odd",
    look: ({ pair: { prompt_ids, chosen_ids }, tokenizer: { bos_token_id, bos_token } }) => {
      const [first, second] = [...prompt_ids.slice(0, 2), ...chosen_ids.slice(0, 2)];
      const isDouble = bos_token_id !== null && first === bos_token_id && second === first;
      return isDouble ? excerpt(bos_token ?? "") : undefined;
    },
    describe: ({ example, where }) =>
      `the sequence begins with two ${example} (${where}): the text has one already, and the tokenizer adds ` +
      "another; remove it from the text",
  },
  {
    name: "markers",
    severity: "odd",
    look: ({ row, controlTokens }) => {
      if (row.kind === "texts" || controlTokens === undefined) return undefined;
      for (const message of [...row.prompt, ...row.chosen, ...row.rejected]) {
        for (const text of contentsOf(message)) {
          const hit = controlTokens.exec(text)?.[0];
          if (hit !== undefined) return `${excerpt(hit)} in a message of ${message.role}`;
        }
      }
      return undefined;
    },
    describe: ({ example, where }) =>
      `a message contains a control token of the chat template, ${example} (${where}): the model reads it as the end ` +
      "of a turn or the like, not as text; remove it from the data if that is not intended",
  },
  /** A role that neither the template nor models know: "human". */
  {
    name: "unknownRole",
    severity: "odd",
    look: ({ row, tokenizer: { chat_template } }) => {
      if (row.kind === "texts" || chat_template === null) return undefined;
      const messages = [...row.prompt, ...row.chosen, ...row.rejected];
      const strange = messages.find(({ role }) => !isKnownRole(role) && !namesRole(chat_template, role));
      return strange && excerpt(strange.role);
    },
    describe: ({ example, where }) =>
      `a message has the role ${example} (${where}), which the chat template does not name; ` +
      roleAdvice(JSON.parse(example)),
  },
  /** A message that the template leaves out or changes. */
  {
    name: "leftOut",
    severity: "odd",
    look: ({ row, pair: { texts } }) => {
      if (row.kind === "texts") return undefined;
      const parts: [Message[], string][] = [
        [row.prompt, texts.prompt],
        [row.chosen, texts.continued[0]],
        [row.rejected, texts.continued[1]],
      ];
      for (const [messages, text] of parts) {
        for (const message of messages) {
          const changed = changedPart(message, text);
          if (changed !== undefined) return changed;
          const missing = contentsOf(message).find((content) => !text.includes(content.trim()));
          if (missing !== undefined) return `the message of ${message.role} ${excerpt(missing.trim())}`;
        }
      }
      return undefined;
    },
    describe: ({ example, where }) => `the chat template leaves out, or changes, ${example} (${where})`,
  },
  /** A turn of the user within an answer: its text is trained, too. */
  {
    name: "usersTurn",
    severity: "odd",
    look: ({ row }) => {
      if (row.kind === "texts") return undefined;
      const asked = [...row.chosen, ...row.rejected].find(({ role }) => role === "user");
      return asked && excerpt(contentsOf(asked).join(" "));
    },
    describe: ({ example, where }) =>
      `an answer has a message of user, ${example} (${where}), which is trained like the rest of the answer; end ` +
      "each prompt with the last message of user, or shorten the answers to the first message of assistant",
  },
  /** Texts such as Anthropic's HH, for a model that knows messages. */
  {
    name: "transcript",
    severity: "odd",
    look: ({ row, tokenizer: { chat_template } }) => {
      if (row.kind !== "texts" || chat_template === null) return undefined;
      const text = row.prompt + row.chosen;
      const start = /(^|\n\n)Human: /.exec(text);
      if (!start || !text.includes("\n\nAssistant:", start.index)) return undefined;
      return excerpt(text.slice(0, start.index + start[0].length));
    },
    describe: ({ example, where }) =>
      `a text has turns of "Human:" and "Assistant:" (${example}, ${where}), and is trained as it is, without the ` +
      'chat template; data_format hh reads transcripts that begin with "\\n\\nHuman:" as messages',
  },
  /** An answer that does not end with eos_token. */
  {
    name: "unended",
    severity: "odd",
    look: ({ row, pair: { chosen_ids, rejected_ids }, tokenizer: { eos_token_id, eos_token } }) => {
      if (row.kind === "texts" || eos_token_id === null) return undefined;
      if (row.chosen.length === 0 || row.rejected.length === 0) return undefined;
      const isEnded = chosen_ids.includes(eos_token_id) && rejected_ids.includes(eos_token_id);
      return isEnded ? undefined : excerpt(eos_token ?? "");
    },
    describe: ({ example, where }) =>
      `the chat template ends an answer without the eos_token ${example} (${where}): the model does not learn to ` +
      "stop; is eos_token the token that the template writes?",
  },
];
