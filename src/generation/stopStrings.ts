/** @file Detects stop strings at the end of a sequence, including those that span several tokens. */
import { largest } from "../lists.ts";

const utf8 = new TextEncoder();

/** The part of a tokenizer that decodes ids; incomplete UTF-8 becomes U+FFFD. */
export interface TokenDecoder {
  decode(ids: number[], options?: { skip_special_tokens?: boolean }): string;
}

/**
 * True if a stop string ends inside the last token, wherever it began (even in the prompt); text after it in the last
 * token is kept, as in transformers' StopStringCriteria. Special tokens count with their written form.
 */
export function endsWithStopString(
  ids: readonly number[],
  stopStrings: readonly string[],
  tokenizer: TokenDecoder,
): boolean {
  // A token is at least one byte, so a string of n bytes is within the last n tokens; one more for decoders that strip
  // the space before the first token.
  const longest = largest(
    stopStrings.map((text) => utf8.encode(text).length),
    0,
  );
  if (longest === 0 || ids.length === 0) return false;
  const tail = ids.slice(-(longest + 1));
  const text = tokenizer.decode(tail, { skip_special_tokens: false });
  const before = tail.length > 1 ? tokenizer.decode(tail.slice(0, -1), { skip_special_tokens: false }) : "";
  let old = 0; // characters not changed by the last token
  while (old < before.length && before[old] === text[old]) old++;
  return stopStrings.some((stop) => {
    const place = text.indexOf(stop, Math.max(0, old - stop.length + 1));
    return stop !== "" && place >= 0;
  });
}
