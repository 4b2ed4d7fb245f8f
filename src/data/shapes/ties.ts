/** @file What to do about answers that are as good as each other: asked for, never guessed. */
import { PrefineError, show } from "../../errors.ts";

/** The error for a tie where `ties` says nothing. */
export function tieError(field: string, found: unknown): PrefineError {
  const message = `${field}: expected a winner, found ${show(found)}`;
  return new PrefineError(
    "data",
    message,
    "Say what becomes of ties: `ties: skip` (--ties skip), or `ties: both` for both orders.",
  );
}
