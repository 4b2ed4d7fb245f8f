/**
 * @file eval_margins.csv: every pair of every evaluation with its log-probabilities and rewards, next to the log. The
 * file grows by whole evaluations; a resumed run removes those after its checkpoint.
 */
import type { OpenFile, RunFolder } from "../disk/storage.ts";
import type { Streamed } from "../formats/content.ts";

export const MARGINS = "eval_margins.csv";

/** One pair of an evaluation, with TRL's names; log-probabilities are sums over a completion's tokens, in nats. */
export interface EvaluatedPair {
  /** Row number in its dataset. */
  row: number;
  "logps/chosen": number;
  "logps/rejected": number;
  /** Null (an empty field) if no loss uses a reference. */
  "ref_logps/chosen": number | null;
  "ref_logps/rejected": number | null;
  "rewards/chosen": number;
  "rewards/rejected": number;
  "rewards/margins": number;
}

const COLUMNS: readonly (keyof EvaluatedPair)[] = [
  "row",
  "logps/chosen",
  "logps/rejected",
  "ref_logps/chosen",
  "ref_logps/rejected",
  "rewards/chosen",
  "rewards/rejected",
  "rewards/margins",
];
const HEADER = `step,epoch,split,${COLUMNS.join(",")}\n`;

export interface EvaluationRows {
  step: number;
  epoch: number;
  /** `eval`, or `eval_NAME`: the prefix of the metrics' names. */
  split: string;
  pairs: readonly EvaluatedPair[];
}

/**
 * Appends an evaluation, in one write.
 * @param length valid bytes of the file; the rest is truncated. 0: the file begins with this evaluation.
 * @returns the file's new length.
 * @throws PrefineError("io") if the disk is full or not writable.
 */
export function appendMargins(folder: RunFolder, length: number, rows: EvaluationRows): Promise<number> {
  const lines = rows.pairs.map((pair) => COLUMNS.map((name) => pair[name]).join(","));
  const before = `${rows.step},${rows.epoch},${quoted(rows.split)}`;
  const text = `${length === 0 ? HEADER : ""}${lines.map((line) => `${before},${line}\n`).join("")}`;
  return folder.append(MARGINS, length, text);
}

/**
 * The table of a resumed run, up to its checkpoint.
 * @param origin folder of the checkpoint's run, whose table is copied if the run has none.
 * @returns bytes to continue from: 0 if the table is lost.
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

/** A field of a CSV file, quoted if needed. */
function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
