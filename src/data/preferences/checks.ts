/** @file All checks of preference data, and what they find in the rows of a split. */
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Check, CheckedRow, Severity } from "./check.ts";
import { PAIR_CHECKS } from "./pairChecks.ts";
import { controlTokenPattern, TEXT_CHECKS } from "./textChecks.ts";

/** A new check is an entry in one of these, and a case in checks.test.ts. */
export const CHECKS: readonly Check[] = [...TEXT_CHECKS, ...PAIR_CHECKS];

/** Numbers of the rows that failed a check, by its name; of every check. */
export type Findings = Readonly<Record<string, readonly number[]>>;

export interface RowChecks {
  /**
   * Looks at a row with the checks of one severity. A row can be odd in several ways, but is dropped or degenerate for
   * one reason: there the first check that it fails counts.
   * @returns whether it fails any.
   */
  look(severity: Severity, index: number, row: UncheckedRow): boolean;
  readonly findings: Findings;
  /** A line for each check that rows failed; one for all that are degenerate. */
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

/** A check with the numbers of the rows that failed it, and what is to be quoted of the first. */
interface Started extends Check {
  indices: number[];
  example: string;
}

/** @param tokenizer whose special tokens and chat template the rows go through. */
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
  return `${split}: dropped ${check.indices.length} of ${rows} rows ${described(check)}`;
}

function degenerateLine(checks: readonly Started[], { split, drop_degenerate }: LineOptions): string[] {
  if (checks.length === 0) return [];
  const parts = checks.map((check) => `${described(check)} in ${nameRows(check.indices)}`);
  return [`${split}: ${parts.join("; ")} (${drop_degenerate ? "dropped" : "kept, as TRL keeps them"})`];
}

function nameRows(indices: readonly number[]): string {
  const list = indices.slice(0, 5).join(", ");
  if (indices.length > 5) return `rows ${list} and ${indices.length - 5} more`;
  return `row${indices.length > 1 ? "s" : ""} ${list}`;
}
