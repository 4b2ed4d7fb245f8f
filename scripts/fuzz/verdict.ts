/** @file What a clear error is: ours, says where, with what to do, short, in words. */
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { PrefineError } from "../../src/errors.ts";

const LONGEST_MESSAGE = 2000;

/**
 * @param file the damaged file, as a path from the working directory.
 * @returns what is wrong with this outcome of reading it, or undefined; an answer is none.
 */
export function findingOf(error: unknown, file: string): string | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof PrefineError)) return `${(error as Error)?.stack ?? String(error)}`;
  const { message, hint } = error;
  const unclear = /internal:|\[object Object\]|undefined/.exec(message)?.[0];
  if (unclear && !readFileSync(file).includes(unclear)) return `an unclear message: ${message}`; // not its own words
  if (!hint) return `an error that does not say what to do: ${message}`;
  if (!saysWhere(message, file)) return `an error that does not say where: ${message}`;
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
