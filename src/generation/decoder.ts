/** @file The interface of a network with a key-value cache: tokens -> next-token logits. */

export interface DecoderStepOptions {
  /** B: rows of this call; constant until `reset` unless `rows` changes it. */
  batch: number;
  /** S: tokens per row in this call; the longest prompt in the first call, then 1. */
  length: number;
  /** [B] pad tokens at the left of each row, in the first call only (absent: none). They are never attended to. */
  padding?: Int32Array;
  /**
   * [B] the row of the previous call that each row continues, in later calls (absent: its own), as beams are reordered,
   * branch and end. Changed rows are copied; if their number changes, all are.
   */
  rows?: Int32Array;
}

/** A causal language model that caches keys and values. Steps never overlap. */
export interface Decoder {
  /** V: logits per token. */
  readonly vocabSize: number;
  /** The model's positions (n_positions, max_position_embeddings); limit of prompt + completion. */
  readonly maxPositions: number;
  /** A notice about the device, to be printed, if any. */
  readonly notice?: string | null;
  /**
   * Runs S more tokens per row after the cached ones.
   * @param tokens [B * S] ids, row after row; in the first call the prompts, left-padded.
   * @param positions [B * S] position ids; 0 under padding, then 0, 1, 2 ... from the first token of the prompt.
   * @returns [B * V] logits after the last token of each row. The next step may reuse the array.
   */
  step(tokens: Int32Array, positions: Int32Array, options: DecoderStepOptions): Promise<Float32Array>;
  /** Clears the cache: the next step is a first call again, of any batch size. */
  reset(): Promise<void>;
  /** The first weight with a NaN or infinite value, in words; for scores that are not finite. */
  findNonFinite?(): Promise<string | undefined>;
  /** Frees the runtime's memory; the decoder can't be used afterwards. */
  dispose(): Promise<void>;
}
