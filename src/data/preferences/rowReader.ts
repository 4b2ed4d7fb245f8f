/** @file Reads the rows of a split, which must all be of one kind; names them in errors. */
import { PrefineError } from "../../errors.ts";
import type { Row } from "../datasets/features.ts";
import { checkRow, type ReadRow, readPreferenceRow } from "./readRow.ts";

/** The first row decides whether the data has a prompt column, as in TRL, and the kind of all others. */
export class RowReader {
  private implicitPrompt: boolean | undefined;
  private kind: ReadRow["kind"] | undefined;

  /**
   * @param where the row's name in messages.
   * @throws PrefineError("data") for a row that can't be read, or of another kind than the earlier ones.
   */
  read(raw: Row, where: string): ReadRow {
    checkRow(raw, where);
    this.implicitPrompt ??= !("prompt" in raw);
    const row = readPreferenceRow(raw, { where, implicitPrompt: this.implicitPrompt });
    this.kind ??= row.kind;
    if (row.kind === this.kind) return row;
    const message = `${where}: expected ${this.kind}, as in the earlier rows, found ${row.kind}`;
    throw new PrefineError("data", message, "Convert all rows to one kind with a map.");
  }
}

/** Adds the row to the message of an error of the data. */
export function namingRow<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw namedError(where, error);
  }
}

/** The error with the row in its message, if it is one of the data. */
export function namedError(where: string, error: unknown): unknown {
  if (!(error instanceof PrefineError) || error.code !== "data") return error;
  return new PrefineError("data", `${where}: ${error.message}`, error.hint, { cause: error });
}
