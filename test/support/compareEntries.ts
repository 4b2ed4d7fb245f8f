/** @file Compares entries of a log with TRL's. */
import type { LogEntry } from "../../src/checkpoints/trainerState.ts";

/** Tolerances from the README of the reference values: 0 means exactly equal. */
function tolerance(name: string, expected: number): number {
  if (/grad_norm$/.test(name)) return 1e-3 * Math.abs(expected);
  if (/^(learning_rate|epoch|step)$|num_tokens$|rewards\/accuracies$|mean_token_accuracy$/.test(name)) return 0;
  return Math.max(2e-4, 2e-4 * Math.abs(expected));
}

/** Differences beyond the tolerances, in words. */
export function compareEntries(actual: LogEntry, expected: LogEntry): string[] {
  const wrong: string[] = [];
  for (const [name, value] of Object.entries(expected)) {
    const difference = Math.abs(actual[name] - value);
    if (!(difference <= tolerance(name, value)))
      wrong.push(`step ${expected.step} ${name}: ${actual[name]}, TRL ${value}`);
  }
  return wrong;
}
