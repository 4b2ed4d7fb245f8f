/** @file Runs all checks of preference data over a split and reports the rows that fail. */
import { counted } from "../../phrases.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Check, CheckedRow, Severity } from "./check.ts";
import { PAIR_CHECKS } from "./pairChecks.ts";
import { controlTokenPattern, TEXT_CHECKS } from "./textChecks.ts";

/** To add a check, add an entry to one of these lists and a case to checks.test.ts. */
export const CHECKS: readonly Check[] = [...TEXT_CHECKS, ...PAIR_CHECKS];

/** Check name -> numbers of the rows that failed it; has every check. */
export type Findings = Readonly<Record<string, readonly number[]>>;

/** A check that a row fails, and the part of the row to quote. */
export type Outcome = readonly [check: string, example: string];

/** What the checks find in a row. A row can be odd in several ways; of the others, the first failed check counts. */
export interface Outcomes {
  odd: readonly Outcome[];
  untrainable: Outcome | null;
  /** Null as well for untrainable rows, which are not looked at further. */
  degenerate: Outcome | null;
}

export interface RowFindings {
  /** Adds what was found in the row with this number; rows come in order. */
  add(index: number, outcomes: Outcomes): void;
  readonly findings: Findings;
  /** One line per failed check; the degenerate checks share one. */
  lines(options: LineOptions): string[];
}

type UncheckedRow = Omit<CheckedRow, "tokenizer" | "controlTokens">;

interface LineOptions {
  /** The split's name. */
  split: string;
  /** Rows of the split. */
  rows: number;
  drop_degenerate: boolean;
}

/** A check with the numbers of the rows that failed it, and the quoted part of the first. */
interface Started extends Check {
  indices: number[];
  example: string;
}

/** Runs the checks of one severity on rows. @param tokenizer supplies the special tokens and the chat template. */
export function rowChecker(tokenizer: Tokenizer): (severity: Severity, row: UncheckedRow) => Outcome[] {
  const controlTokens = controlTokenPattern(tokenizer);
  return (severity, row) => {
    const checked = { ...row, tokenizer, controlTokens };
    const failed: Outcome[] = [];
    for (const check of CHECKS) {
      if (check.severity !== severity) continue;
      const example = check.look(checked);
      if (example === undefined) continue;
      failed.push([check.name, example]);
      if (severity !== "odd") break;
    }
    return failed;
  };
}

/** Collects what was found in the rows of a split. */
export function startFindings(): RowFindings {
  const all = CHECKS.map((check): Started => ({ ...check, indices: [], example: "" }));
  const byName = new Map(all.map((check) => [check.name, check]));
  return {
    add(index, { odd, untrainable, degenerate }) {
      for (const [name, example] of [
        ...odd,
        ...(untrainable ? [untrainable] : []),
        ...(degenerate ? [degenerate] : []),
      ]) {
        const check = byName.get(name) as Started;
        if (check.indices.length === 0) check.example = example;
        check.indices.push(index);
      }
    },
    findings: Object.fromEntries(all.map(({ name, indices }) => [name, indices])),
    lines: (options) => {
      const failed = (severity: Severity) =>
        all.filter((check) => check.severity === severity && check.indices.length > 0);
      return [
        ...failed("odd").map((check) => `${options.split}: ${described(check)}`),
        ...failed("untrainable").map((check) => droppedLine(check, options)),
        ...degenerateLine(failed("degenerate"), options),
      ];
    },
  };
}

function described({ describe, example, indices }: Started): string {
  const [first] = indices;
  const where = indices.length === 1 ? `row ${first}` : `row ${first} and ${indices.length - 1} more`;
  return describe({ example, where });
}

function droppedLine(check: Started, { split, rows }: LineOptions): string {
  return `${split}: dropped ${check.indices.length} of ${counted(rows, "row")} ${described(check)}`;
}

function degenerateLine(checks: readonly Started[], { split, drop_degenerate }: LineOptions): string[] {
  if (checks.length === 0) return [];
  const parts = checks.map((check) => `${described(check)} in ${nameRows(check.indices)}`);
  return [`${split}: ${parts.join("; ")} (${drop_degenerate ? "dropped" : "kept, as in TRL"})`];
}

function nameRows(indices: readonly number[]): string {
  const list = indices.slice(0, 5).join(", ");
  if (indices.length > 5) return `rows ${list} and ${indices.length - 5} more`;
  return `row${indices.length > 1 ? "s" : ""} ${list}`;
}
