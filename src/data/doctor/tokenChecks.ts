/** @file Checks of a row's tokens; those that every training runs are the same here. */

import { type Check, excerpt } from "../preferences/check.ts";
import { CHECKS } from "../preferences/checks.ts";
import { truncatedCompletions } from "../preferences/packPair.ts";
import type { TokenizedPair } from "../preferences/tokenizePair.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { DoctorCheck, DoctorContext, DoctorSeverity, ExaminedRow } from "./check.ts";

const isEqual = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((id, i) => id === b[i]);

/** A check of every training under the doctor's severity. */
function trained(
  name: string,
  own: Pick<DoctorCheck, "name" | "severity" | "describe" | "fix"> & { severity: DoctorSeverity; drops?: true },
): DoctorCheck {
  const check = CHECKS.find((one) => one.name === name) as Check;
  const look =
    ({ tokenizer, controlTokens, truncation }: DoctorContext) =>
    ({ row, pair }: ExaminedRow) =>
      pair && tokenizer ? check.look({ row, pair, truncation, tokenizer, controlTokens }) : undefined;
  return { ...own, needs: "tokenizer", look };
}

/**
 * The text with characters that became unk_token. Where it is another special token as well (GPT-2's files name eos),
 * templates and texts write it; so may a text that holds it in letters.
 */
function unknownText({ prompt, chosen, rejected }: ExaminedRow, pair: TokenizedPair, tokenizer: Tokenizer) {
  const { unk_token: token, unk_token_id: id, bos_token_id, eos_token_id, pad_token_id } = tokenizer;
  if (id === null || [bos_token_id, eos_token_id, pad_token_id].includes(id)) return undefined;
  const sides = [
    [pair.prompt_ids, prompt],
    [pair.chosen_ids, chosen],
    [pair.rejected_ids, rejected],
  ] as const;
  return sides.find(([ids, text]) => ids.includes(id) && !(token && text.includes(token)))?.[1];
}

/** In the order of the report. */
export const TOKEN_CHECKS: readonly DoctorCheck[] = [
  {
    name: "equalTokens",
    severity: "severe",
    needs: "tokenizer",
    drops: true,
    look:
      () =>
      ({ pair, chosen, rejected }) =>
        pair && chosen !== rejected && isEqual(pair.chosen_ids, pair.rejected_ids) ? excerpt(chosen) : undefined,
    describe: "chosen and rejected differ as texts, and are the same tokens.",
    fix: "Drop the rows (--fix).",
  },
  {
    name: "equalWithinMaxLength",
    severity: "severe",
    needs: "tokenizer",
    drops: true,
    look:
      ({ truncation }) =>
      ({ pair, chosen: text }) => {
        if (!pair || isEqual(pair.chosen_ids, pair.rejected_ids)) return undefined;
        const { chosen, rejected } = truncatedCompletions(pair, truncation);
        return chosen.length > 0 && isEqual(chosen, rejected) ? excerpt(text) : undefined;
      },
    describe: "chosen and rejected are equal up to max_length: the pair teaches nothing.",
    fix: "Raise max_length, or drop the rows (--fix, or drop_degenerate: true).",
  },
  trained("promptFillsMaxLength", {
    name: "promptFillsMaxLength",
    severity: "warning",
    describe: "The prompt alone fills max_length: a training drops the row.",
    fix: "Raise max_length, or shorten the prompts.",
  }),
  trained("lostPrompt", {
    name: "boundary",
    severity: "warning",
    describe: "The tokens of the prompt are no beginning of those of prompt and answer; its end is left out.",
    fix: "Put the space between the two at the beginning of the answers, and end prompts at the end of a word.",
  }),
  trained("doubleBos", {
    name: "doubleBos",
    severity: "severe",
    describe: "The sequence begins with two bos tokens.",
    fix: "Remove it from the texts: the tokenizer adds it.",
  }),
  trained("unended", {
    name: "missingEos",
    severity: "severe",
    describe: "The chat template ends an answer without the eos token: the model does not learn to stop.",
    fix: "Set eos_token to the token that the template writes at the end of a turn.",
  }),
  trained("leftOut", {
    name: "leftOut",
    severity: "warning",
    describe: "The chat template leaves out a message, or changes it.",
    fix: "Use a template that keeps all messages, or change the data.",
  }),
  {
    name: "unknownTokens",
    severity: "warning",
    needs: "tokenizer",
    look:
      ({ tokenizer }) =>
      (row) => {
        const text = row.pair && tokenizer && unknownText(row, row.pair, tokenizer);
        return text === undefined ? undefined : excerpt(text);
      },
    describe: "A text has characters that the tokenizer does not know: they all become one token.",
    fix: "Replace the characters, or use a model whose tokenizer knows them.",
  },
];
