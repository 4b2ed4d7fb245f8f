/**
 * @file What the events of a record amount to: the verdicts that stand, and the pairs to train on. The latest verdict
 * of an annotator on a pair counts; of several annotators, the majority. Ties, "both good", "both bad" and skips make
 * no pair. An edited answer is better than the answer as it was.
 */
import { PrefineError } from "../errors.ts";
import { exactJsonText } from "../formats/exactJsonText.ts";
import type { Content, JudgingEvent, PreferenceEvent, Side, ThumbEvent, Verdict, VerdictEvent } from "./events.ts";
import { kindOf } from "./events.ts";

/** A pair in TRL's form. */
export interface PreferencePair {
  prompt: Content;
  chosen: Content;
  rejected: Content;
}

/** Two answers to a prompt, in an order that does not depend on the sides where they were shown. */
export interface PairGroup {
  prompt: Content;
  answers: readonly [first: Content, second: Content];
  /** All events that stand, repeats included, in their order. */
  verdicts: VerdictEvent[];
}

/** Answers to a prompt that were judged alone. */
interface ThumbGroup {
  prompt: Content;
  thumbs: ThumbEvent[];
}

type Group = (PairGroup | ThumbGroup) & {
  /** Lines of its pairs; undefined: to be made anew. */
  lines: string[] | undefined;
};

/** Of both sides of a verdict, the one that is first in its group. */
export function firstSide({ left, right }: VerdictEvent): "left" | "right" {
  const keyOf = ({ answer, source }: Side) => exactJsonText([answer, source]);
  return keyOf(left) <= keyOf(right) ? "left" : "right";
}

/** A verdict on the answers of a group. */
export type GroupVerdict = "first" | "second" | Exclude<Verdict, "left" | "right">;

export function groupVerdict(event: VerdictEvent): GroupVerdict {
  const { verdict } = event;
  if (verdict !== "left" && verdict !== "right") return verdict;
  return verdict === firstSide(event) ? "first" : "second";
}

/** The verdicts that count: the latest of each annotator, without repeats. */
export function votesOf({ verdicts }: PairGroup): VerdictEvent[] {
  const latest = new Map<string | null, VerdictEvent>();
  for (const event of verdicts) if (!event.repeat) latest.set(event.annotator, event);
  return [...latest.values()];
}

/** The winner by majority; undefined: none. */
export function winnerOf(votes: readonly VerdictEvent[]): "first" | "second" | undefined {
  const balance = votes.map(groupVerdict).reduce((sum, vote) => sum + (WEIGHT[vote] ?? 0), 0);
  return balance === 0 ? undefined : balance > 0 ? "first" : "second";
}

const WEIGHT: Partial<Record<GroupVerdict, number>> = { first: 1, second: -1 };

const isSame = (one: Content, other: Content) => exactJsonText(one) === exactJsonText(other);

/** The verdicts and pairs of a record, updated event by event. */
export class Preferences {
  private readonly groups = new Map<string, Group>();
  private readonly groupOf = new Map<string, Group>();
  private readonly judging = new Map<string, JudgingEvent>();
  /** Hashes of all contents that the file of pairs was given. */
  readonly written = new Set<string>();
  /** Texts or messages: the same in all events. */
  kind: "text" | "messages" | undefined;
  /** Counts changes of the verdicts. */
  version = 0;

  /** @throws PrefineError("data") if its texts are of another kind than those of earlier events. */
  add(event: PreferenceEvent): void {
    if (event.type === "wrote") this.written.add(event.sha256);
    else if (event.type === "undo") this.undo(event.of);
    else this.judge(event);
  }

  /** @throws PrefineError("data") */
  checkKind(event: JudgingEvent): void {
    const kind = kindOf(event);
    if (this.kind === undefined || this.kind === kind) return;
    const [expected, found] = this.kind === "text" ? ["texts", "messages"] : ["messages", "texts"];
    const hint = "A file of pairs is of one kind, which trainers expect: choose another file.";
    throw new PrefineError("data", `prompt: expected ${expected}, as in the events before it, found ${found}`, hint);
  }

  /** The event with this id, if it stands. */
  event(id: string): JudgingEvent | undefined {
    return this.judging.get(id);
  }

  /** Events that stand, in their order. */
  events(): IterableIterator<JudgingEvent> {
    return this.judging.values();
  }

  /** The latest event of an annotator that stands: what undo takes back. */
  latestOf(annotator: string | null): JudgingEvent | undefined {
    return [...this.judging.values()].findLast((event) => event.annotator === annotator);
  }

  /** Pairs of answers with their verdicts. */
  *pairGroups(): Generator<PairGroup> {
    for (const group of this.groups.values()) if ("verdicts" in group && group.verdicts.length > 0) yield group;
  }

  /** Rows of the file of pairs. */
  pairCount(): number {
    let count = 0;
    for (const group of this.groups.values()) count += linesOf(group).length;
    return count;
  }

  /** Lines of JSON, with their ends: the content of the file of pairs. */
  *lines(): Generator<string> {
    for (const group of this.groups.values()) yield* linesOf(group);
  }

  private judge(event: JudgingEvent): void {
    this.checkKind(event);
    this.kind = kindOf(event);
    if (this.judging.has(event.id)) return; // a copy of a line
    const key = keyOf(event);
    const group = this.groups.get(key) ?? newGroup(event);
    this.groups.set(key, group);
    if (event.type === "verdict") (group as PairGroup).verdicts.push(event);
    else (group as ThumbGroup).thumbs.push(event);
    group.lines = undefined;
    this.version++;
    this.groupOf.set(event.id, group);
    this.judging.set(event.id, event);
  }

  /** An event that is not there, or was taken back before, stays as it is. */
  private undo(id: string): void {
    const group = this.groupOf.get(id);
    if (!group) return;
    const stays = (event: JudgingEvent) => event.id !== id;
    if ("verdicts" in group) group.verdicts = group.verdicts.filter(stays);
    else group.thumbs = group.thumbs.filter(stays);
    group.lines = undefined;
    this.version++;
    this.groupOf.delete(id);
    this.judging.delete(id);
  }
}

function linesOf(group: Group): readonly string[] {
  group.lines ??= [...rowsOf(group)].map((row) => `${exactJsonText(row)}\n`);
  return group.lines;
}

function keyOf(event: JudgingEvent): string {
  if (event.type === "thumb") return exactJsonText(["thumb", event.prompt]);
  return exactJsonText([event.prompt, ...answersOf(event)]);
}

function answersOf(event: VerdictEvent): [first: Content, second: Content] {
  const isLeftFirst = firstSide(event) === "left";
  const [first, second] = isLeftFirst ? [event.left, event.right] : [event.right, event.left];
  return [first.answer, second.answer];
}

function newGroup(event: JudgingEvent): Group {
  const { prompt } = event;
  if (event.type === "thumb") return { prompt, thumbs: [], lines: undefined };
  return { prompt, answers: answersOf(event), verdicts: [], lines: undefined };
}

function* rowsOf(group: Group): Generator<PreferencePair> {
  for (const [chosen, rejected] of "verdicts" in group ? betterAnswers(group) : thumbPairs(group)) {
    if (!isSame(chosen, rejected)) yield { prompt: group.prompt, chosen, rejected };
  }
}

type Better = [chosen: Content, rejected: Content];

function betterAnswers(group: PairGroup): Better[] {
  const votes = votesOf(group);
  const winner = winnerOf(votes);
  const [first, second] = group.answers;
  // an annotator who edited an answer did not say that it is good enough as it is
  const isPlain = votes.some((vote) => groupVerdict(vote) === winner && vote.edit === null);
  const plain: Better[] = winner && isPlain ? [winner === "first" ? [first, second] : [second, first]] : [];
  const edits = votes.flatMap((vote): Better[] => (vote.edit === null ? [] : [[vote.edit, betterSide(vote).answer]]));
  const keys = new Set<string>();
  return [...plain, ...edits].filter((pair) => {
    const key = exactJsonText(pair);
    return !keys.has(key) && keys.add(key);
  });
}

const betterSide = (vote: VerdictEvent): Side => (vote.verdict === "left" ? vote.left : vote.right);

/** Each answer that more annotators like than not, with one that fewer do: in their order, each once. */
function thumbPairs({ thumbs }: ThumbGroup): Better[] {
  const answers = new Map<string, { answer: Content; votes: Map<string | null, number> }>();
  for (const { side, thumb, annotator } of thumbs) {
    const key = exactJsonText(side.answer);
    const one = answers.get(key) ?? { answer: side.answer, votes: new Map<string | null, number>() };
    one.votes.set(annotator, thumb === "up" ? 1 : -1);
    answers.set(key, one);
  }
  const balanceOf = (votes: Map<string | null, number>) => [...votes.values()].reduce((sum, vote) => sum + vote, 0);
  const ofSign = (sign: number) => [...answers.values()].filter(({ votes }) => Math.sign(balanceOf(votes)) === sign);
  const bad = ofSign(-1);
  return ofSign(1)
    .slice(0, bad.length)
    .map(({ answer }, i) => [answer, bad[i].answer]);
}
