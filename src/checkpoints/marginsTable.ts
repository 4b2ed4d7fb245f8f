/**
 * @file eval_margins.csv: every pair of every evaluation with its log-probabilities and rewards, beside the log. The
 * file grows by whole evaluations; a resumed run cuts off what its checkpoint does not know.
 */
import type { OpenFile, RunFolder } from "../disk/storage.ts";
import type { Streamed } from "../formats/content.ts";

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
export function appendMargins(folder: RunFolder, length: number, rows: EvaluationRows): Promise<number> {
  const lines = rows.pairs.map((pair) => COLUMNS.map((name) => pair[name]).join(","));
  const before = `${rows.step},${rows.epoch},${quoted(rows.split)}`;
  const text = `${length === 0 ? HEADER : ""}${lines.map((line) => `${before},${line}\n`).join("")}`;
  return folder.append(MARGINS, length, text);
}

/**
 * The table of a run that goes on: as long as its checkpoint knows it.
 * @param origin folder of the run that the checkpoint is of: its table is copied where the run's own is absent.
 * @returns bytes that can be gone on from: 0 where the table is lost.
 */
export async function continueMargins(folder: RunFolder, length: number, origin: RunFolder): Promise<number> {
  if (length === 0) return 0;
  const size = (await folder.size(MARGINS)) ?? 0;
  if (size === 0) return copyTable(folder, length, origin);
  return size < length ? 0 : folder.append(MARGINS, length, "");
}

async function copyTable(folder: RunFolder, length: number, origin: RunFolder): Promise<number> {
  const file = await origin.open(MARGINS);
  if (!file) return 0;
  try {
    if (file.byteLength < length) return 0;
    await folder.write(MARGINS, beginningOf(file, length));
    return length;
  } finally {
    await file.close();
  }
}

const PIECE = 2 ** 20; // bytes

function beginningOf(file: OpenFile, byteLength: number): Streamed {
  async function* pieces() {
    for (let start = 0; start < byteLength; start += PIECE) {
      yield new Uint8Array(await file.slice(start, Math.min(start + PIECE, byteLength)));
    }
  }
  return { byteLength, pieces };
}

/** A field of a CSV file: quoted where it needs to be. */
function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
