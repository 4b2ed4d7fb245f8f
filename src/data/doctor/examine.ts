/** @file A raw row of TRL's columns -> what the checks look at. */
import { PrefineError } from "../../errors.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import { checkRow, type ReadRow, readPreferenceRow } from "../preferences/readRow.ts";
import { type TokenizedPair, tokenizePair } from "../preferences/tokenizePair.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { ExaminedRow } from "./check.ts";
import { hashText, spaced, wordsOf } from "./words.ts";

/** The contents of messages, which may be lists of blocks, and calls of tools. */
function textOf(messages: readonly Message[]): string {
  const parts = messages.flatMap(({ content, tool_calls }) => {
    const blocks = Array.isArray(content) ? content.map((block: { text?: unknown }) => block?.text) : [content];
    const calls = tool_calls ? [JSON.stringify(tool_calls)] : [];
    return [...blocks.filter((block) => typeof block === "string"), ...calls];
  });
  return parts.join("\n");
}

const isSystem = ({ role }: Message) => role === "system" || role === "developer";

interface Texts {
  prompt: string;
  chosen: string;
  rejected: string;
  /** Of the prompt with its system messages and roles. */
  wholePrompt: string;
}

function textsOf(row: ReadRow): Texts {
  if (row.kind === "texts") return { ...row, wholePrompt: row.prompt };
  const prompt = textOf(row.prompt.filter((message) => !isSystem(message)));
  const wholePrompt = row.prompt.map((message) => `${message.role}: ${textOf([message])}`).join("\n");
  return { prompt, wholePrompt, chosen: textOf(row.chosen), rejected: textOf(row.rejected) };
}

export interface RowReader {
  /** @throws PrefineError("data") for a row that is no preference. */
  read(raw: Row, index: number): ExaminedRow;
  /** Why a tokenizer that is there is not used, from the first row that has no template. */
  readonly withoutTokens: string | undefined;
}

/** Reads the rows of one split. The first row decides whether there is a prompt column, as in training. */
export function rowReader(split: string, tokenizer: Tokenizer | undefined): RowReader {
  let implicitPrompt: boolean | undefined;
  let withoutTokens: string | undefined;
  const tokenize = (row: ReadRow): TokenizedPair | undefined => {
    if (!tokenizer || withoutTokens !== undefined) return undefined;
    try {
      return tokenizePair(row, tokenizer);
    } catch (error) {
      if (!(error instanceof PrefineError) || error.code !== "model") throw error;
      withoutTokens = error.message;
      return undefined;
    }
  };
  return {
    read(raw, index) {
      const where = `${split} row ${index}`;
      checkRow(raw, where);
      implicitPrompt ??= !("prompt" in raw);
      const row = readPreferenceRow(raw, { where, implicitPrompt });
      const { prompt, chosen, rejected, wholePrompt } = textsOf(row);
      const key = (text: string) => hashText(spaced(text));
      return {
        ...{ index, row, prompt, chosen, rejected, pair: tokenize(row) },
        keys: { prompt: key(wholePrompt), chosen: key(chosen), rejected: key(rejected) },
        exact: hashText([wholePrompt, chosen, rejected].join("\0")),
        words: { prompt: wordsOf(prompt), chosen: wordsOf(chosen), rejected: wordsOf(rejected) },
      };
    },
    get withoutTokens() {
      return withoutTokens;
    },
  };
}
