/** @file A record on disk: what a crash, another process or another program leaves, and what becomes of it. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { sideOf } from "../../test/support/preferenceEvents.ts";
import type { NewEvent } from "./events.ts";
import { eventsFileOf, PreferenceRecord } from "./record.ts";

let file: string;
let events: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), "record-")), "pairs.jsonl");
  events = eventsFileOf(file);
});

const verdictOn = (prompt: string, annotator: string | null = null): NewEvent => ({
  ...{ type: "verdict", prompt, left: sideOf("A"), right: sideOf("B"), verdict: "left", annotator },
});
const rowOf = (prompt: string) => ({ prompt, chosen: "A", rejected: "B" });
const rows = () => {
  const text = readFileSync(file, "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
};
async function append(record: PreferenceRecord, ...prompts: string[]) {
  for (const prompt of prompts) await record.append(verdictOn(prompt));
  await record.written();
}

describe("a record", () => {
  test("has its pairs on disk after each event, and goes on where it was", async () => {
    const record = await PreferenceRecord.open(file);
    expect(existsSync(file) || existsSync(events)).toBe(false);
    await append(record, "1");
    expect(rows()).toEqual([rowOf("1")]);
    await append(record, "2");
    const again = await PreferenceRecord.open(file);
    expect(again.notes).toEqual([]);
    await append(again, "3");
    expect(rows()).toEqual(["1", "2", "3"].map(rowOf));
    expect(await again.undoLatest("ann")).toBeUndefined();
    for (const prompt of ["3", "2", "1"]) expect(await again.undoLatest(null)).toMatchObject({ prompt });
    expect(await again.undoLatest(null)).toBeUndefined();
    await again.written();
    expect(rows()).toEqual([]);
  });

  test("writes what many calls at once appended", async () => {
    const record = await PreferenceRecord.open(file);
    const prompts = Array.from({ length: 24 }, (_, i) => `${i}`);
    await Promise.all(prompts.map((prompt) => append(record, prompt)));
    expect(rows()).toEqual(prompts.map(rowOf));
    const writes = readFileSync(events, "utf8").match(/"type":"wrote"/g) ?? [];
    expect(writes.length).toBeLessThan(12); // calls that wait share a write
  });

  test("takes back an event by its id, once", async () => {
    const record = await PreferenceRecord.open(file);
    const { id } = await record.append(verdictOn("1"));
    await append(record, "2");
    await record.undo(id, null);
    await record.written();
    expect(rows()).toEqual([rowOf("2")]);
    await expect(record.undo(id, null)).rejects.toThrow(`undo: expected the id of an event that was not taken back`);
  });

  test("refuses names that are no file of pairs", async () => {
    for (const name of ["pairs", "pairs.json", ".jsonl", "a/.jsonl", "pairs.events.jsonl"]) {
      await expect(PreferenceRecord.open(name)).rejects.toThrow(`${name}: expected the name of a .jsonl file`);
    }
    await expect(PreferenceRecord.read(file)).rejects.toThrow("expected the events of a record of preferences");
  });
});

describe("a crash", () => {
  test("at any byte of an event loses none before it, and the record goes on", async () => {
    await append(await PreferenceRecord.open(file), "1");
    const [whole, pairs] = [events, file].map((path) => readFileSync(path));
    await append(await PreferenceRecord.open(file), "2");
    const after = readFileSync(events);
    const line = after.subarray(whole.length).indexOf("\n") + 1;
    for (let cut = 0; cut <= line; cut += cut < 3 || cut > line - 4 ? 1 : 29) {
      writeFileSync(events, after.subarray(0, whole.length + cut));
      writeFileSync(file, pairs); // not written yet
      const record = await PreferenceRecord.open(file);
      const before = cut === line ? ["1", "2"] : ["1"];
      expect(rows()).toEqual(before.map(rowOf));
      await append(record, "3");
      const saved = cut >= line - 1 ? ["1", "2", "3"] : ["1", "3"]; // whole but for its end: it is one
      expect(rows(), `cut at ${cut}`).toEqual(saved.map(rowOf));
      const again = await PreferenceRecord.open(file);
      expect(again.notes.length).toBe(cut === 0 || cut >= line - 1 ? 0 : 1);
    }
  });

  test("before the pairs are written leaves them to the next start", async () => {
    const record = await PreferenceRecord.open(file);
    for (const prompt of ["1", "2"]) await append(record, prompt);
    for (const left of [undefined, "", `${JSON.stringify(rowOf("1"))}\n`]) {
      rmSync(file);
      if (left !== undefined) writeFileSync(file, left);
      await PreferenceRecord.open(file);
      expect(rows()).toEqual(["1", "2"].map(rowOf));
    }
  });
});

describe("two writers", () => {
  test("both have all events, and so have the pairs", async () => {
    const [one, other] = await Promise.all([PreferenceRecord.open(file), PreferenceRecord.open(file)]);
    const work = async (record: PreferenceRecord, name: string) => {
      for (let i = 0; i < 8; i++) {
        await record.append(verdictOn(`${name} ${i}`, name));
        void record.written(); // not waited for: the next event comes while it is being written
      }
      await record.written();
    };
    await Promise.all([work(one, "ann"), work(other, "ben")]);
    const prompts = ["ann", "ben"].flatMap((name) => Array.from({ length: 8 }, (_, i) => `${name} ${i}`));
    const sorted = (list: object[]) => list.map((row) => JSON.stringify(row)).sort();
    expect(sorted(rows())).toEqual(sorted(prompts.map(rowOf)));
    expect((await PreferenceRecord.open(file)).notes).toEqual([]);
    expect(await one.undoLatest("ben")).toMatchObject({ prompt: "ben 7" });
  });
});

describe("a file of pairs that another program changed", () => {
  const changed = "expected what ";

  test.each<[string, () => void]>([
    ["a row was added", () => appendFileSync(file, '{"prompt":"mine"}\n')],
    ["a row was changed", () => writeFileSync(file, readFileSync(file, "utf8").replace('"A"', '"Z"'))],
    ["it was emptied of all but a line break", () => writeFileSync(file, "\n")],
  ])("%s: is left alone, while events are saved", async (_, change) => {
    const record = await PreferenceRecord.open(file);
    await append(record, "1");
    change();
    const theirs = readFileSync(file, "utf8");
    await record.append(verdictOn("2"));
    await expect(record.written()).rejects.toThrow(changed);
    await expect(PreferenceRecord.open(file)).rejects.toThrow(changed);
    expect(readFileSync(file, "utf8")).toBe(theirs);
    renameSync(file, `${file}.mine`);
    await record.written();
    expect(rows()).toEqual(["1", "2"].map(rowOf));
  });

  test("a file of pairs without events is not a record's", async () => {
    writeFileSync(file, `${JSON.stringify(rowOf("mine"))}\n`);
    await expect(PreferenceRecord.open(file)).rejects.toThrow("expected no file, or one of a record of preferences");
    expect(rows()).toEqual([rowOf("mine")]);
  });
});

describe("a file of events that another program changed", () => {
  test("a changed line counts as it is now, and is noted", async () => {
    await append(await PreferenceRecord.open(file), "1");
    writeFileSync(events, readFileSync(events, "utf8").replace('"verdict":"left"', '"verdict":"right"'));
    const record = await PreferenceRecord.open(file);
    expect(rows()).toEqual([{ prompt: "1", chosen: "B", rejected: "A" }]);
    expect(record.notes).toEqual([
      `${events}: 1 line changed by hand or by another program, which count as they are now (1)`,
    ]);
  });

  test("one that was replaced, cut or deleted while it is open is not appended to", async () => {
    for (const change of [() => rmSync(events), () => writeFileSync(events, "")]) {
      const record = await PreferenceRecord.open(file);
      await append(record, "1");
      const before = readFileSync(events);
      change();
      await expect(record.append(verdictOn("2"))).rejects.toThrow("expected the file that was opened");
      expect(existsSync(events) ? readFileSync(events, "utf8") : "").toBe("");
      writeFileSync(events, before);
    }
  });

  test("another kind of file is refused, and stays", async () => {
    writeFileSync(events, "not events\n");
    await expect(PreferenceRecord.open(file)).rejects.toThrow("line 1: expected JSON");
    expect(readFileSync(events, "utf8")).toBe("not events\n");
    expect(existsSync(file)).toBe(false);
  });
});

test("texts and messages don't mix in one file", async () => {
  const record = await PreferenceRecord.open(file);
  await append(record, "1");
  const [prompt, answer] = ["user", "assistant"].map((role) => [{ role, content: "x" }]);
  const messages = { ...verdictOn("2"), prompt, left: sideOf(answer), right: sideOf(answer) };
  await expect(record.append(messages)).rejects.toThrow("prompt: expected texts, as in the events before it");
  await expect(record.append({ ...messages, prompt: "2" })).rejects.toThrow("left: expected a text, as the prompt is");
  expect(readFileSync(events, "utf8").split("\n").length).toBe(3); // nothing was added
});

test("a place where nothing can be written is an error, not a lost verdict", async () => {
  const record = await PreferenceRecord.open(join(file, "below", "pairs.jsonl"));
  writeFileSync(file, "");
  await expect(record.append(verdictOn("1"))).rejects.toThrow("pairs.jsonl is a file, not a folder");
});
