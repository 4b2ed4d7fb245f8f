/** @file A session: the order of tasks, sides, repeats, early verdicts, undo, failures, and what is stored of each. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { sideOf } from "../../../test/support/preferenceEvents.ts";
import { quickSource, slowSource } from "../../../test/support/slowAnswers.ts";
import type { VerdictEvent } from "../events.ts";
import { PreferenceRecord } from "../record.ts";
import type { AnswerSource } from "./answerSource.ts";
import { CollectingSession, type Judgment, type SessionOptions } from "./session.ts";
import type { Task } from "./task.ts";

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), "session-")), "pairs.jsonl");
});

const promptsOf = (...prompts: string[]) => prompts.map((prompt) => ({ prompt }));
const said = (verdict: Judgment["verdict"], more: Partial<Judgment> = {}): Judgment => ({
  ...{ verdict, edit: null, strength: null, note: null, seconds: null },
  ...more,
});
const both: [AnswerSource, AnswerSource] = [quickSource("base"), quickSource("dpo")];
/** The first source on the left, no repeats. */
const plain = { annotator: null, sources: both, repeats: 0, random: () => 0 };

async function open(options: Partial<SessionOptions> = {}) {
  const record = await PreferenceRecord.open(file);
  return { record, session: new CollectingSession({ record, work: [], ...plain, ...options }) };
}
const taskIn = async (session: CollectingSession): Promise<Task> => {
  const task = await session.next();
  if (!task) throw new Error("internal: no task");
  await Promise.all([task.left.ended, task.right.ended]);
  return task;
};
const eventsOf = (record: PreferenceRecord) => [...record.preferences.events()] as VerdictEvent[];
const rows = () =>
  readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

test("prompts come in order, each once; a second session goes on after them", async () => {
  const work = promptsOf("1", "2", "1", "3");
  const { record, session } = await open({ work });
  for (const verdict of ["left", "skip"] as const) await session.judge((await taskIn(session)).id, said(verdict));
  expect(eventsOf(record).map(({ prompt, verdict }) => [prompt, verdict])).toEqual([
    ["1", "left"],
    ["2", "skip"],
  ]);
  await session.close();
  expect(rows()).toEqual([{ prompt: "1", chosen: "base on 1", rejected: "dpo on 1" }]);
  const again = (await open({ work })).session;
  const task = await taskIn(again);
  expect(task.prompt).toBe("3");
  await again.judge(task.id, said("tie"));
  expect(await again.next()).toBeUndefined();
  expect(again.progress()).toEqual({ judged: 3, pending: 0, pairs: 1, problem: null });
  // another annotator begins with the first
  expect((await taskIn((await open({ work, annotator: "ben" })).session)).prompt).toBe("1");
});

test("stores who wrote which side, with tokens, settings and what was said", async () => {
  const { record, session } = await open({ work: promptsOf("1"), random: () => 0.75, annotator: "ann" });
  const task = await taskIn(session);
  await session.judge(task.id, said("right", { strength: 2, note: "because", seconds: 1.5 }));
  const [event] = eventsOf(record);
  expect(event.left).toMatchObject({ answer: "dpo on 1", source: "dpo", tokens: 3 });
  expect(event.right).toMatchObject({ source: "base", settings: { seed: Math.floor(0.75 * 2 ** 31) } });
  expect(event).toMatchObject({ verdict: "right", strength: 2, note: "because", seconds: 1.5, annotator: "ann" });
});

test("an edit becomes chosen; of messages, the last one's content", async () => {
  const prompt = [{ role: "user", content: "1" }];
  const { session } = await open({ work: [{ prompt }] });
  await session.judge((await taskIn(session)).id, said("right", { edit: "corrected" }));
  await session.close();
  const message = (content: string) => [{ role: "assistant", content }];
  expect(rows()).toEqual([{ prompt, chosen: message("corrected"), rejected: message("dpo on 1") }]);
});

test("the next pair is being written while one is judged, and two tabs have different ones", async () => {
  const source = slowSource("slow");
  const { session } = await open({ work: promptsOf("1", "2", "3", "4"), sources: [source, source] });
  const one = (await session.next()) as Task;
  await sleep(0);
  expect(source.asked.map(({ prompt }) => prompt)).toEqual(["1", "1", "2", "2"]);
  const other = (await session.next()) as Task;
  expect([one.prompt, other.prompt]).toEqual(["1", "2"]);
  expect(await session.next(one.id)).toBe(one); // a tab that was loaded again
  for (const id of [one.id, other.id]) await session.judge(id, said("tie"));
  expect(() => session.task(one.id)).toThrow("this pair has been judged, in another tab");
  await session.close();
  expect(source.asked.every(({ signal }) => signal.aborted)).toBe(true);
});

test("an early verdict stops the worse answer, and is saved once the better one has ended", async () => {
  const source = slowSource("slow");
  const { record, session } = await open({ work: promptsOf("1"), sources: [source, source] });
  const task = (await session.next()) as Task;
  source.write(0, "first half, ");
  source.write(1, "worse");
  await sleep(0);
  expect(await session.judge(task.id, said("left"))).toEqual({ saved: false });
  expect(session.progress()).toMatchObject({ pending: 1, judged: 0 });
  expect(source.asked[1].signal.aborted).toBe(true);
  source.write(0, "second half", 9);
  source.end(0);
  await session.close();
  const [event] = eventsOf(record);
  expect(event.left).toMatchObject({ answer: "first half, second half", tokens: 9 });
  expect(event.left.settings).not.toHaveProperty("cut");
  expect(event.right).toMatchObject({ answer: "worse", settings: { cut: true } });
  expect(session.progress()).toMatchObject({ pending: 0, judged: 1, pairs: 1 });
});

test("an answer that was cut at its longest says so", async () => {
  const cut: AnswerSource = {
    ...quickSource("cut"),
    async *answer() {
      yield { text: "to be", isCut: true };
    },
  };
  const { record, session } = await open({ work: promptsOf("1"), sources: [cut, quickSource("whole")] });
  const task = await taskIn(session);
  expect([task.left.isCut, task.right.isCut]).toEqual([true, false]);
  await session.judge(task.id, said("right"));
  const [{ left, right }] = eventsOf(record);
  expect(left.settings).toMatchObject({ cut: true });
  expect(right.settings).not.toHaveProperty("cut");
});

test("an early verdict for neither stops both, and is saved at once", async () => {
  const source = slowSource("slow");
  const { session } = await open({ work: promptsOf("1"), sources: [source, source] });
  const task = (await session.next()) as Task;
  expect(await session.judge(task.id, said("both bad"))).toEqual({ saved: true });
  expect(source.asked.every(({ signal }) => signal.aborted)).toBe(true);
});

test("an endpoint that dies within an answer: tried again, or its pair comes again", async () => {
  const source = slowSource("slow");
  const { record, session } = await open({ work: promptsOf("1"), sources: [source, source] });
  const task = (await session.next()) as Task;
  source.write(0, "half");
  source.end(1);
  await task.right.ended;
  await session.judge(task.id, said("left"));
  source.end(0, new Error("gone"));
  await session.close();
  expect(eventsOf(record)).toEqual([]);
  expect(session.progress()).toMatchObject({ pending: 0, judged: 0 });
  expect(session.progress().problem).toContain("a verdict was not saved, and its pair comes again: internal: gone");
  const again = (await session.next()) as Task;
  expect(again).toBe(task);
  session.retry(again.id);
  source.write(2, "whole");
  source.end(2);
  await again.left.ended;
  expect(again.left).toMatchObject({ text: "whole", state: "done" });
  await session.judge(again.id, said("left"));
  await session.close();
  expect(rows()).toEqual([{ prompt: "1", chosen: "whole", rejected: "" }]);
  expect(session.progress().problem).toBeNull();
});

test("undo brings pairs back as they were shown, any number of steps", async () => {
  const { record, session } = await open({ work: promptsOf("1", "2", "3"), random: () => 0.75 });
  for (const verdict of ["left", "right"] as const) await session.judge((await taskIn(session)).id, said(verdict));
  expect(await session.undo()).toBe(true);
  expect(await session.undo()).toBe(true);
  expect(await session.undo()).toBe(false);
  expect(eventsOf(record)).toEqual([]);
  const back = await taskIn(session);
  expect([back.prompt, back.left.text]).toEqual(["1", "dpo on 1"]);
  await session.judge(back.id, said("right"));
  expect((await taskIn(session)).prompt).toBe("2");
  await session.close();
  expect(rows()).toEqual([{ prompt: "1", chosen: "base on 1", rejected: "dpo on 1" }]);
});

test("a pair that a page leaves for an undo or a typed prompt comes after it", async () => {
  const { session } = await open({ work: promptsOf("1", "2", "3") });
  await session.judge((await taskIn(session)).id, said("left"));
  const left = await taskIn(session);
  await session.undo(left.id);
  const back = await taskIn(session);
  const typed = session.ask("typed", back.id);
  await session.judge(typed.id, said("skip"));
  const prompts: unknown[] = [];
  for (let task = await session.next(); task; task = await session.next()) {
    prompts.push(task.prompt);
    await session.judge(task.id, said("tie"));
  }
  expect(prompts).toEqual(["1", "2", "3"]);
});

test("repeats show pairs of some time ago with their sides swapped, each once", async () => {
  const work = promptsOf(..."abcdefghij");
  const first = (await open({ work })).session;
  for (let i = 0; i < 8; i++) await first.judge((await taskIn(first)).id, said("left"));
  await first.close();
  const { record, session } = await open({ work, repeats: 1 });
  const prompts: unknown[] = [];
  for (let i = 0; i < 4; i++) {
    const task = await taskIn(session);
    prompts.push(task.prompt);
    expect(task.isRepeat).toBe(i < 3);
    if (task.isRepeat) expect(task.left.text).toBe(`dpo on ${task.prompt}`);
    await session.judge(task.id, said("left"));
  }
  expect(prompts).toEqual(["a", "b", "c", "i"]); // the last five are too fresh
  const repeats = eventsOf(record).filter(({ repeat }) => repeat);
  expect(repeats.map(({ prompt }) => prompt)).toEqual(["a", "b", "c"]);
  expect(session.statistics().self_agreement).toEqual({ n: 3, equal: 0, left_twice: 3, right_twice: 0 });
  expect(session.progress().judged).toBe(9);
});

test("pairs that have answers are judged without a model", async () => {
  const work = [{ prompt: "Q", sides: [sideOf("A", "chosen"), sideOf("B", "rejected")] as const }];
  const { session } = await open({ work, sources: undefined });
  await session.judge((await taskIn(session)).id, said("right"));
  await session.close();
  expect(rows()).toEqual([{ prompt: "Q", chosen: "B", rejected: "A" }]);
  expect(() => session.ask("typed")).toThrow("there is no model to answer prompts");
  const swapped = [{ prompt: "Q", sides: [work[0].sides[1], work[0].sides[0]] as const }];
  expect(await (await open({ work: swapped, sources: undefined })).session.next()).toBeUndefined();
});

test("typed prompts are tasks of their own", async () => {
  const { session } = await open();
  const task = session.ask("typed");
  await task.right.ended;
  await session.judge(task.id, said("right"));
  await session.close();
  expect(rows()).toEqual([{ prompt: "typed", chosen: "dpo on typed", rejected: "base on typed" }]);
});

test("a verdict that can't be saved is an error, and its pair stays", async () => {
  const { session } = await open({ work: promptsOf("1", "2") });
  await session.judge((await taskIn(session)).id, said("left"));
  const events = file.replace(".jsonl", ".events.jsonl");
  const before = readFileSync(events);
  rmSync(events);
  const task = await taskIn(session);
  await expect(session.judge(task.id, said("left"))).rejects.toThrow("expected the file that was opened");
  writeFileSync(events, before);
  expect((await taskIn(session)).prompt).toBe("2");
});

test("a file of pairs that another program changed is a problem that stays until it is moved", async () => {
  const { session } = await open({ work: promptsOf("1", "2", "3") });
  await session.judge((await taskIn(session)).id, said("left"));
  await session.close();
  writeFileSync(file, "mine\n");
  await session.judge((await taskIn(session)).id, said("left"));
  await session.close().catch(() => {});
  expect(session.progress().problem).toContain("a file that was changed by hand or by another program");
  rmSync(file);
  await session.judge((await taskIn(session)).id, said("left"));
  await session.close();
  expect(session.progress().problem).toBeNull();
  expect(rows().length).toBe(3);
});
