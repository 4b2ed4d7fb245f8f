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

/** A row of a decoder's cache: its first `length` tokens, padding excluded. */
export interface CachedRow {
  of: ForkingDecoder;
  row: number;
  length: number;
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

/** A decoder whose weights serve several caches, between which rows move: batches that rows join and leave. */
export interface ForkingDecoder extends Decoder {
  /** A decoder with the same weights and an empty cache. Steps of decoders of one device may be waiting together. */
  fork(): ForkingDecoder;
  /**
   * Replaces the cache by these rows, which are copied, of this decoder or of others with the same weights, each
   * padded on the left to the longest. The next step continues them, with any number of tokens for a single row.
   */
  compose(rows: readonly CachedRow[]): Promise<void>;
  /** Frees the cache's memory; the next step is a first call. */
  clear(): Promise<void>;
}
