/** @file What a record of preferences has, in numbers: verdicts, agreement, and whether sides or lengths decide. */
import { type Agreement, agreementsOf, type SelfAgreement, selfAgreementOf } from "./agreement.ts";
import { VERDICTS, type Verdict, type VerdictEvent } from "./events.ts";
import { lengthsOf } from "./lengths.ts";
import { groupVerdict, type Preferences, votesOf, winnerOf } from "./preferences.ts";
import { type Share, shareOf } from "./shares.ts";

export interface PreferenceStatistics {
  /** Pairs to train on: rows of the file of pairs. */
  pairs: number;
  /** Verdicts that count: the latest of each annotator on each two answers. */
  verdicts: Record<Verdict, number>;
  /** Of these, with an edited answer. */
  edits: number;
  /** Two answers of which as many annotators preferred one as the other: they make no pair. */
  contested: number;
  thumbs: { up: number; down: number };
  /** Events that count, repeats left out, by annotator. */
  annotators: { annotator: string | null; n: number }[];
  agreement: Agreement[];
  self_agreement: SelfAgreement;
  /** How often the answer on the left was better, of verdicts for one of two shown: far from one half, sides decide. */
  left: Share;
  /** How often the longer answer was better, of verdicts for one of two that differ in length; edits left out. */
  longer: Share;
}

const isDecided = ({ verdict }: VerdictEvent) => verdict === "left" || verdict === "right";

export function statisticsOf(preferences: Preferences): PreferenceStatistics {
  const groups = [...preferences.pairGroups()];
  const votes = groups.flatMap(votesOf);
  const countOf = (verdict: Verdict) => votes.filter((vote) => vote.verdict === verdict).length;
  const thumbs = [...preferences.events()].flatMap((event) => (event.type === "thumb" ? [event] : []));
  const names = [...votes, ...thumbs].map(({ annotator }) => annotator);
  const thumbsOf = (thumb: string) => thumbs.filter((event) => event.thumb === thumb).length;
  return {
    pairs: preferences.pairCount(),
    verdicts: Object.fromEntries(VERDICTS.map((verdict) => [verdict, countOf(verdict)])) as Record<Verdict, number>,
    edits: votes.filter(({ edit, how }) => edit !== null || how === "edit").length,
    contested: groups.filter((group) => isContested(votesOf(group))).length,
    thumbs: { up: thumbsOf("up"), down: thumbsOf("down") },
    annotators: [...new Set(names)].map((annotator) => ({
      annotator,
      n: names.filter((name) => name === annotator).length,
    })),
    agreement: agreementsOf(groups),
    self_agreement: selfAgreementOf(groups),
    left: leftShare(votes),
    longer: longerShare(votes),
  };
}

function isContested(votes: readonly VerdictEvent[]): boolean {
  return winnerOf(votes) === undefined && votes.map(groupVerdict).includes("first");
}

function leftShare(votes: readonly VerdictEvent[]): Share {
  const shown = votes.filter((vote) => vote.how === null && isDecided(vote));
  return shareOf(shown.filter(({ verdict }) => verdict === "left").length, shown.length);
}

function longerShare(votes: readonly VerdictEvent[]): Share {
  const lengths = votes
    .filter((vote) => isDecided(vote) && vote.how !== "edit")
    .map((vote) => ({ verdict: vote.verdict, ...lengthsOf(vote) }))
    .filter(({ left, right }) => left !== right);
  const isLonger = (one: (typeof lengths)[number]) => (one.verdict === "left") === one.left > one.right;
  return shareOf(lengths.filter(isLonger).length, lengths.length);
}
