/** @file The error of a text that a vocabulary cannot spell. */
import { PrefineError, show } from "../../errors.ts";

/** A text has a part that the vocabulary lacks, and there is no token for such parts. */
export function missingUnknown(token: unknown, where: string): PrefineError {
  const message = `${where}: the vocabulary lacks a part of the text, and the token for unknown parts, ${show(token)}`;
  return new PrefineError("model", message, "The tokenizer's files may be incomplete: download or save it again.");
}
