/** @file Ids that skip_special_tokens leaves out. */
import { readNormalizer } from "./normalizers.ts";
import type { AddedToken, TokenizerJson } from "./tokenizerJson.ts";

/** Special added tokens; one that is found in normalized text only if its normalized form is special, as in Python. */
export function specialIdsOf({ added_tokens: added, normalizer }: TokenizerJson, where: string): Set<number> {
  const normalize = readNormalizer(normalizer, where);
  const contents = new Set(added.filter(({ special }) => special).map(({ content }) => content));
  const decodedText = ({ content, normalized, wasNormalized }: AddedToken) =>
    normalized || wasNormalized ? normalize(content) : content;
  return new Set(added.filter((token) => contents.has(decodedText(token))).map(({ id }) => id));
}
