/** @file Criteria of a clear error: a PrefineError, with location and hint, short, in words. */
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { PrefineError } from "../../src/errors.ts";

const LONGEST_MESSAGE = 2000;

/**
 * @param file the damaged file, as a path from the working directory.
 * @returns the fault of this outcome of reading it, or undefined; a successful read has none.
 */
export function findingOf(error: unknown, file: string): string | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof PrefineError)) return `${(error as Error)?.stack ?? String(error)}`;
  const { message, hint } = error;
  const unclear = /internal:|\[object Object\]|undefined/.exec(message)?.[0];
  if (unclear && !readFileSync(file).includes(unclear)) return `an unclear message: ${message}`; // not in the file
  if (!hint) return `an error without a hint: ${message}`;
  if (!saysWhere(message, file)) return `an error without a location: ${message}`;
  if (message.length + hint.length > LONGEST_MESSAGE)
    return `a message of ${message.length} characters: ${message.slice(0, 300)}`;
  return undefined;
}

/** The file, its folder, or a split or row by number. */
function saysWhere(message: string, file: string): boolean {
  return (
    [basename(file), basename(dirname(file))].some((name) => message.includes(name)) ||
    /^train( row \d+)?: /.test(message)
  );
}
