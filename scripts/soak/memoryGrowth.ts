/** @file Does a training grow? Its memory at the end against that of its hundredth step. */

/**
 * The median of the last fifth of the reports against the first one: a single report may meet a buffer that the next
 * one does not.
 * @returns 0.03 for 3 %; 0 where there is only one report.
 */
export function memoryGrowth(memory: readonly { step: number; rss: number }[]): number {
  if (memory.length < 2) return 0;
  const last = memory.slice(-Math.max(1, Math.floor(memory.length / 5))).map(({ rss }) => rss);
  const median = last.toSorted((a, b) => a - b)[Math.floor(last.length / 2)];
  return median / memory[0].rss - 1;
}
