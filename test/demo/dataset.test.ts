/** @file The embedded dataset: its promised properties, and that the scripts make the committed files. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { type Entry, makeEntries } from "../../scripts/demo/entries.ts";
import { writeDataset } from "../../scripts/demo/writeDataset.ts";
import type { DatasetDict } from "../../src/data/datasets/datasetDict.ts";
import { loadDataset } from "../../src/data/datasets/loadDataset.ts";

const OCTANE = "Is a higher octane gasoline better for your car?";
const folder = fileURLToPath(new URL("../../demo/everyday-preferences", import.meta.url));

const words = (text: string) => text.split(/\s+/).filter(Boolean);
const shareOfWords = (a: ReadonlySet<string>, b: ReadonlySet<string>) => {
  const common = [...a].filter((word) => b.has(word)).length;
  return common / (a.size + b.size - common);
};

interface Row {
  prompt: string;
  prompt_id: string;
  chosen: { content: string; role: string }[];
  rejected: { content: string; role: string }[];
  messages: { content: string; role: string }[];
  score_chosen: number;
  score_rejected: number;
}

describe("questions and answers", () => {
  let entries: Entry[];
  beforeAll(() => {
    entries = makeEntries();
  });

  it("are several hundred, of which at least 60 are held out, the note's among them", () => {
    const heldOut = entries.filter((entry) => entry.heldOut);
    expect(entries.length).toBeGreaterThanOrEqual(420);
    expect(heldOut.length).toBeGreaterThanOrEqual(60);
    expect(heldOut.map(({ prompt }) => prompt)).toContain(OCTANE);
  });

  it("are plain ASCII, questions with a question mark, answers as sentences after a space", () => {
    for (const { prompt, direct, rambling } of entries) {
      expect(prompt).toMatch(/^[A-Z][ -~]*[^ ]\?$/);
      expect(direct).toMatch(/^ [A-Z0-9][ -~]*\.$/);
      expect(rambling).toMatch(/^ [A-Z][ -~]*\.$/);
      expect(`${direct}${rambling}`).not.toMatch(/ {2}|\{|\}/);
    }
  });

  it("are long or short, depending on the style", () => {
    const outside = entries.flatMap(({ direct, rambling }) => {
      const [short, long] = [words(direct).length, words(rambling).length];
      return short >= 8 && short <= 25 && long >= 35 && long <= 60 ? [] : [`${short}, ${long}: ${direct}`];
    });
    expect(outside).toEqual([]);
  });

  it("have no two nearly equal questions", () => {
    const sets = entries.map(({ prompt }) => new Set(prompt.toLowerCase().match(/[a-z0-9']+/g)));
    const close = entries.flatMap(({ prompt }, i) =>
      entries
        .slice(0, i)
        .flatMap((other, j) => (shareOfWords(sets[i], sets[j]) > 0.75 ? [[prompt, other.prompt]] : [])),
    );
    expect(close).toEqual([]);
    expect(new Set(entries.map(({ direct }) => direct)).size).toBe(entries.length);
  });

  it("ramble in many ways, about half of them with the answer somewhere", () => {
    const beginnings = new Set(entries.map(({ rambling }) => words(rambling).slice(0, 4).join(" ")));
    expect(beginnings.size).toBeGreaterThan(60);
    const withPoint = entries.filter(({ direct, rambling, hasPoint }) => rambling.includes(direct) === hasPoint);
    expect(withPoint).toHaveLength(entries.length);
    const share = entries.filter(({ hasPoint }) => hasPoint).length / entries.length;
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.65);
  });
});

describe("demo/everyday-preferences", () => {
  let ds: DatasetDict;
  const rowsOf = async (split: string) => (await ds.split(split).to_list()) as unknown as Row[];
  beforeAll(async () => {
    ds = await loadDataset(folder);
  });

  it("has ultrafeedback_binarized's six splits and seven features", () => {
    expect(ds.splitNames).toEqual(["train_prefs", "train_sft", "test_prefs", "test_sft", "train_gen", "test_gen"]);
    const text = { kind: "value", dtype: "string" };
    const score = { kind: "value", dtype: "float64" };
    const messages = { kind: "list", of: { kind: "struct", fields: { content: text, role: text } } };
    for (const split of ds.splitNames) {
      expect(Object.entries(ds.split(split).features)).toEqual([
        ["prompt", text],
        ["prompt_id", text],
        ["chosen", messages],
        ["rejected", messages],
        ["messages", messages],
        ["score_chosen", score],
        ["score_rejected", score],
      ]);
    }
  });

  it("keeps the prompts of the test splits out of the train splits", async () => {
    const prompts = async (kind: string) => {
      const splits = ["prefs", "sft", "gen"].map((name) => rowsOf(`${kind}_${name}`));
      return new Set((await Promise.all(splits)).flat().map(({ prompt }) => prompt));
    };
    const [train, test] = [await prompts("train"), await prompts("test")];
    expect([...test].filter((prompt) => train.has(prompt))).toEqual([]);
    expect((await rowsOf("test_prefs")).map(({ prompt }) => prompt)).toContain(OCTANE);
    expect(test.size).toBeGreaterThanOrEqual(60);
    expect(train.size + test.size).toBe(makeEntries().length);
  });

  it("has records like ultrafeedback's", async () => {
    for (const row of [...(await rowsOf("train_prefs")), ...(await rowsOf("test_prefs"))]) {
      expect(row.prompt_id).toBe(createHash("sha256").update(row.prompt).digest("hex"));
      expect(row.chosen[0]).toEqual({ content: row.prompt, role: "user" });
      expect(row.rejected[0]).toEqual(row.chosen[0]);
      expect([row.chosen.length, row.rejected.length, row.chosen[1].role]).toEqual([2, 2, "assistant"]);
      expect(row.messages).toEqual(row.chosen);
      expect(row.score_chosen).toBeGreaterThan(row.score_rejected);
    }
  });

  it("equals the scripts' output byte for byte", () => {
    const made = mkdtempSync(join(tmpdir(), "prefine-data-"));
    writeDataset(made, makeEntries());
    const files = readdirSync(made, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("."));
    expect(files).toHaveLength(7);
    for (const name of files)
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(made, name)))).toBe(true);
  });
});
