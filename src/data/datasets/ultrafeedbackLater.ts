/**
 * @file `map(ultrafeedback)` on a parquet file: applied whenever rows are read, to the columns that it keeps. Reading
 * them all, and writing the results, takes 4 s for all of UltraFeedback.
 */
import { rowNames } from "../../phrases.ts";
import type { Features, Row } from "./features.ts";
import type { MapFunction, MapModule } from "./mapFunction.ts";
import { rowError } from "./mapRows.ts";
import type { Content } from "./storedRows.ts";
import { keptColumns, ultrafeedback } from "./ultrafeedback.ts";

interface FileRows {
  readonly name: string;
  readonly num_rows: number;
  readonly features: Features;
  readonly hasOwnColumns: boolean;
  readonly column_names: string[];
  at(position: number): Promise<Row>;
  select_columns(names: readonly string[]): FileRows;
  changedLater(change: (row: Row, index: number) => Row, features: Features, mark: string): Content;
}

const TEXT = { kind: "value", dtype: "string" } as const;

/**
 * The first row is tried now, so that another kind of data is found at once; the errors of others name their row.
 * @returns undefined where `map` must go through the rows: another function, rows that are not a parquet file's.
 * @throws PrefineError("data") if the first row has no lists of messages.
 */
export async function ultrafeedbackLater(rows: FileRows, fn: MapFunction | MapModule): Promise<Content | undefined> {
  if (fn !== ultrafeedback || rows.num_rows === 0 || !rows.hasOwnColumns) return undefined;
  const nameOf = rowNames(rows.name, rows);
  const change = (row: Row, index: number) => {
    try {
      return ultrafeedback(row);
    } catch (error) {
      throw rowError(nameOf(index), error as Error);
    }
  };
  const kept = rows.select_columns(keptColumns(rows.column_names));
  change(await kept.at(0), 0);
  return kept.changedLater(change, { ...kept.features, chosen: TEXT, rejected: TEXT }, "ultrafeedback");
}
