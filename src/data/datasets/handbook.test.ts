/** @file alignment-handbook's data: rows in the order of Python's datasets (recipes.json), and conversations. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { Dataset } from "./dataset.ts";
import type { Row } from "./features.ts";
import { loadHandbookMixture, loadMixer, type MixtureData } from "./handbook.ts";
import { takesSystemMessage, withEmptySystemMessage, withTurnsAsPrompt } from "./handbookRows.ts";

interface Fixture {
  versions: Record<string, string>;
  sets: Record<string, Record<string, number>>;
  mixers: { dataset_mixer: Record<string, number>; dataset_splits: string[]; ids: Record<string, string[]> }[];
  mixtures: { dataset_mixture: MixtureData; ids: Record<string, string[]> }[];
}
const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/recipes.json", import.meta.url), "utf8"),
);

let folder: string;
let before: string;
beforeAll(() => {
  before = process.cwd();
  folder = mkdtempSync(join(tmpdir(), "prefine-handbook-"));
  process.chdir(folder);
  for (const [set, splits] of Object.entries(fixture.sets)) {
    mkdirSync(`${set}/data`, { recursive: true });
    for (const [split, count] of Object.entries(splits)) {
      const rows = Array.from({ length: count }, (_, i) => ({ id: `${set}/${split}/${i}`, other: i }));
      put(fileOf(set, split), rows);
    }
  }
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const fileOf = (set: string, split: string) => `${set}/data/${split}-00000-of-00001.jsonl`;
const put = (path: string, rows: Row[]) => writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const idsOf = async (rows: Dataset) => (await rows.to_list()).map(({ id }) => id);

describe(`rows in the order of datasets ${fixture.versions.datasets}`, () => {
  it.each(fixture.mixers)("dataset_mixer $dataset_mixer", async ({ dataset_mixer, dataset_splits, ids }) => {
    const mixed = await loadMixer({ dataset_mixer, dataset_splits }, { seed: 1 });
    expect(mixed.splitNames).toEqual(Object.keys(ids));
    for (const [split, expected] of Object.entries(ids)) expect(await idsOf(mixed.split(split))).toEqual(expected);
  });

  it.each(fixture.mixtures)("dataset_mixture of seed $dataset_mixture.seed", async ({ dataset_mixture, ids }) => {
    const sets = dataset_mixture.datasets.map((one) => ({ ...one, weight: one.weight === undefined ? 1 : one.weight }));
    const data = { ...dataset_mixture, datasets: sets, test_split_size: dataset_mixture.test_split_size ?? null };
    const mixed = await loadHandbookMixture(data, {});
    expect(mixed.splitNames.toSorted()).toEqual(Object.keys(ids).toSorted());
    for (const [split, expected] of Object.entries(ids)) expect(await idsOf(mixed.split(split))).toEqual(expected);
  });

  it("reads one side only where the other is not needed", async () => {
    const mixer = { dataset_mixer: { a: 1 }, dataset_splits: ["train_prefs", "test_nowhere"] };
    expect((await loadMixer(mixer, { split: ["train"], seed: 1 })).splitNames).toEqual(["train"]);
    expect(await failure(loadMixer(mixer, { seed: 1 }))).toMatchObject({ code: "data" });
  });

  it("holds rows out where no split is a test split", async () => {
    const data = { dataset_mixer: { a: 1 }, dataset_splits: ["train_prefs"], test_split_size: 3 };
    const { train, test } = await loadMixer(data, { seed: 5 });
    expect([train.num_rows, test.num_rows]).toEqual([10, 3]);
    expect(await idsOf((await loadMixer(data, { seed: 5, split: ["test"] })).test)).toEqual(await idsOf(test));
  });

  it("reads a folder per split", async () => {
    for (const split of ["train_x", "test_x"]) {
      mkdirSync(`folders/${split}`, { recursive: true });
      put(`folders/${split}/rows.jsonl`, [{ id: split }]);
    }
    const dataset_splits = ["train_x", "test_x"];
    const { train, test } = await loadMixer({ dataset_mixer: { folders: 1 }, dataset_splits }, { seed: 1 });
    expect([await idsOf(train), await idsOf(test)]).toEqual([["train_x"], ["test_x"]]);
  });

  it("takes the share of its own set for each of several training splits", async () => {
    const dataset_splits = ["train_prefs", "train_more"];
    put(fileOf("a", "train_more"), [{ id: "more/0" }, { id: "more/1" }]);
    const { train } = await loadMixer({ dataset_mixer: { a: 0.5 }, dataset_splits }, { seed: 1 });
    expect((await idsOf(train)).filter((id) => String(id).startsWith("more"))).toEqual(["more/0"]);
    expect(train.num_rows).toBe(7);
    rmSync(fileOf("a", "train_more"));
  });
});

describe("conversations beside a prompt that is a text", () => {
  const user = (content: string) => ({ role: "user", content });
  const assistant = (content: string) => ({ role: "assistant", content });
  const rows = [
    { prompt: "2 + 2?", chosen: [user("2 + 2?"), assistant("4")], rejected: [user("2 + 2?"), assistant("5")] },
    {
      prompt: "b",
      chosen: [{ role: "system", content: "s" }, user("b"), assistant("c"), user("d"), assistant("e")],
      rejected: [user("other turns"), assistant("f")],
    },
  ];

  it("have all turns but the last of chosen as their prompt, as alignment-handbook's", async () => {
    const read = withTurnsAsPrompt(Dataset.fromRows(rows));
    expect(read.features.prompt).toEqual(read.features.chosen);
    expect(await read.to_list()).toEqual([
      { prompt: [user("2 + 2?")], chosen: [assistant("4")], rejected: [assistant("5")] },
      { prompt: rows[1].chosen.slice(0, -1), chosen: [assistant("e")], rejected: [assistant("f")] },
    ]);
    const texts = Dataset.fromRows([{ prompt: "a", chosen: "b", rejected: "c" }]);
    expect(await withTurnsAsPrompt(texts).to_list()).toEqual(await texts.to_list());
    const conversation = Dataset.fromRows([{ ...rows[0], prompt: [user("2 + 2?")] }]);
    expect(await withTurnsAsPrompt(conversation).to_list()).toEqual(await conversation.to_list());
  });

  it("begin with an empty system message where the template has one", async () => {
    expect(takesSystemMessage("{% if m['role'] == 'system' %}")).toBe(true);
    expect(takesSystemMessage("<|im_start|>{{ m['role'] }}")).toBe(true);
    expect(takesSystemMessage("[INST] {{ m['content'] }} [/INST]")).toBe(false);
    const [first, second] = await withEmptySystemMessage(withTurnsAsPrompt(Dataset.fromRows(rows))).to_list();
    expect(first.prompt).toEqual([{ role: "system", content: "" }, user("2 + 2?")]);
    expect(second.prompt).toEqual(rows[1].chosen.slice(0, -1));
  });

  it("keep the columns of preferences, so that other columns of two sets need not match", async () => {
    for (const [set, extra] of [
      ["x", { score: 1 }],
      ["y", { score: "high" }],
    ] as const) {
      mkdirSync(set);
      put(`${set}/train.jsonl`, [{ ...rows[0], ...extra }]);
    }
    const { train } = await loadMixer({ dataset_mixer: { x: 1, y: 1 }, dataset_splits: ["train"] }, { seed: 1 });
    expect(train.column_names).toEqual(["prompt", "chosen", "rejected"]);
  });
});
