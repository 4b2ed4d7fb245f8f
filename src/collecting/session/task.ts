/** @file Two answers to judge; those of a verdict once more, for undo and for repeats. */
import { randomBytes } from "node:crypto";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import type { Content, VerdictEvent } from "../events.ts";
import { type PairGroup, votesOf } from "../preferences.ts";
import { LiveAnswer } from "./liveAnswer.ts";

/** Two answers to judge. */
export interface Task {
  id: string;
  prompt: Content;
  left: LiveAnswer;
  right: LiveAnswer;
  isRepeat: boolean;
}

export const newTaskId = (): string => randomBytes(8).toString("hex");

/** Equal for equal prompts. */
export const promptKey = (prompt: Content): string => exactJsonText(prompt);

/** The task of a verdict, as it was shown. */
export function taskOfEvent({ prompt, left, right, repeat }: VerdictEvent): Task {
  const [one, other] = [left, right].map((side) => LiveAnswer.given(prompt, side));
  return { id: newTaskId(), prompt, left: one, right: other, isRepeat: repeat };
}

/** Verdicts between a pair and its repeat. */
const REPEAT_AFTER = 5;

export interface RepeatOptions {
  annotator: string | null;
  /** Tasks that are shown now. */
  open: Iterable<Task>;
  random: () => number;
}

/** A pair that the annotator judged some time ago, and not twice, with its sides swapped; undefined: there is none. */
export function repeatTask(groups: Iterable<PairGroup>, { annotator, open, random }: RepeatOptions): Task | undefined {
  const own = (event: VerdictEvent) => event.annotator === annotator;
  const shown = new Set([...open].map(({ prompt }) => promptKey(prompt)));
  const candidates = [...groups]
    .filter(({ verdicts }) => !verdicts.some((event) => own(event) && event.repeat))
    .flatMap((group) => votesOf(group).filter((event) => own(event) && event.verdict !== "skip"))
    .slice(0, -REPEAT_AFTER)
    .filter(({ prompt }) => !shown.has(promptKey(prompt)));
  if (candidates.length === 0) return undefined;
  const { left, right, ...task } = taskOfEvent(candidates[Math.floor(random() * candidates.length)]);
  return { ...task, left: right, right: left, isRepeat: true };
}
