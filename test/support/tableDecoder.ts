/** @file A small decoder for tests: next-token scores from a fixed random table; it checks its inputs. */
import type { Decoder, DecoderStepOptions } from "../../src/generation/decoder.ts";
import { Mt19937 } from "../../src/random.ts";

/**
 * Scores depend on the last token and, weakly, on every earlier one and its position, so that a wrong cache, position
 * or padding changes the answer. Tokens outside the vocabulary, gaps in positions and calls out of order are errors.
 */
export class TableDecoder implements Decoder {
  readonly vocabSize: number;
  readonly maxPositions: number;
  steps = 0;
  isDisposed = false;
  /** [V * V] scores of the next token by the last one. */
  private readonly table: Float32Array;
  private seen: number[][] = [];
  private isRunning = false;

  constructor(options: { vocabSize: number; maxPositions: number; seed?: number }) {
    this.vocabSize = options.vocabSize;
    this.maxPositions = options.maxPositions;
    this.table = new Mt19937(options.seed ?? 1).normal(new Float32Array(options.vocabSize ** 2), 0, 2);
  }

  async step(tokens: Int32Array, positions: Int32Array, options: DecoderStepOptions): Promise<Float32Array> {
    const { batch, length, padding, rows } = options;
    if (this.isDisposed || this.isRunning) throw new Error("internal: step on a decoder that is busy or disposed");
    if (tokens.length !== batch * length || positions.length !== batch * length)
      throw new Error("internal: wrong size");
    this.isRunning = true;
    const isFirst = this.seen.length === 0;
    if (isFirst) this.seen = Array.from({ length: batch }, () => []);
    else if (rows) this.seen = Array.from(rows, (row) => [...this.seen[row]]);
    if (this.seen.length !== batch || (!isFirst && (length !== 1 || padding))) throw new Error("internal: wrong call");
    const logits = new Float32Array(batch * this.vocabSize);
    for (let row = 0; row < batch; row++) {
      for (let i = padding?.[row] ?? 0; i < length; i++)
        this.see(row, tokens[row * length + i], positions[row * length + i]);
      logits.set(this.scores(this.seen[row]), row * this.vocabSize);
    }
    await new Promise((resolve) => setImmediate(resolve)); // as asynchronous as the real one
    this.isRunning = false;
    this.steps++;
    return logits;
  }

  async reset(): Promise<void> {
    this.seen = [];
  }

  async dispose(): Promise<void> {
    this.isDisposed = true;
  }

  private see(row: number, token: number, position: number): void {
    if (!(token >= 0 && token < this.vocabSize)) throw new Error(`internal: no such token: ${token}`);
    if (position >= this.maxPositions) throw new Error(`internal: no such position: ${position}`);
    const seen = this.seen[row];
    // A finished row stays at its last position.
    if (position !== seen.length && position !== seen.length - 1) throw new Error(`internal: position ${position}`);
    if (position === seen.length) seen.push(token);
  }

  private scores(seen: number[]): Float32Array {
    const last = seen[seen.length - 1];
    const scores = this.table.slice(last * this.vocabSize, (last + 1) * this.vocabSize);
    let mix = 0;
    for (const [position, token] of seen.entries()) mix = (mix * 31 + token * (position + 1)) % this.vocabSize;
    scores[mix] += 1;
    return scores;
  }
}
