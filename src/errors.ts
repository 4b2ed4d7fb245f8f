/** @file The errors that users see: where, what was expected, what was found, what to do. */
import { printable } from "./phrases.ts";

export type PrefineErrorCode =
  | "config" // a key, a value, a flag
  | "data" // a row, a column, a split, a data file
  | "model" // weights, tokenizer, adapter, model config
  | "hub" // network, permission, missing repository or file
  | "io" // disk, folders, permissions of the operating system
  | "training" // non-finite loss, out of memory, broken invariants
  | "not-yet" // known, would change results, not built
  | "interrupted"; // the user or an AbortSignal stopped the work

/**
 * An error caused by input, disk or network, never by a bug in prefine (those start with `internal:`).
 * The command line prints `message` and `hint` without a stack trace and exits with 1 (130 for `interrupted`).
 */
export class PrefineError extends Error {
  readonly code: PrefineErrorCode;
  /** What the user can do about it, one sentence. */
  readonly hint: string | undefined;

  constructor(code: PrefineErrorCode, message: string, hint?: string, options?: ErrorOptions) {
    super(quotable(message, LONGEST_LINE), options);
    this.name = "PrefineError";
    this.code = code;
    this.hint = hint && quotable(hint, LONGEST_HINT);
  }
}

/** @throws PrefineError("interrupted") once the signal has aborted. @param when follows "stopped". */
export function throwIfStopped(signal: AbortSignal | undefined, when: string): void {
  if (signal?.aborted) throw new PrefineError("interrupted", `stopped ${when}`);
}

const LONGEST_LINE = 600; // characters; a path may be long, a name from a damaged file may be huge
const LONGEST_HINT = 1200; // it may list the names that there are
const MOST_LINES = 60;

/** Text that quotes names and texts of files: few lines, each shortened to its beginning and end, without controls. */
function quotable(text: string, longest: number): string {
  const lines = text.split("\n");
  const shown =
    lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES), `... ${lines.length - MOST_LINES} more lines`];
  return printable(shown.map((line) => clip(line, longest)).join("\n"));
}

function clip(line: string, longest: number): string {
  if (line.length <= longest) return line;
  return `${line.slice(0, longest - 200)}...${line.slice(-197)}`;
}

const SHOWN = 60; // characters of a wrong value, enough to find it

/** A value for a message: short, on one line, as JSON. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = jsonOf(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === "object" ? "a value nested too deeply to be shown" : String(value); // a bigint, a symbol
  }
}

/** Edit distance (insert, delete, replace, swap neighbors), for "did you mean". */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => {
    const row = new Array<number>(b.length + 1).fill(0);
    row[0] = i;
    return row;
  });
  for (let j = 0; j <= b.length; j++) rows[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}

/** Longer names are no typo of another: the distance takes the product of both lengths. */
const LONGEST_NAME = 200;

/**
 * The candidate nearest to `name`, or undefined if none is close enough to be a typo of it. The last part of a
 * candidate stands for it: `margins` for `rewards/margins`.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > LONGEST_NAME) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    for (const one of new Set([candidate, candidate.slice(candidate.lastIndexOf("/") + 1)])) {
      if (Math.abs(name.length - one.length) >= bestDistance) continue; // at least so many edits
      const distance = editDistance(name.toLowerCase(), one.toLowerCase());
      if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
    }
  }
  return best;
}
