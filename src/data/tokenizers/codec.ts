/** @file The interface of an algorithm that turns text into ids and back. */

/** A text and its continuations, tokenized together: `[...shared, ...prompt]` are the ids of the text alone. */
export interface Branches {
  /** Common leading ids of the text and every continued text. */
  shared: number[];
  /** The remaining ids of the text alone. */
  prompt: number[];
  /** The remaining ids of each text + continuation. */
  continued: number[][];
}

export interface TextCodec {
  /** Ids of a text, with the post-processor's tokens if `addSpecialTokens`. */
  encode(text: string, addSpecialTokens: boolean): number[];
  /** Equals encode of `text` and of each `text + continuation`, but tokenizes the common part once. */
  encodeBranches(text: string, continuations: string[], addSpecialTokens: boolean): Branches;
  /** Text of the ids, all of which are in the vocabulary. Invalid UTF-8 becomes U+FFFD. */
  decode(ids: readonly number[]): string;
  /** Whether decode(a) + decode(b) equals decode(a + b) at character boundaries. */
  readonly concatenates: boolean;
}
