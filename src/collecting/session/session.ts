/**
 * @file A session of collecting: which two answers come next, on which sides, and what becomes of a verdict. The next
 * pair is being written while the current one is judged. Names of sources stay here until they are saved.
 */
import { PrefineError } from "../../errors.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import { ApiError } from "../../serving/http/apiError.ts";
import type { Content, Side, Verdict } from "../events.ts";
import type { PreferenceRecord } from "../record.ts";
import { type PreferenceStatistics, statisticsOf } from "../statistics.ts";
import type { AnswerSource } from "./answerSource.ts";
import { LiveAnswer } from "./liveAnswer.ts";
import { newTaskId, promptKey, repeatTask, type Task, taskOfEvent } from "./task.ts";

/** A prompt to answer, or one with two answers to judge. */
export interface Work {
  prompt: Content;
  sides?: readonly [Side, Side] | undefined;
}

export interface SessionOptions {
  record: PreferenceRecord;
  annotator: string | null;
  /** What is judged, in this order; without what the annotator has judged before. */
  work: AsyncIterable<Work> | Iterable<Work>;
  /** Where answers to prompts come from; undefined: all work has answers. */
  sources: readonly [AnswerSource, AnswerSource] | undefined;
  /** Part of the tasks that are pairs judged before, with their sides swapped. */
  repeats: number;
  /** Of [0, 1); tests replace it. */
  random?: (() => number) | undefined;
}

/** What someone says of a task. */
export interface Judgment {
  verdict: Verdict;
  edit: string | null;
  strength: number | null;
  note: string | null;
  seconds: number | null;
}

export interface Progress {
  /** Pairs that the annotator has judged, repeats left out. */
  judged: number;
  /** Verdicts that wait for the end of the better answer: not saved yet. */
  pending: number;
  /** Rows of the file of pairs. */
  pairs: number;
  /** What went wrong since: a verdict that was not saved, a file of pairs that was changed. */
  problem: string | null;
}

const pairKeyOf = (prompt: Content, sides: readonly Side[]) =>
  exactJsonText([prompt, sides.map(({ answer }) => exactJsonText(answer)).sort()]);

export class CollectingSession {
  private readonly options: SessionOptions;
  private readonly work: AsyncIterator<Work> | Iterator<Work>;
  /** Keys of prompts and pairs that the annotator has judged, or has in front of them. */
  private readonly taken = new Set<string>();
  /** Tasks that pages show. */
  private readonly open = new Map<string, Task>();
  /** Tasks that come next: taken back, or failed to be saved. */
  private readonly returned: Task[] = [];
  private ahead: Promise<Task | undefined> | undefined;
  private pending = 0;
  private problem: string | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly random: () => number;

  constructor(options: SessionOptions) {
    this.options = options;
    this.random = options.random ?? Math.random;
    const { work, record, annotator } = options;
    this.work = Symbol.asyncIterator in work ? work[Symbol.asyncIterator]() : work[Symbol.iterator]();
    for (const event of record.preferences.events()) {
      if (event.type === "verdict" && event.annotator === annotator) this.take(event.prompt, [event.left, event.right]);
    }
  }

  /**
   * The next task; undefined: everything is judged.
   * @param shown the task that the page has: it stays until it is judged.
   */
  next(shown?: string): Promise<Task | undefined> {
    return this.inTurn(async () => {
      const current = shown === undefined ? undefined : this.open.get(shown);
      if (current) return current;
      const task = this.returned.shift() ?? this.repeat() ?? (await this.takeAhead()) ?? this.oldest();
      if (task) this.open.set(task.id, task);
      this.ahead ??= this.prepare();
      this.ahead.catch(() => {}); // thrown where it is taken
      return task;
    });
  }

  /**
   * A task for a prompt that was typed. @throws ApiError where there is no model to answer it.
   * @param shown the task that the page leaves for it: it comes next.
   */
  ask(prompt: Content, shown?: string): Task {
    const task = this.taskOf({ prompt });
    this.putBack(shown);
    this.open.set(task.id, task);
    return task;
  }

  /** Asks again for answers that failed. */
  retry(id: string): Task {
    const task = this.task(id);
    for (const side of ["left", "right"] as const) {
      if (task[side].state === "failed") task[side] = task[side].again(this.seed());
    }
    return task;
  }

  /** @throws ApiError for one that was judged, in another tab. */
  task(id: string): Task {
    const task = this.open.get(id);
    if (task) return task;
    throw new ApiError(409, "this pair has been judged, in another tab or before a restart", { code: "judged" });
  }

  /**
   * Saves a verdict. A better answer that is still being written is waited for, since it is trained on; the other one
   * is stopped.
   * @returns fulfilled once it is on disk; `saved` is false if it waits, and `progress` says so.
   */
  async judge(id: string, judgment: Judgment): Promise<{ saved: boolean }> {
    const task = this.task(id);
    this.open.delete(id);
    const { verdict, edit } = judgment;
    const better = verdict === "left" || verdict === "right" ? task[verdict] : undefined;
    for (const answer of [task.left, task.right]) if (answer !== better || edit !== null) answer.stop();
    if (better?.state !== "running" || edit !== null) {
      await this.save(task, judgment);
      return { saved: true };
    }
    this.pending++;
    void better.ended
      .then(() => this.save(task, judgment))
      .catch((error) => {
        this.problem = `a verdict was not saved, and its pair comes again: ${(error as Error).message}`;
      })
      .finally(() => {
        this.pending--;
      });
    return { saved: false };
  }

  /**
   * Takes back the annotator's latest verdict: its pair comes next. False: there is none.
   * @param shown the task that the page leaves for it: it comes after that.
   */
  async undo(shown?: string): Promise<boolean> {
    const { record, annotator } = this.options;
    const event = await record.undoLatest(annotator);
    if (event?.type === "verdict") {
      this.putBack(shown);
      this.returned.unshift(taskOfEvent(event));
    }
    this.writePairs();
    return event !== undefined;
  }

  progress(): Progress {
    const { record, annotator } = this.options;
    let judged = 0;
    for (const event of record.preferences.events())
      if (event.type === "verdict" && event.annotator === annotator && !event.repeat) judged++;
    return { judged, pending: this.pending, pairs: record.preferences.pairCount(), problem: this.problem };
  }

  statistics(): PreferenceStatistics {
    return statisticsOf(this.options.record.preferences);
  }

  /** Stops all answers, and waits for verdicts that are being saved. */
  async close(): Promise<void> {
    const tasks = [...this.open.values(), ...this.returned, await this.ahead?.catch(() => undefined)];
    for (const task of tasks) for (const answer of task ? [task.left, task.right] : []) answer.stop();
    while (this.pending > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await this.options.record.written();
  }

  private seed(): number {
    return Math.floor(this.random() * 2 ** 31);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  private putBack(shown: string | undefined): void {
    const task = shown === undefined ? undefined : this.open.get(shown);
    if (!task) return;
    this.open.delete(task.id);
    this.returned.unshift(task);
  }

  private take(prompt: Content, sides: readonly Side[] | undefined): void {
    this.taken.add(promptKey(prompt));
    if (sides) this.taken.add(pairKeyOf(prompt, sides));
  }

  private async takeAhead(): Promise<Task | undefined> {
    const ahead = this.ahead ?? this.prepare();
    this.ahead = undefined;
    return ahead;
  }

  /** Begins the answers of the next work that is not judged. */
  private async prepare(): Promise<Task | undefined> {
    for (let next = await this.work.next(); !next.done; next = await this.work.next()) {
      const { prompt, sides } = next.value as Work;
      if (this.taken.has(sides ? pairKeyOf(prompt, sides) : promptKey(prompt))) continue;
      this.take(prompt, sides);
      return this.taskOf({ prompt, sides });
    }
    return undefined;
  }

  private taskOf({ prompt, sides }: Work): Task {
    const { sources } = this.options;
    if (!sides && !sources) throw new ApiError(400, "there is no model to answer prompts: start with --model");
    const answers = sides
      ? sides.map((side) => LiveAnswer.given(prompt, side))
      : (sources ?? []).map((source) => LiveAnswer.of(prompt, source, this.seed()));
    const [left, right] = this.random() < 0.5 ? answers : answers.toReversed();
    return { id: newTaskId(), prompt, left, right, isRepeat: false };
  }

  /** Now and then, a pair that was judged before. */
  private repeat(): Task | undefined {
    const { record, annotator, repeats } = this.options;
    if (this.random() >= repeats) return undefined;
    return repeatTask(record.preferences.pairGroups(), { annotator, open: this.open.values(), random: this.random });
  }

  /** A task that another page has shown and left. */
  private oldest(): Task | undefined {
    const [task] = this.open.values();
    return task;
  }

  private async save(task: Task, judgment: Judgment): Promise<void> {
    const { record, annotator } = this.options;
    const { verdict, edit, ...said } = judgment;
    const better = verdict === "left" || verdict === "right" ? task[verdict] : undefined;
    try {
      if (better?.problem) throw new PrefineError("hub", better.problem);
      const sides = { left: task.left.side(), right: task.right.side() };
      const edited = edit === null || !better ? null : better.edited(edit);
      const { prompt, isRepeat: repeat } = task;
      await record.append({ type: "verdict", annotator, prompt, ...sides, verdict, edit: edited, repeat, ...said });
    } catch (error) {
      this.returned.push(task);
      throw error;
    }
    this.writePairs();
  }

  /** The file of pairs follows in its own time: all is in the events. */
  private writePairs(): void {
    this.options.record.written().then(
      () => {
        this.problem = null;
      },
      (error: unknown) => {
        const { message, hint } = error as PrefineError;
        this.problem = [message, hint].filter(Boolean).join(" ");
      },
    );
  }
}
