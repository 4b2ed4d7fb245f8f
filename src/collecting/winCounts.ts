/**
 * @file Which of two sources wins: each pair once, by the majority of its annotators. Ties count half for each.
 */
import type { VerdictEvent } from "./events.ts";
import { type LengthUnit, lengthsOf } from "./lengths.ts";
import { type PairGroup, votesOf } from "./preferences.ts";
import { areSimilarlyLong, type Share, shareOf, verdictsToSettle } from "./shares.ts";

/** The share of pairs that a source wins; ties count half. */
export interface WinRate {
  of: string;
  over: string;
  wins: number;
  losses: number;
  /** Tie, both good, both bad, or as many annotators for one as for the other. */
  ties: number;
  /** Of these: all annotators said so. */
  both_good: number;
  both_bad: number;
  /** Pairs that all annotators skipped, which count nowhere else. */
  skipped: number;
  /** Wins and half of the ties, as a share of both and losses. */
  rate: Share;
  /** The same, of pairs whose answers differ by at most 10 % in length. */
  similar_length: Share;
  /** Of lengths: "tokens" if all answers had them; else "characters" for those that did not. */
  length_unit: LengthUnit;
  /** How often the answer on the left was better, of verdicts for one of two shown: far from one half, sides decide. */
  left: Share;
  /** How many more pairs would settle it at this rate; 0: it is settled; null: it is even, or there are none. */
  more_to_settle: number | null;
}

interface Outcome {
  points: 0 | 0.5 | 1;
  isSimilar: boolean;
  unit: LengthUnit;
}

/** Whether a verdict compares the two sources. */
function isBetween({ left, right }: VerdictEvent, one: string, other: string): boolean {
  return (left.source === one && right.source === other) || (left.source === other && right.source === one);
}

/** 1: for `of`, -1: against it, 0: neither; undefined: skipped. */
function pointOf(vote: VerdictEvent, of: string): number | undefined {
  if (vote.verdict === "skip") return undefined;
  if (vote.verdict !== "left" && vote.verdict !== "right") return 0;
  return vote[vote.verdict].source === of ? 1 : -1;
}

/** @param groups pairs; verdicts between other sources count nowhere. */
export function countWins(groups: Iterable<PairGroup>, of: string, over: string): WinRate {
  const outcomes: Outcome[] = [];
  const total = { both_good: 0, both_bad: 0, skipped: 0, left: 0, right: 0 };
  for (const group of groups) {
    const votes = votesOf(group).filter((vote) => isBetween(vote, of, over));
    if (votes.length === 0) continue;
    const points = votes.flatMap((vote) => pointOf(vote, of) ?? []);
    if (points.length === 0) {
      total.skipped++;
      continue;
    }
    const areAll = (verdict: string) => votes.every((vote) => vote.verdict === verdict || vote.verdict === "skip");
    if (areAll("both good")) total.both_good++;
    if (areAll("both bad")) total.both_bad++;
    const shown = votes.filter(({ how }) => how === null);
    total.left += shown.filter(({ verdict }) => verdict === "left").length;
    total.right += shown.filter(({ verdict }) => verdict === "right").length;
    const balance = points.reduce((sum, point) => sum + point, 0);
    const { left, right, unit } = lengthsOf(votes[0]);
    const won = balance === 0 ? 0.5 : balance > 0 ? 1 : 0;
    outcomes.push({ points: won, isSimilar: areSimilarlyLong(left, right), unit });
  }
  const { both_good, both_bad, skipped, left, right } = total;
  const rate = rateOf(outcomes);
  return {
    of,
    over,
    ...tallyOf(outcomes),
    both_good,
    both_bad,
    skipped,
    rate,
    similar_length: rateOf(outcomes.filter(({ isSimilar }) => isSimilar)),
    length_unit: outcomes.every(({ unit }) => unit === "tokens") ? "tokens" : "characters",
    left: shareOf(left, left + right),
    more_to_settle: verdictsToSettle(rate),
  };
}

function tallyOf(outcomes: readonly Outcome[]) {
  const countOf = (points: number) => outcomes.filter((one) => one.points === points).length;
  return { wins: countOf(1), losses: countOf(0), ties: countOf(0.5) };
}

function rateOf(outcomes: readonly Outcome[]): Share {
  const points = outcomes.reduce((sum, one) => sum + one.points, 0);
  return shareOf(points, outcomes.length);
}
