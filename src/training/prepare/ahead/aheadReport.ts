/** @file What the checks found in the pairs of a large split that have been tokenized so far, as lines for the log. */
import { type Outcomes, startFindings } from "../../../data/preferences/checks.ts";
import { PairFacts } from "../../../data/preferences/pairFacts.ts";
import { grouped } from "../../../phrases.ts";
import type { RunObserver } from "../../run.ts";
import { failsAny, NO_OUTCOMES, type TokenEntry, type TokenizedRow } from "./tokenFile.ts";

export interface ReportOptions {
  /** Name in messages. */
  split: string;
  entry: Pick<TokenEntry, "numbers" | "kept">;
  drop_degenerate: boolean;
  observer: RunObserver;
}

export class AheadReport {
  /** Pairs that lost tokens to max_length. */
  cut = 0;
  private readonly options: ReportOptions;
  private readonly facts = new PairFacts();
  private readonly outcomes = new Map<number, Outcomes>();
  private isTold = false;

  constructor(options: ReportOptions) {
    this.options = options;
  }

  add(number: number, row: TokenizedRow, isKept: boolean): void {
    if (failsAny(row.outcomes)) this.outcomes.set(number, row.outcomes);
    if (!isKept) return;
    this.facts.add(row);
    if (row.isCut) this.cut++;
  }

  outcomesOf(number: number): Outcomes {
    return this.outcomes.get(number) ?? NO_OUTCOMES;
  }

  /** Warnings of all rows that were seen, once. @returns the line about the pairs. */
  warnings(): string | undefined {
    const { split, entry, drop_degenerate, observer } = this.options;
    if (this.isTold) return undefined;
    this.isTold = true;
    const found = startFindings();
    const numbers = [...this.outcomes.keys()].sort((a, b) => a - b);
    for (const number of numbers) found.add(entry.numbers[number], this.outcomesOf(number));
    const rows = entry.numbers.length;
    for (const line of found.lines({ split, rows, drop_degenerate })) observer.warn(line);
    return this.facts.line(split, entry.kept.length);
  }

  /** All lines, once all rows have been seen, or the training has ended. @param left pairs that were not. */
  tell(left: number): void {
    const { split, entry, observer } = this.options;
    if (this.isTold) return;
    const line = this.warnings();
    if (line) observer.info(line);
    if (left === 0) return;
    const share = `${grouped(left)} of ${grouped(entry.kept.length)} pairs`;
    observer.info(`${split}: ${share} were not needed, so that no check has seen their tokens`);
  }
}
