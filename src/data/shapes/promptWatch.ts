/** @file Watches the prompts of a split: empty ones next to texts that nothing uses, and splits without any. */
import { show } from "../../errors.ts";
import { counted, type RowName } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import type { ReadRow } from "../preferences/readRow.ts";
import {
  emptyPromptError,
  isEmptyPrompt,
  leftOutError,
  namesQuestion,
  type UnusedText,
  unusedTexts,
} from "./unusedTexts.ts";

/** Rows whose other columns are looked at though they have a prompt: each costs a search in its texts. */
const SAMPLE = 64;

export class PromptWatch {
  readonly #split: string;
  readonly #nameOf: RowName;
  /** The caller has chosen the format: lines in place of errors. */
  readonly #isLenient: boolean;
  #rows = 0;
  #empty = 0;
  /** Column -> its first text that nothing uses, and the rows that have one. */
  readonly #unused = new Map<string, UnusedText & { row: string; rows: number }>();

  constructor({ split, nameOf, isLenient }: { split: string; nameOf: RowName; isLenient: boolean }) {
    this.#split = split;
    this.#nameOf = nameOf;
    this.#isLenient = isLenient;
  }

  /** @throws PrefineError("data") for an empty prompt, or none, next to a text that may be it. */
  look(row: Row, pair: ReadRow, index: number): void {
    const isImplicit = !("prompt" in row);
    const isEmpty = isEmptyPrompt(pair);
    const isByChance = isImplicit && pair.kind === "texts"; // texts may begin alike without a prompt
    this.#rows++;
    if (isEmpty) this.#empty++;
    if (!isEmpty && !isByChance && this.#rows > SAMPLE) return;
    for (const unused of unusedTexts(row, pair)) {
      const isQuestion = namesQuestion(unused.column);
      if (!this.#isLenient && isEmpty) throw emptyPromptError(this.#nameOf(index), unused, isImplicit);
      if (!this.#isLenient && isByChance && isQuestion) throw leftOutError(this.#nameOf(index), unused);
      // without the file: lines are kept with tokens, and files may move
      if (isQuestion || isEmpty) this.#note(unused, `${this.#split} row ${index}`);
    }
  }

  #note(unused: UnusedText, row: string): void {
    const before = this.#unused.get(unused.column);
    if (before) before.rows++;
    else this.#unused.set(unused.column, { ...unused, row, rows: 1 });
  }

  lines(): string[] {
    const lines = [...this.#unused.values()].map(
      ({ column, text, row }) =>
        `${row}: the column ${JSON.stringify(column)} (${show(text)}) is not used; data_format chooses a format that ` +
        "reads it, map names it for one",
    );
    if (this.#rows === 0 || this.#empty < this.#rows) return lines;
    const prompts = this.#rows === 1 ? "the only prompt is" : `all ${counted(this.#rows, "prompt")} are`;
    return [...lines, `${this.#split}: ${prompts} empty: answers are trained without a question`];
  }
}
