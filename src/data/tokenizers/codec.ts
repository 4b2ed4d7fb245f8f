/** @file The contract between the tokenizer and an algorithm that turns text into ids and back. */

/** A text and its continuations, tokenized together: `[...shared, ...prompt]` are the ids of the text alone. */
export interface Branches {
  /** Ids that the text and every continued text begin with. */
  shared: number[];
  /** The rest of the text alone. */
  prompt: number[];
  /** The rest of text + continuation, one each. */
  continued: number[][];
}

export interface TextCodec {
  /** Ids of a text; with the tokens that the post-processor puts around it, if `addSpecialTokens`. */
  encode(text: string, addSpecialTokens: boolean): number[];
  /** What encode gives for `text` and for `text + continuation`, sparing the tokenization of what they share. */
  encodeBranches(text: string, continuations: string[], addSpecialTokens: boolean): Branches;
  /** Text of the ids, all of which are in the vocabulary. Bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string;
  /** Whether the text of two lists of ids is the text of both in a row, wherever a character ends. */
  readonly concatenates: boolean;
}
