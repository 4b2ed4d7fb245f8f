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

/** A table up to the last evaluation that belongs to the log. */
export interface TableState {
  /** 0: there is none yet. */
  marginsBytes: number;
  /** SHA-256 of these bytes; empty if it is not known. */
  marginsSha256: string;
}

/** Whether a file, if there is one, begins as a run's table. */
export async function isMarginsTable(folder: RunFolder, name = MARGINS): Promise<boolean> {
  const file = await folder.open(name);
  try {
    return file !== undefined && new TextDecoder().decode(await file.slice(0, HEADER.length)) === HEADER;
  } finally {
    await file?.close();
  }
}

/**
 * Appends an evaluation, in one write. Cost: the table is read once, to hash it.
 * @param table.name its file.
 * @param table.state valid bytes of the file; the rest is truncated. 0: the file begins with this evaluation.
 * @throws PrefineError("io") if the disk is full or not writable.
 */
export async function appendMargins(
  folder: RunFolder,
  { name, state }: { name: string; state: TableState },
  rows: EvaluationRows,
): Promise<TableState> {
  const length = state.marginsBytes;
  const lines = rows.pairs.map((pair) => COLUMNS.map((name) => pair[name]).join(","));
  const before = `${rows.step},${rows.epoch},${quoted(rows.split)}`;
  const text = `${length === 0 ? HEADER : ""}${lines.map((line) => `${before},${line}\n`).join("")}`;
  const marginsBytes = await folder.append(name, length, text);
  return { marginsBytes, marginsSha256: (await folder.sha256(name)) ?? "" };
}

/**
 * Whether a file begins with the table of a checkpoint.
 * @returns "absent": there is no such file, or it is empty.
 */
export async function compareMargins(
  folder: RunFolder,
  { name, state }: { name: string; state: TableState },
): Promise<"same" | "other" | "absent"> {
  const size = (await folder.size(name)) ?? 0;
  if (size === 0) return "absent";
  if (size < state.marginsBytes) return "other";
  if (state.marginsSha256 === "") return (await isMarginsTable(folder, name)) ? "same" : "other"; // formats 1 and 2
  const file = (await folder.open(name)) as OpenFile; // opened by the folder: another computer's, in a job
  try {
    const hash = folder.hash();
    for await (const piece of beginningOf(file, state.marginsBytes).pieces()) hash.update(piece);
    return hash.hex() === state.marginsSha256 ? "same" : "other";
  } finally {
    await file.close();
  }
}

/** Cuts off everything after the checkpoint's evaluations. */
export async function cutMargins(folder: RunFolder, name: string, length: number): Promise<void> {
  await folder.append(name, length, "");
}

/** Copies the beginning of another run's table. */
export async function copyMargins(origin: RunFolder, to: { folder: RunFolder; name: string }, state: TableState) {
  const file = await origin.open(to.name);
  if (!file) return;
  try {
    await to.folder.write(to.name, beginningOf(file, state.marginsBytes));
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
