/** @file A raw row of TRL's columns -> what the checks look at. */
import { PrefineError } from "../../errors.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import { checkRow, type ReadRow, readPreferenceRow } from "../preferences/readRow.ts";
import { type TokenizedPair, tokenizePair } from "../preferences/tokenizePair.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { ExaminedRow } from "./check.ts";
import { type Signature, signatureOf } from "./minhash.ts";
import { hashNormalized, hashText, wordsOf } from "./words.ts";

/** The contents of messages, which may be lists of blocks, and calls of tools. */
export function textOf(messages: readonly Message[]): string {
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
      return examined(row, { index, pair: tokenize(row) });
    },
    get withoutTokens() {
      return withoutTokens;
    },
  };
}

function examined(row: ReadRow, rest: Pick<ExaminedRow, "index" | "pair">): ExaminedRow {
  const { prompt, chosen, rejected, wholePrompt } = textsOf(row);
  const words = { prompt: wordsOf(prompt), chosen: wordsOf(chosen), rejected: wordsOf(rejected) };
  const keys = {
    prompt: hashNormalized(wholePrompt),
    chosen: hashNormalized(chosen),
    rejected: hashNormalized(rejected),
  };
  let signature: Signature | undefined;
  return {
    ...rest,
    ...{ row, prompt, chosen, rejected, keys, words },
    exact: hashText([wholePrompt, chosen, rejected].join("\0")),
    signature: () => {
      signature ??= signatureOf([words.prompt, words.chosen, words.rejected]);
      return signature;
    },
  };
}
