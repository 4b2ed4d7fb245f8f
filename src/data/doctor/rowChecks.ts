/** @file Checks of a row among the others: duplicates, contradictions, training prompts that are evaluated on. */
import { excerpt } from "../preferences/check.ts";
import type { DoctorCheck, ExaminedRow } from "./check.ts";
import { NearIndex, signatureOf } from "./minhash.ts";

/** Prompts of fewer words are alike by chance. */
const NEAR_PROMPT_WORDS = 8;
/** Rows, too. */
const NEAR_ROW_WORDS = 20;

const pairKey = (prompt: number, first: number, second: number) => `${prompt} ${first} ${second}`;
const quote = (row: ExaminedRow) => excerpt(row.prompt || row.chosen);

/** Of the prompt alone. */
export const promptSignature = ({ words }: ExaminedRow) => signatureOf([words.prompt]);

export const hasLongPrompt = ({ words }: ExaminedRow) => words.prompt.length >= NEAR_PROMPT_WORDS;

/** In the order of the report. */
export const ROW_CHECKS: readonly DoctorCheck[] = [
  {
    name: "duplicate",
    severity: "warning",
    drops: true,
    look: () => {
      const rows = new Map<number, number>();
      return (row) => {
        const first = rows.get(row.exact);
        if (first === undefined) rows.set(row.exact, row.index);
        return first === undefined ? undefined : `as row ${first}: ${quote(row)}`;
      };
    },
    describe: "The row is in the split already.",
    fix: "Drop the later rows (--fix): repeated pairs weigh more than others.",
  },
  {
    name: "nearDuplicate",
    severity: "warning",
    drops: true,
    look: () => {
      const near = new NearIndex<{ index: number; exact: number }>();
      return (row) => {
        const { prompt, chosen, rejected } = row.words;
        if (prompt.length + chosen.length + rejected.length < NEAR_ROW_WORDS) return undefined;
        const signature = signatureOf([prompt, chosen, rejected]);
        const match = near.find(signature);
        if (match === undefined) near.add(signature, { index: row.index, exact: row.exact });
        if (match === undefined || match.exact === row.exact) return undefined;
        return `as row ${match.index}: ${quote(row)}`;
      };
    },
    describe: "The row shares at least 0.8 of its words, three at a time, with an earlier one.",
    fix: "Drop the later rows (--fix), unless the small differences are what the model is to learn.",
  },
  {
    name: "contradiction",
    severity: "severe",
    drops: true,
    look: () => {
      const rows = new Map<string, number>();
      return ({ keys: { prompt, chosen, rejected }, ...row }) => {
        if (chosen === rejected) return undefined;
        rows.set(pairKey(prompt, chosen, rejected), row.index);
        const other = rows.get(pairKey(prompt, rejected, chosen));
        if (other === undefined) return undefined;
        return { example: `as row ${other}, swapped: ${excerpt(row.prompt)}`, also: [other] };
      };
    },
    describe: "The same prompt has the same two answers with opposite labels.",
    fix: "Decide which answer is better, or drop both rows (--fix).",
  },
  {
    name: "leakage",
    severity: "severe",
    needs: "evaluation",
    drops: true,
    look:
      ({ isTrain, evaluation }) =>
      (row) => {
        const match = isTrain && row.prompt.trim() !== "" ? evaluation.exact.get(row.keys.prompt) : undefined;
        return match && `as ${match}: ${excerpt(row.prompt)}`;
      },
    describe: "The prompt is evaluated on, too: the evaluation measures what was learned by heart.",
    fix: "Drop the rows from the training split (--fix).",
  },
  {
    name: "nearLeakage",
    severity: "warning",
    needs: "evaluation",
    look:
      ({ isTrain, evaluation }) =>
      (row) => {
        if (!isTrain || evaluation.exact.has(row.keys.prompt) || !hasLongPrompt(row)) return undefined;
        const match = evaluation.near.find(promptSignature(row));
        return match && `as ${match}: ${excerpt(row.prompt)}`;
      },
    describe: "A prompt that is evaluated on is nearly the same.",
    fix: "Drop the rows from the training split, or split by topic.",
  },
];
