/** @file A tokenized pair on its way between threads: ids in a typed array, which is moved and not copied. */
import type { TokenizedPair } from "./tokenizePair.ts";

export interface SentPair {
  /** prompt_ids, chosen_ids, rejected_ids, lost_prompt_ids, one after the other. */
  ids: Int32Array;
  lengths: readonly [prompt: number, chosen: number, rejected: number];
  texts: TokenizedPair["texts"];
}

export function packSent({ prompt_ids, chosen_ids, rejected_ids, lost_prompt_ids, texts }: TokenizedPair): SentPair {
  const ids = new Int32Array(prompt_ids.length + chosen_ids.length + rejected_ids.length + lost_prompt_ids.length);
  let at = 0;
  for (const some of [prompt_ids, chosen_ids, rejected_ids, lost_prompt_ids]) {
    ids.set(some, at);
    at += some.length;
  }
  return { ids, lengths: [prompt_ids.length, chosen_ids.length, rejected_ids.length], texts };
}

export function unpackSent({ ids, lengths: [prompt, chosen, rejected], texts }: SentPair): TokenizedPair {
  const from = (start: number, end: number) => {
    const some = new Array<number>(end - start); // Array.from takes ten times as long
    for (let i = start; i < end; i++) some[i - start] = ids[i];
    return some;
  };
  return {
    prompt_ids: from(0, prompt),
    chosen_ids: from(prompt, prompt + chosen),
    rejected_ids: from(prompt + chosen, prompt + chosen + rejected),
    lost_prompt_ids: from(prompt + chosen + rejected, ids.length),
    texts,
  };
}
