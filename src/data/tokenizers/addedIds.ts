/** @file Ids of added tokens, which Hugging Face's tokenizers draws anew when it reads a file. */
import type { AddedToken } from "./tokenizerJson.ts";

/**
 * The added tokens of a tokenizer.json as the tokenizers package adds them, one after the other: the vocabulary's id,
 * or the next free one, whatever the file says. Of a content that the file has twice the last flags count, and once
 * special, a token stays so; empty ones are dropped.
 * @param idOf the model's vocabulary
 */
export function numberAddedTokens(added: readonly AddedToken[], idOf: ReadonlyMap<string, number>): AddedToken[] {
  const numbered = new Map<string, AddedToken>();
  let nextId = idOf.size;
  for (const token of added) {
    if (token.content === "") continue;
    const earlier = numbered.get(token.content);
    const id = earlier?.id ?? idOf.get(token.content) ?? nextId;
    nextId = Math.max(nextId, id + 1);
    const special = token.special || earlier?.special === true;
    numbered.set(token.content, { ...token, id, special, ...normalizedBefore(token, earlier) });
  }
  return [...numbered.values()];
}

/** The mark of a token that was normalized when it was added before. */
export function normalizedBefore(
  { normalized }: Pick<AddedToken, "normalized">,
  earlier: AddedToken | undefined,
): Pick<AddedToken, "wasNormalized"> {
  return !normalized && (earlier?.normalized || earlier?.wasNormalized) ? { wasNormalized: true } : {};
}
