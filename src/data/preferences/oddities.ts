/** @file What goes wrong silently with prompts and chat templates: found row by row, told once, with an example. */
import { literalText } from "../chatTemplates/renderChat.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Message } from "./extractPrompt.ts";
import type { ReadRow } from "./readRow.ts";
import type { TokenizedPair } from "./tokenizePair.ts";

/** In the order in which they are told. */
type Kind = "lostPrompt" | "doubleBos" | "markers" | "leftOut" | "unended";

interface Finding {
  rows: number;
  /** Number of the first row, and what is odd in it. */
  row: number;
  example: string;
}

export interface Oddities {
  /** Looks at a row and its tokens. */
  look(index: number, row: ReadRow, pair: TokenizedPair): void;
  /** One line for each kind that was found. */
  lines(split: string): string[];
}

const SHOWN = 60; // characters of an example

function excerpt(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
}

/** Texts of a message's content, which may come in blocks. */
function contentsOf({ content }: Message): string[] {
  if (typeof content === "string") return [content];
  if (!Array.isArray(content)) return [];
  return content.map((block: { text?: unknown }) => block?.text).filter((text) => typeof text === "string");
}

/** Finds the control tokens of a chat: the special ones, and the added ones that the template writes. */
function markerPattern(tokenizer: Tokenizer): RegExp | undefined {
  if (tokenizer.chat_template === null) return undefined;
  const templates =
    typeof tokenizer.chat_template === "string" ? [tokenizer.chat_template] : Object.values(tokenizer.chat_template);
  const written = templates.map(literalText).join("\0");
  const markers = tokenizer.added_tokens
    .filter(({ content, special }) => content.trim() !== "" && (special || written.includes(content)))
    .map(({ content }) => content.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return markers.length > 0 ? new RegExp(markers.join("|"), "u") : undefined;
}

/** @param tokenizer whose special tokens and chat template the rows go through. */
export function watchOddities(tokenizer: Tokenizer): Oddities {
  const found = new Map<Kind, Finding>();
  const note = (kind: Kind, row: number, example: string | undefined) => {
    if (example === undefined) return;
    const known = found.get(kind);
    if (known) known.rows++;
    else found.set(kind, { rows: 1, row, example });
  };
  const marker = markerPattern(tokenizer);
  return {
    look: (index, row, pair) => {
      const { lost_prompt_ids: lost } = pair;
      note("lostPrompt", index, lost.length > 0 ? excerpt(tokenizer.decode(lost)) : undefined);
      note("doubleBos", index, doubleBos(pair, tokenizer));
      if (row.kind === "texts") return;
      note("markers", index, markerIn(row, marker));
      note("leftOut", index, leftOut(row, pair));
      note("unended", index, unended(row, pair, tokenizer));
    },
    lines: (split) => {
      const kinds: Kind[] = ["lostPrompt", "doubleBos", "markers", "leftOut", "unended"];
      return kinds.flatMap((kind) => {
        const finding = found.get(kind);
        return finding ? [describe(kind, split, finding)] : [];
      });
    },
  };
}

function doubleBos({ prompt_ids, chosen_ids }: TokenizedPair, { bos_token_id, bos_token }: Tokenizer) {
  const [first, second] = [...prompt_ids.slice(0, 2), ...chosen_ids.slice(0, 2)];
  return bos_token_id !== null && first === bos_token_id && second === first ? excerpt(bos_token ?? "") : undefined;
}

function markerIn(row: Extract<ReadRow, { kind: "conversations" }>, marker: RegExp | undefined): string | undefined {
  for (const message of [...row.prompt, ...row.chosen, ...row.rejected]) {
    for (const text of marker ? contentsOf(message) : []) {
      const hit = marker?.exec(text)?.[0];
      if (hit !== undefined) return `${excerpt(hit)} in a message of ${message.role}`;
    }
  }
  return undefined;
}

/** A message of which the template writes nothing, or something else. */
function leftOut(row: Extract<ReadRow, { kind: "conversations" }>, { texts }: TokenizedPair): string | undefined {
  const parts: [Message[], string][] = [
    [row.prompt, texts.prompt],
    [row.chosen, texts.continued[0]],
    [row.rejected, texts.continued[1]],
  ];
  for (const [messages, text] of parts) {
    for (const message of messages) {
      const missing = contentsOf(message).find((content) => !text.includes(content.trim()));
      if (missing !== undefined) return `the message of ${message.role} ${excerpt(missing.trim())}`;
    }
  }
  return undefined;
}

/** An answer without the token that ends one. */
function unended(
  { chosen, rejected }: Extract<ReadRow, { kind: "conversations" }>,
  { chosen_ids, rejected_ids }: TokenizedPair,
  { eos_token_id, eos_token }: Tokenizer,
): string | undefined {
  if (eos_token_id === null || chosen.length === 0 || rejected.length === 0) return undefined;
  const isEnded = chosen_ids.includes(eos_token_id) && rejected_ids.includes(eos_token_id);
  return isEnded ? undefined : excerpt(eos_token ?? "");
}

function describe(kind: Kind, split: string, { rows, row, example }: Finding): string {
  const where = rows === 1 ? `row ${row}` : `row ${row} and ${rows - 1} more`;
  switch (kind) {
    case "lostPrompt":
      return (
        `${split}: the tokens of a prompt are not those that prompt and answer begin with, so that its end ` +
        `${example} is left out of the sequence that is trained on (${where}); end prompts where a word ends, or ` +
        "take a chat template that writes a prompt alone as it writes it before an answer"
      );
    case "doubleBos":
      return (
        `${split}: two ${example} in a row begin the sequence (${where}): the text has one already, and the ` +
        "tokenizer adds one; leave it out of the text"
      );
    case "markers":
      return (
        `${split}: a message holds a control token of the chat template, ${example} (${where}): the model reads it ` +
        "as the end of a turn or the like, not as text; remove it from the data if that is not meant"
      );
    case "leftOut":
      return `${split}: the chat template leaves out, or changes, ${example} (${where})`;
    case "unended":
      return (
        `${split}: the chat template ends an answer without the eos_token ${example} (${where}): the model does not ` +
        "learn to stop; is eos_token the one that the template writes?"
      );
  }
}
