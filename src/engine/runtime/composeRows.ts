/** @file Kernel: fills caches of a batch with rows of other batches' caches, aligned at their ends. */

/** A row of the new batch: the first `count` positions of `row` in one of the source caches, after its padding. */
export interface ComposedRow {
  /** Number of the source batch. */
  source: number;
  row: number;
  /** Padding at the left of the row in its source. */
  padding: number;
  count: number;
}

export interface ComposeArgs {
  /** Source batches: `sources` has their tensors one batch after the other, each in the order of `targets`. */
  batches: readonly { rows: number; length: number }[];
  rows: readonly ComposedRow[];
  /** H heads and D channels of every cache. */
  heads: number;
  size: number;
  /** Positions of each target: at least the largest `count`. */
  length: number;
}

/**
 * target[b, h, length - count .. length] <- source[row, h, padding .. padding + count]; what is left of it stays.
 * @param targets [B, H, length, D] each: keys and values of every layer
 * @param sources [rows, H, length, D] each
 */
export const composeRows = {
  name: "composeRows",
  run({ targets, sources }: { targets: Float32Array[]; sources: Float32Array[] }, args: ComposeArgs): void {
    const { batches, rows, heads, size, length } = args;
    for (const [part, target] of targets.entries()) {
      for (const [b, { source, row, padding, count }] of rows.entries()) {
        const from = sources[source * targets.length + part];
        const positions = batches[source].length;
        for (let h = 0; h < heads; h++) {
          const start = ((row * heads + h) * positions + padding) * size;
          const end = ((b * heads + h + 1) * length - count) * size;
          target.set(from.subarray(start, start + count * size), end);
        }
      }
    }
  },
};
