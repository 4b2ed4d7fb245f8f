/** @file recordPreference: an app's choices, edits and thumbs in a record, and what a call may not say. */
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { recordPreference } from "./recordPreference.ts";
import { preferenceStatistics, winRate } from "./winRate.ts";

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), "app-")), "pairs.jsonl");
});
const rows = () => {
  const text = readFileSync(file, "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
};

test("a kept answer is better than a regenerated one, an edited one than the answer as it was, a thumb up than down", async () => {
  await recordPreference({ file, prompt: "1", chosen: "A", rejected: "B", annotator: "ann", strength: 3, note: "n" });
  await recordPreference({ file, prompt: "2", answer: "A", edited: "A, corrected" });
  await recordPreference({ file, prompt: "3", answer: "A", thumb: "up", source: "dpo" });
  expect(rows().length).toBe(2);
  await recordPreference({ file, prompt: "3", answer: "B", thumb: "down" });
  expect(rows()).toEqual([
    { prompt: "1", chosen: "A", rejected: "B" },
    { prompt: "2", chosen: "A, corrected", rejected: "A" },
    { prompt: "3", chosen: "A", rejected: "B" },
  ]);
  const statistics = await preferenceStatistics(file);
  expect(statistics).toMatchObject({ pairs: 3, edits: 1, thumbs: { up: 1, down: 1 }, left: { n: 0 } });
});

test("answers to messages become messages", async () => {
  const prompt = [{ role: "user", content: "Q" }];
  await recordPreference({ file, prompt, chosen: "A", rejected: [{ role: "assistant", content: "B" }] });
  const [chosen, rejected] = ["A", "B"].map((content) => [{ role: "assistant", content }]);
  expect(rows()).toEqual([{ prompt, chosen, rejected }]);
});

test("an event can be taken back; a user may change their mind; sources have a win rate", async () => {
  const names = { chosen_source: "dpo", rejected_source: "base" };
  const { id } = await recordPreference({ file, prompt: "1", chosen: "A", rejected: "B", ...names });
  await recordPreference({ file, prompt: "2", chosen: "A", rejected: "B", ...names });
  await recordPreference({ file, prompt: "2", chosen: "B", rejected: "A" });
  expect(rows()).toEqual([
    { prompt: "1", chosen: "A", rejected: "B" },
    { prompt: "2", chosen: "B", rejected: "A" },
  ]);
  expect(await winRate(file, { of: "dpo" })).toMatchObject({ wins: 1, losses: 0, left: { n: 0 } });
  expect(await recordPreference({ file, undo: id })).toEqual({ id });
  expect(rows()).toEqual([{ prompt: "2", chosen: "B", rejected: "A" }]);
});

test("calls at once are all recorded, under all names of the file", async () => {
  const prompts = Array.from({ length: 30 }, (_, i) => `${i}`);
  const record = (prompt: string, i: number) =>
    recordPreference({ file: i % 2 ? file : `${dirname(file)}/./pairs.jsonl`, prompt, chosen: "A", rejected: "B" });
  await Promise.all(prompts.map(record));
  expect(rows().map(({ prompt }) => prompt)).toEqual(prompts);
});

test("a file that another program changed stays; once it is moved, calls work again, with all events", async () => {
  const say = (prompt: string) => recordPreference({ file, prompt, chosen: "A", rejected: "B" });
  await say("1");
  writeFileSync(file, "mine\n");
  await expect(say("2")).rejects.toThrow("a file that was changed by hand or by another program");
  expect(readFileSync(file, "utf8")).toBe("mine\n");
  renameSync(file, `${file}.mine`);
  await say("3");
  expect(rows().map(({ prompt }) => prompt)).toEqual(["1", "2", "3"]);
});

describe("wrong input", () => {
  test.each<[object, string]>([
    [{}, "file: expected a text, found nothing"],
    [{ file: "" }, "file: expected a text, found"],
    [{ file: "pairs.json", undo: "1" }, "expected the name of a .jsonl file"],
    [
      { prompt: "Q" },
      "expected prompt, chosen, rejected; or prompt, answer, edited; or prompt, answer, thumb; or undo",
    ],
    [{ prompt: "Q", chosen: "A" }, "found prompt, chosen"],
    [{ prompt: "Q", chosen: "A", rejected: "B", thumb: "up" }, "found prompt, chosen, rejected, thumb"],
    [{ prompt: "Q", answer: "A", thumb: "up", strength: 1 }, "found prompt, answer, thumb, strength"],
    [{ prompt: "Q", answer: "A", thumb: 1 }, "thumb: expected one of up, down, found 1"],
    [{ prompt: "Q", chosen: "A", rejected: ["B"] }, "rejected: expected a text or a list of messages, found a list"],
    [{ prompt: "Q", chosen: "A", rejected: [{ role: "assistant" }] }, "right: expected a text, as the prompt is"],
    [{ prompt: "Q", chosen: "A", rejected: "B", strength: 0 }, "strength: expected an integer from 1 to 3"],
    [{ undo: "1" }, 'undo: expected the id of an event that was not taken back, found "1"'],
    [{ promt: "Q" }, "promt: unknown option; did you mean prompt?"],
  ])("%j", async (input, message) => {
    const given = "file" in input || message.startsWith("file") ? input : { file, ...input };
    await expect(recordPreference(given as never)).rejects.toThrow(message);
  });
});
