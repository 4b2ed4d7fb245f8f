/** @file Kernel: reorders rows of tensors in place (of a generation's cache, for beams). */

/**
 * row[b] <- row[rows[b]], in each cache. Copies only rows that change: many beams of a step stay in place, and fresh
 * memory for all of them would cost more than the copy.
 * @param caches [B, ...] each
 * @param rows B numbers below B
 */
export const pickRows = {
  name: "pickRows",
  run({ caches }: { caches: Float32Array[] }, { rows }: { rows: readonly number[] }): void {
    for (const cache of caches) {
      const size = cache.length / rows.length;
      const at = (row: number) => cache.subarray(row * size, (row + 1) * size);
      // sources that are themselves overwritten
      const lost = new Set(rows.filter((row, b) => row !== b && rows[row] !== row));
      const saved = new Map([...lost].map((row) => [row, at(row).slice()]));
      for (const [b, row] of rows.entries()) if (row !== b) at(b).set(saved.get(row) ?? at(row));
    }
  },
};
