/** @file How well verdicts agree: of annotators with each other, and of each with earlier verdicts of their own. */
import { firstSide, type GroupVerdict, groupVerdict, type PairGroup, votesOf } from "./preferences.ts";

/** Of the pairs that both judged, skips left out; ties, both good and both bad count as one verdict. */
export interface Agreement {
  annotators: [one: string | null, other: string | null];
  n: number;
  /** Equal verdicts, a share of n. */
  agreement: number | null;
  /** Cohen's kappa: 1 = always equal, 0 = as by chance. Null: no pairs, or both always gave the same verdict. */
  kappa: number | null;
}

export interface SelfAgreement {
  /** Verdicts on pairs that the annotator had judged before, skips left out. */
  n: number;
  /** Equal verdicts. */
  equal: number;
  /** Of those shown with sides swapped: verdicts for the left side both times, and for the right one. */
  left_twice: number;
  right_twice: number;
}

type Label = "first" | "second" | "neither";

/** Null: skipped. */
function labelOf(verdict: GroupVerdict): Label | null {
  if (verdict === "skip") return null;
  return verdict === "first" || verdict === "second" ? verdict : "neither";
}

/** Cohen's kappa of two lists of labels. */
export function cohensKappa(one: readonly string[], other: readonly string[]): number | null {
  const n = one.length;
  const observed = one.filter((label, i) => label === other[i]).length / n;
  const shareOf = (labels: readonly string[], label: string) => labels.filter((each) => each === label).length / n;
  const labels = [...new Set([...one, ...other])];
  const expected = labels.reduce((sum, label) => sum + shareOf(one, label) * shareOf(other, label), 0);
  return n === 0 || labels.length < 2 ? null : (observed - expected) / (1 - expected);
}

/** The agreement of each two annotators, who judged pairs in common. */
export function agreementsOf(groups: Iterable<PairGroup>): Agreement[] {
  const common = new Map<string, { annotators: Agreement["annotators"]; labels: [Label[], Label[]] }>();
  for (const group of groups) {
    const votes = votesOf(group).flatMap((vote) => {
      const label = labelOf(groupVerdict(vote));
      return label === null ? [] : [{ annotator: vote.annotator, label }];
    });
    votes.sort((a, b) => compareNames(a.annotator, b.annotator));
    for (const [i, one] of votes.entries()) {
      for (const other of votes.slice(i + 1)) {
        const key = JSON.stringify([one.annotator, other.annotator]);
        const both = common.get(key) ?? { annotators: [one.annotator, other.annotator], labels: [[], []] };
        both.labels[0].push(one.label);
        both.labels[1].push(other.label);
        common.set(key, both);
      }
    }
  }
  return [...common.values()].map(({ annotators, labels: [one, other] }) => {
    const equal = one.filter((label, i) => label === other[i]).length;
    return { annotators, n: one.length, agreement: equal / one.length, kappa: cohensKappa(one, other) };
  });
}

const compareNames = (one: string | null, other: string | null) => {
  const [a, b] = [one ?? "", other ?? ""];
  return a < b ? -1 : a > b ? 1 : 0;
};

/** Repeats, compared with the annotator's verdict before them that is no repeat. */
export function selfAgreementOf(groups: Iterable<PairGroup>): SelfAgreement {
  const total = { n: 0, equal: 0, left_twice: 0, right_twice: 0 };
  for (const { verdicts } of groups) {
    for (const [i, again] of verdicts.entries()) {
      if (!again.repeat) continue;
      const before = verdicts.slice(0, i).findLast((one) => !one.repeat && one.annotator === again.annotator);
      if (before === undefined) continue;
      const labels = [before, again].map((one) => labelOf(groupVerdict(one)));
      if (labels.includes(null)) continue;
      total.n++;
      if (labels[0] === labels[1]) total.equal++;
      const isSwapped = firstSide(before) !== firstSide(again);
      if (!isSwapped || before.verdict !== again.verdict) continue;
      if (again.verdict === "left") total.left_twice++;
      if (again.verdict === "right") total.right_twice++;
    }
  }
  return total;
}
