/**
 * @file eval_margins.csv: every pair of every evaluation with its log-probabilities and rewards, beside the log. The
 * file grows by whole evaluations; a resumed run cuts off what its checkpoint does not know.
 */
import { copyFile, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../disk/makeFolder.ts";
import { ioError } from "../disk/wholeFiles.ts";

export const MARGINS = "eval_margins.csv";

/** One pair of an evaluation, under TRL's names; log-probabilities are sums over a completion's tokens, in nats. */
export interface EvaluatedPair {
  /** Number of the row in its data set. */
  row: number;
  "logps/chosen": number;
  "logps/rejected": number;
  /** Null (an empty field) where no loss uses a reference. */
  "ref_logps/chosen": number | null;
  "ref_logps/rejected": number | null;
  "rewards/chosen": number;
  "rewards/rejected": number;
  "rewards/margins": number;
}

const COLUMNS = [
  ...(["row", "logps/chosen", "logps/rejected", "ref_logps/chosen", "ref_logps/rejected"] as const),
  ...(["rewards/chosen", "rewards/rejected", "rewards/margins"] as const),
];
const HEADER = `step,epoch,split,${COLUMNS.join(",")}\n`;

export interface EvaluationRows {
  step: number;
  epoch: number;
  /** `eval`, or `eval_NAME`: what the metrics' names begin with. */
  split: string;
  pairs: readonly EvaluatedPair[];
}

/**
 * Appends an evaluation, in one write.
 * @param length bytes of the file that count; what is behind them is cut off. 0: the file begins with this evaluation.
 * @returns the file's new length.
 * @throws PrefineError("io") when the disk is full, read-only or not ours.
 */
export async function appendMargins(path: string, length: number, rows: EvaluationRows): Promise<number> {
  const lines = rows.pairs.map((pair) => COLUMNS.map((name) => pair[name]).join(","));
  const before = `${rows.step},${rows.epoch},${quoted(rows.split)}`;
  const text = `${length === 0 ? HEADER : ""}${lines.map((line) => `${before},${line}\n`).join("")}`;
  try {
    makeFolder(dirname(path));
    const file = await open(path, "a", 0o644);
    try {
      await file.truncate(length);
      await file.appendFile(text, "utf8");
      await file.sync();
      return length + Buffer.byteLength(text);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError(cause, path);
  }
}

/**
 * The table of a run that goes on: as long as its checkpoint knows it.
 * @param origin the table of the run that the checkpoint is of; copied where `path` is another and absent.
 * @returns bytes that can be gone on from: 0 where the table is lost.
 */
export async function continueMargins(path: string, length: number, origin: string): Promise<number> {
  const sizeOf = (file: string) =>
    stat(file)
      .then(({ size }) => size)
      .catch(() => 0);
  if (length === 0) return 0;
  if ((await sizeOf(path)) === 0 && (await sizeOf(origin)) >= length) {
    makeFolder(dirname(path));
    await copyFile(origin, path).catch((cause) => {
      throw ioError(cause, path);
    });
  }
  if ((await sizeOf(path)) < length) return 0;
  const file = await open(path, "r+");
  try {
    await file.truncate(length);
  } finally {
    await file.close();
  }
  return length;
}

/** A field of a CSV file: quoted where it needs to be. */
function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
