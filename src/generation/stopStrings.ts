/** @file Whether a sequence has just produced one of its stop strings, also one that spans several tokens. */

const utf8 = new TextEncoder();

/** The part of a tokenizer that turns ids back into text; bytes that are no whole UTF-8 character become U+FFFD. */
export interface TokenDecoder {
  decode(ids: number[], options?: { skip_special_tokens?: boolean }): string;
}

/**
 * True where a stop string ends inside the last token, wherever it began (in the prompt too); what the last token
 * holds behind it stays, as transformers' StopStringCriteria has it. Special tokens count with their written form.
 */
export function endsWithStopString(
  ids: readonly number[],
  stopStrings: readonly string[],
  tokenizer: TokenDecoder,
): boolean {
  // A token is at least one byte, so a string of n bytes lies in the last n tokens; one more for decoders that strip
  // the space in front of the first token.
  const longest = Math.max(0, ...stopStrings.map((text) => utf8.encode(text).length));
  if (longest === 0 || ids.length === 0) return false;
  const tail = ids.slice(-(longest + 1));
  const text = tokenizer.decode(tail, { skip_special_tokens: false });
  const before = tail.length > 1 ? tokenizer.decode(tail.slice(0, -1), { skip_special_tokens: false }) : "";
  let old = 0; // characters that the last token did not change
  while (old < before.length && before[old] === text[old]) old++;
  return stopStrings.some((stop) => {
    const place = text.indexOf(stop, Math.max(0, old - stop.length + 1));
    return stop !== "" && place >= 0;
  });
}
