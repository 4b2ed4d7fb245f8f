/** @file The contract between the generation loop and the network: tokens in, next-token logits out, cache kept. */

export interface DecoderStepOptions {
  /** B: rows of this call; the same for every call until `reset`, but where `rows` says otherwise. */
  batch: number;
  /** S: tokens a row in this call; the longest prompt at the first call, 1 later. */
  length: number;
  /** [B] pad tokens at the left of each row, at the first call only (absent: none). Nothing ever attends to them. */
  padding?: Int32Array;
  /**
   * [B] which row of the call before each row continues, in later calls (absent: its own): beams change places, branch
   * and end. Rows that change are copied; where their number changes, all are.
   */
  rows?: Int32Array;
}

/** A causal language model that remembers the keys and values of what it has seen. Steps never overlap. */
export interface Decoder {
  /** V: logits a token. */
  readonly vocabSize: number;
  /** Positions the model knows (n_positions, max_position_embeddings); prompt and completion must fit into them. */
  readonly maxPositions: number;
  /** One line for people about what computes, where there is something to say. */
  readonly notice?: string | null;
  /**
   * Runs S more tokens a row behind those that are cached.
   * @param tokens [B * S] ids, row after row; at the first call the prompts, left-padded.
   * @param positions [B * S] position ids; 0 under padding, then 0, 1, 2 ... from the first token of the prompt.
   * @returns [B * V] logits behind the last token of each row. The array may be reused by the next step.
   */
  step(tokens: Int32Array, positions: Int32Array, options: DecoderStepOptions): Promise<Float32Array>;
  /** Forgets the cached keys and values: the next step is a first call again, of any batch size. */
  reset(): Promise<void>;
  /** Frees what the runtime holds; the decoder can't be used afterwards. */
  dispose(): Promise<void>;
}
