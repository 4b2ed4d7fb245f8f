/** @file Pairs from answers with ratings: the best with the worst, neighbors, or all. */
import type { Reading } from "./shape.ts";

/** An answer; the higher rating is the better. */
export interface Rated<T> {
  answer: T;
  rating: number;
}

/**
 * Pairs [better, worse], best first. Answers of equal ratings make no pair, unless `ties` is both: then best-worst and
 * adjacent make one of equal answers too. Cost of `all`: half the square of the answers.
 */
export function pairsOf<T>(answers: readonly Rated<T>[], { pairing, margin, ties, skip }: Reading): [T, T][] {
  const sorted = answers.toSorted((a, b) => b.rating - a.rating);
  const candidates = candidatesOf(sorted, pairing ?? "best-worst");
  const apart = candidates.filter(([better, worse]) => better.rating - worse.rating >= (margin ?? 0));
  const pairs = apart.flatMap(([better, worse]): [T, T][] => {
    if (better.rating > worse.rating) return [[better.answer, worse.answer]];
    if (ties !== "both") return [];
    return [
      [better.answer, worse.answer],
      [worse.answer, better.answer],
    ];
  });
  if (pairs.length === 0)
    skip(`without two answers ${margin ? `whose ratings differ by ${margin}` : "of different ratings"}`);
  return pairs;
}

function candidatesOf<T>(sorted: readonly T[], pairing: "best-worst" | "adjacent" | "all"): [T, T][] {
  if (sorted.length < 2) return [];
  if (pairing === "best-worst") return [[sorted[0], sorted[sorted.length - 1]]];
  if (pairing === "adjacent") return sorted.slice(1).map((worse, i) => [sorted[i], worse]);
  return sorted.flatMap((better, i) => sorted.slice(i + 1).map((worse): [T, T] => [better, worse]));
}
