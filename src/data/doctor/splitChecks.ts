/** @file Checks of a whole split: lengths of the answers, what max_length cuts, words that give the label away. */
import type { DoctorContext, ExaminedRow, SplitCheck, SplitLook, SplitResult } from "./check.ts";
import { separability } from "./separable.ts";

const LARGE_EFFECT = 0.8; // Cohen's convention for d
const LOPSIDED = 0.75; // of the pairs have the longer answer on one side
const FEW_PAIRS = 20;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function lengthsOf({ pair, words }: ExaminedRow): [chosen: number, rejected: number] {
  return pair ? [pair.chosen_ids.length, pair.rejected_ids.length] : [words.chosen.length, words.rejected.length];
}

function lengthBias({ tokenizer }: DoctorContext): SplitLook {
  const unit = tokenizer ? "tokens" : "words";
  const sums = { pairs: 0, longer: 0, shorter: 0, chosen: 0, rejected: 0, squares: 0 };
  return {
    add(row) {
      const [chosen, rejected] = lengthsOf(row);
      sums.pairs++;
      if (chosen > rejected) sums.longer++;
      if (chosen < rejected) sums.shorter++;
      sums.chosen += chosen;
      sums.rejected += rejected;
      sums.squares += chosen ** 2 + rejected ** 2;
    },
    end(): SplitResult {
      const { pairs, longer, shorter, squares } = sums;
      if (pairs < FEW_PAIRS) return { numbers: {}, skipped: `fewer than ${FEW_PAIRS} pairs` };
      const [a, b] = [sums.chosen / pairs, sums.rejected / pairs];
      const pooled = Math.sqrt(Math.max(0, (squares / pairs - a ** 2 - b ** 2) / 2)); // equal numbers on both sides
      const d = pooled > 0 ? (a - b) / pooled : 0;
      const share = longer + shorter > 0 ? longer / (longer + shorter) : 0.5;
      const numbers = { unit, chosen: a, rejected: b, gap: a - b, cohensD: d, longerIsChosen: share };
      if (Math.abs(d) < LARGE_EFFECT && share < LOPSIDED && share > 1 - LOPSIDED) return { numbers };
      const side = a > b ? "longer" : "shorter";
      const message =
        `Chosen answers have ${a.toFixed(0)} ${unit}, rejected ones ${b.toFixed(0)} (Cohen's d ${d.toFixed(2)}); the ` +
        `longer one is chosen in ${percent(share)} of the pairs: the model learns to write ${side} answers.`;
      const fix = "Balance the lengths, or train with ld_alpha or loss_type: sigmoid_norm, which count length less.";
      return { numbers, finding: { severity: "warning", message, fix } };
    },
  };
}

const MUCH_CUT = 0.05;

function truncation({ truncation: { max_length } }: DoctorContext): SplitLook {
  const lengths: number[] = [];
  return {
    add({ pair }) {
      if (pair) lengths.push(pair.prompt_ids.length + Math.max(pair.chosen_ids.length, pair.rejected_ids.length));
    },
    end(): SplitResult {
      if (lengths.length === 0) return { numbers: {}, skipped: "no row was tokenized" };
      const sorted = Int32Array.from(lengths).sort();
      const keeps = (share: number) => sorted[Math.ceil(share * sorted.length) - 1];
      const cut = max_length === null ? 0 : sorted.filter((length) => length > max_length).length;
      const share = cut / sorted.length;
      const numbers = { max_length, cut, share, keeps95: keeps(0.95), keeps99: keeps(0.99), keeps100: keeps(1) };
      if (cut === 0) return { numbers };
      const message =
        `max_length ${max_length} cuts ${cut} of ${sorted.length} pairs (${percent(share)}), and with them the end ` +
        "token of an answer.";
      const fix = `max_length ${keeps(0.95)} keeps 95 % of the pairs whole, ${keeps(0.99)} 99 %, ${keeps(1)} all.`;
      return { numbers, finding: { severity: share > MUCH_CUT ? "warning" : "note", message, fix, count: cut } };
    },
  };
}

/** An area under the curve from which words alone tell the answers apart. */
const SEPARABLE = 0.95;

function separable(): SplitLook {
  const sample = separability();
  return {
    add: (row) => sample.add(row),
    end(): SplitResult {
      const auc = sample.auc();
      if (auc === undefined)
        return { numbers: {}, skipped: "too few pairs for a cross-validation, or too many that are alike" };
      if (auc < SEPARABLE) return { numbers: { auc } };
      const message =
        `Words alone tell chosen from rejected (area under the curve ${auc.toFixed(3)}, cross-validated): the model ` +
        "may learn a shortcut, and reach an accuracy of 1 without better answers.";
      const fix = "Look for words or phrases that one side has alone; draw both answers from the same model.";
      return { numbers: { auc }, finding: { severity: "warning", message, fix } };
    },
  };
}

/** In the order of the report. */
export const SPLIT_CHECKS: readonly SplitCheck[] = [
  {
    name: "lengthBias",
    severity: "warning",
    describe: "The lengths of the answers give the label away.",
    about: "Cohen's d from 0.8 on, or the longer (shorter) answer chosen in 75 % of the pairs",
    start: lengthBias,
  },
  {
    name: "truncation",
    severity: "note",
    needs: "tokenizer",
    describe: "max_length cuts pairs.",
    about: "a warning above 5 %; says which `max_length` keeps 95, 99 and 100 %",
    start: truncation,
  },
  {
    name: "separable",
    severity: "warning",
    describe: "Words alone tell chosen from rejected.",
    about: "an area under the curve from 0.95 on (logistic regression, cross-validated, near duplicates in one fold)",
    start: separable,
  },
];
