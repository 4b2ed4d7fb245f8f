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

export interface RowChecks {
  /**
   * Runs the checks of one severity on a row. A row can be odd in several ways; for the other severities, only the
   * first check that it fails counts.
   * @returns whether the row fails any.
   */
  look(severity: Severity, index: number, row: UncheckedRow): boolean;
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

/** @param tokenizer supplies the special tokens and the chat template. */
export function startChecks(tokenizer: Tokenizer): RowChecks {
  const all = CHECKS.map((check): Started => ({ ...check, indices: [], example: "" }));
  const controlTokens = controlTokenPattern(tokenizer);
  return {
    look: (severity, index, row) => {
      const checked = { ...row, tokenizer, controlTokens };
      let fails = false;
      for (const check of all) {
        if (check.severity !== severity) continue;
        const example = check.look(checked);
        if (example === undefined) continue;
        if (check.indices.length === 0) check.example = example;
        check.indices.push(index);
        fails = true;
        if (severity !== "odd") break;
      }
      return fails;
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
