/** @file The memory growth of a training: its memory at the end compared with step 100. */

/**
 * Compares the median of the last fifth of the reports with the first one: a single report may include a temporary
 * buffer.
 * @returns 0.03 for 3 %; 0 with only one report.
 */
export function memoryGrowth(memory: readonly { step: number; rss: number }[]): number {
  if (memory.length < 2) return 0;
  const last = memory.slice(-Math.max(1, Math.floor(memory.length / 5))).map(({ rss }) => rss);
  const median = last.toSorted((a, b) => a - b)[Math.floor(last.length / 2)];
  return median / memory[0].rss - 1;
}
