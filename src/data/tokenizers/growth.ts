/** @file Bounds how much longer the steps of a tokenizer may make a text. */
import { PrefineError } from "../../errors.ts";

/** Unicode's longest decomposition has 18 characters; a step that makes 64 of one is no normalization. */
const MOST_TIMES = 64;
const ALWAYS_ALLOWED = 1_000_000;
/** JavaScript's longest strings have 536 million characters, its lists 134 million items. */
const LONGEST = 100_000_000;

/** @throws PrefineError("data") if a text grows from `before` to `after` characters, and that is out of proportion. */
export function checkGrowth(before: number, after: number, where: string): void {
  if (after <= before || (after <= LONGEST && after <= Math.max(ALWAYS_ALLOWED, MOST_TIMES * before))) return;
  const message = `${where}: makes a text of ${before} characters ${after} characters long`;
  throw new PrefineError("model", message, "Is this the right tokenizer? No known one lengthens texts like this.");
}
