/** @file Checks of a row among the others: duplicates, contradictions, training prompts that are evaluated on. */
import { excerpt } from "../preferences/check.ts";
import { ratedOtherwise } from "../shapes/ratedOtherwise.ts";
import type { DoctorCheck, EvaluationPrompts, ExaminedRow, Look } from "./check.ts";
import { NEAR, NearIndex, signatureOf } from "./minhash.ts";
import { hashDigits, together, WordSets } from "./words.ts";

/** Prompts of fewer words are alike by chance. */
const NEAR_PROMPT_WORDS = 8;
/** Prompts begin alike: the same instructions, another task. */
const NEAR_PROMPT = 0.75;
/** Rows, too. */
const NEAR_ROW_WORDS = 20;
/** The share of common words from which two answers are too alike to say which is which. */
const ALIKE_ANSWERS = 0.6;

const quote = (row: ExaminedRow) => excerpt(row.prompt || row.chosen);

/** Of the prompt alone. */
export const promptSignature = ({ words }: ExaminedRow) => signatureOf([words.prompt]);

export const hasLongPrompt = ({ words }: ExaminedRow) => words.prompt.length >= NEAR_PROMPT_WORDS;

const isLongRow = ({ words: { prompt, chosen, rejected } }: ExaminedRow) =>
  prompt.length + chosen.length + rejected.length >= NEAR_ROW_WORDS;

/** Equal but for white space, case and the like, or nearly the same words. */
function nearDuplicates(): Look {
  const normal = new Map<number, number>();
  const near = new NearIndex();
  const exact: number[] = []; // of the rows in `near`
  const rows: number[] = [];
  const numerals: number[] = []; // short prompts that differ in numbers are tasks of their own
  return (row) => {
    const key = together(row.keys.prompt, row.keys.chosen, row.keys.rejected);
    const same = normal.get(key);
    if (same === undefined) normal.set(key, row.index);
    const signature = isLongRow(row) ? row.signature() : undefined;
    let match = signature && near.find(signature, NEAR);
    const digits = signature && match === undefined ? hashDigits(row.prompt) : 0;
    if (signature && match === undefined) {
      const looser = near.find(signature);
      if (looser !== undefined && numerals[looser] === digits) match = looser;
    }
    if (signature && match === undefined) {
      near.add(signature, rows.push(row.index) - 1);
      exact.push(row.exact);
      numerals.push(digits);
    }
    const first = match === undefined || exact[match] === row.exact ? same : rows[match];
    if (first === undefined || first === row.index || (match !== undefined && exact[match] === row.exact))
      return undefined;
    return `as row ${first}: ${quote(row)}`;
  };
}

/** Whether answers are long enough to be known again, and differ enough to tell which is which. */
function isSwappable({ words: { chosen, rejected }, keys }: ExaminedRow, sets: WordSets): boolean {
  if (keys.chosen === keys.rejected || chosen.length + rejected.length < NEAR_ROW_WORDS) return false;
  const { all, common } = sets.compare(chosen, rejected);
  return common < ALIKE_ANSWERS * all;
}

function nearContradictions(): Look {
  const near = new NearIndex();
  const exact = new Set<number>();
  const sets = new WordSets();
  return (row) => {
    if (!isSwappable(row, sets)) return undefined;
    const { words, keys } = row;
    const match = near.find(signatureOf([words.rejected, words.chosen])); // long answers say enough of the prompt
    near.add(signatureOf([words.chosen, words.rejected]), row.index);
    exact.add(together(keys.prompt, keys.chosen, keys.rejected));
    if (match === undefined || match === row.index) return undefined;
    if (exact.has(together(keys.prompt, keys.rejected, keys.chosen))) return undefined; // a contradiction
    return { example: `as row ${match}, swapped: ${quote(row)}`, also: [match] };
  };
}

const nameIn = ({ names }: EvaluationPrompts, number: number) => `${names[number].split} row ${names[number].row}`;

/** In the order of the report. */
export const ROW_CHECKS: readonly DoctorCheck[] = [
  {
    name: "ratedOtherwise",
    severity: "warning",
    look: () => (row) => {
      const ratings = ratedOtherwise(row.raw);
      return ratings === undefined ? undefined : `${ratings}: ${quote(row)}`;
    },
    describe: "The row's own ratings say that the rejected answer is the better one.",
    about: "`score_chosen` and `score_rejected`, `chosen-rating`, `generations` next to `ratings` and the like",
    fix: "Swap the two answers or drop the rows, unless the ratings are of something else.",
  },
  {
    name: "duplicate",
    severity: "warning",
    drops: true,
    look: () => {
      const rows = new Map<number, number>();
      return (row) => {
        const first = rows.get(row.exact);
        if (first === undefined) rows.set(row.exact, row.index);
        return first === undefined || first === row.index ? undefined : `as row ${first}: ${quote(row)}`;
      };
    },
    describe: "The row is in the split already.",
    fix: "Drop the later rows (--fix): repeated pairs weigh more than others.",
  },
  {
    name: "nearDuplicate",
    severity: "warning",
    drops: true,
    look: nearDuplicates,
    describe: "The row is an earlier one but for white space, case or a few words.",
    about:
      "of 20 words or more that share 0.8 of their sets of three words; short ones with the same numbers in the " +
      "prompt 0.6 (MinHash, 64 values)",
    fix: "Drop the later rows (--fix), unless the small differences are what the model is to learn.",
  },
  {
    name: "contradiction",
    severity: "severe",
    drops: true,
    look: () => {
      const rows = new Map<number, number[]>();
      return (row) => {
        const { prompt, chosen, rejected } = row.keys;
        if (chosen === rejected) return undefined;
        const key = together(prompt, chosen, rejected);
        const same = rows.get(key);
        if (same) same.push(row.index);
        else rows.set(key, [row.index]);
        const swapped = rows.get(together(prompt, rejected, chosen)) ?? [];
        const others = swapped.filter((other) => other !== row.index);
        if (others.length === 0) return undefined; // or itself: ties in both orders
        swapped.length = 1; // the rest is found; a later row finds the first
        return { example: `as row ${others[0]}, swapped: ${excerpt(row.prompt)}`, also: others };
      };
    },
    describe: "The same prompt has the same two answers with opposite labels.",
    about: "both rows are dropped",
    fix: "Decide which answer is better, or drop both rows (--fix).",
  },
  {
    name: "nearContradiction",
    severity: "warning",
    look: nearContradictions,
    describe: "Nearly the same two answers have opposite labels.",
    about: "of 20 words or more",
    fix: "Decide which answer is better, or drop both rows.",
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
        return match === undefined ? undefined : `as ${nameIn(evaluation, match)}: ${excerpt(row.prompt)}`;
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
        const match = evaluation.near.find(promptSignature(row), NEAR_PROMPT);
        return match === undefined ? undefined : `as ${nameIn(evaluation, match)}: ${excerpt(row.prompt)}`;
      },
    describe: "A prompt that is evaluated on is nearly the same.",
    about: "prompts of 8 words or more",
    fix: "Drop the rows from the training split, or split by topic.",
  },
];
