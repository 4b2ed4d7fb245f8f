/** @file Formats a log's evaluations as the Markdown table of transformers' model cards. */
import { pythonFloat } from "../formats/pythonFloat.ts";

/** A log entry, possibly from a file: non-finite values are null. */
export type LoggedEntry = Record<string, number | null>;

/** One line of the table: column name -> text. */
type TableRow = Map<string, string>;

/** Four decimals like Python's %.4f, which rounds halves to even; toFixed rounds them up. */
function fourDecimals(value: number): string {
  const isTie = Number.isInteger(value * 32) && (value * 32) % 2 !== 0; // k / 20000 in binary: odd multiples of 1/32
  if (!isTie) return value.toFixed(4);
  const below = Math.floor(value * 1e4);
  return ((below % 2 === 0 ? below : below + 1) / 1e4).toFixed(4);
}

/** Long floats get four decimals, short ones are unchanged: 0.5, 8247.0, 0.6667. */
export function roundedFloat(value: number | null): string {
  const text = pythonFloat(value ?? Number.NaN);
  const decimals = text.split(".")[1];
  return decimals !== undefined && decimals.length > 4 ? fourDecimals(value ?? 0) : text;
}

/** "mean_token_accuracy" -> "Mean Token Accuracy". */
function columnName(metric: string): string {
  const words = metric.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase());
  return words.join(" ");
}

/** Timings of an evaluation, which are not results. */
const NO_RESULTS = /(^|_)(runtime|samples_per_second|steps_per_second)$/;

/** The values of an evaluation with the card's names; the caller names the loss. */
function resultsOf(entry: LoggedEntry, lossName: string): TableRow {
  const row: TableRow = new Map();
  for (const [key, value] of Object.entries(entry)) {
    const metric = /^eval_(.*)$/s.exec(key)?.[1];
    if (metric === undefined || NO_RESULTS.test(metric)) continue;
    row.set(metric === "loss" ? lossName : columnName(metric), roundedFloat(value));
  }
  return row;
}

/** True for one evaluation set (`eval_loss`), or one of several (`eval_NAME_loss`). */
function isEvaluation(entry: LoggedEntry): boolean {
  return Object.keys(entry).some((key) => /^eval_(.+_)?loss$/.test(key));
}

/** One line per evaluation during training, with the last training loss logged before it. */
function rowsOf(log: readonly LoggedEntry[]): TableRow[] {
  const summary = log.findLastIndex((entry) => "train_runtime" in entry || "train_loss" in entry);
  const rows: TableRow[] = [];
  let trainingLoss = "No log";
  for (const entry of summary === -1 ? log : log.slice(0, summary)) {
    if ("loss" in entry) trainingLoss = roundedFloat(entry.loss);
    if (!isEvaluation(entry)) continue;
    const when: [string, string][] = [
      ["Training Loss", trainingLoss],
      ["Epoch", roundedFloat(entry.epoch)],
      ["Step", String(entry.step)],
    ];
    const results = resultsOf(entry, "Validation Loss");
    const last = rows.at(-1);
    // several evaluation sets of one step share a line
    if (last?.get("Step") === String(entry.step) && ![...results.keys()].some((name) => last.has(name)))
      for (const [name, value] of results) last.set(name, value);
    else rows.push(new Map([...when, ...results]));
  }
  return rows;
}

/**
 * The table of "Training results", in the layout of transformers' TrainingSummary.
 * @returns Markdown lines joined by newlines, or undefined without evaluations during training.
 */
export function metricsTable(log: readonly LoggedEntry[]): string | undefined {
  const rows = rowsOf(log);
  if (rows.length === 0) return undefined;
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const widths = columns.map((column) =>
    rows.reduce((most, row) => Math.max(most, row.get(column)?.length ?? 0), column.length),
  );
  const line = (cells: string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const rule = `|${widths.map((width) => `:${"-".repeat(width)}:`).join("|")}|`;
  return [line(columns), rule, ...rows.map((row) => line(columns.map((column) => row.get(column) ?? "")))].join("\n");
}

/** The latest evaluation as "Name: value", for the list at the top of a card; empty if there is none. */
export function lastResults(log: readonly LoggedEntry[]): string[] {
  const newest = log.findLast(isEvaluation)?.step;
  const last = log
    .filter((entry) => isEvaluation(entry) && entry.step === newest)
    .map((entry) => resultsOf(entry, "Loss"));
  return [...new Map(last.flatMap((row) => [...row]))].map(([name, value]) => `${name}: ${value}`);
}
