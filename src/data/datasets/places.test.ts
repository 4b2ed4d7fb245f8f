/** @file Messages name a row's file and its number there, whatever was done with the rows since. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byteTokenizer } from "../../../test/support/byteTokenizer.ts";
import type { PrefineError } from "../../errors.ts";
import { rowNames } from "../../phrases.ts";
import { type Rows, tokenizeRows } from "../../training/prepare/rows.ts";
import { toPreferences } from "../shapes/toPreferences.ts";
import { Dataset } from "./dataset.ts";
import { loadDataset } from "./loadDataset.ts";
import { loadMixture } from "./mixture.ts";
import { ultrafeedback } from "./ultrafeedback.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-places-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const row = (i: number) => ({ id: i, prompt: `q${i}`, chosen: "yes", rejected: "no" });
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${JSON.stringify(row(from + i))}\n`).join("");

let a = "";
let b = "";
let rows: Dataset;
beforeAll(async () => {
  [a, b] = [write("a.jsonl", lines(0, 5)), write("b.jsonl", lines(5, 9))];
  rows = (await loadDataset(undefined, { data_files: [a, b] })).train;
});

/** The name of each row, and that of the row of a file that it must be. */
async function namesOf(some: Dataset): Promise<[names: string[], expected: string[]]> {
  const ids = (await some.to_list()).map(({ id }) => Number(id));
  const nameOf = rowNames("train", some);
  const expected = ids.map((id, i) => {
    const [path, place] = id < 5 ? [a, id] : [b, id - 5];
    return place === i ? `train row ${i} (${path})` : `train row ${i} (${path} row ${place})`;
  });
  return [ids.map((_, i) => nameOf(i)), expected];
}

test.each<[string, (all: Dataset) => Dataset | Promise<Dataset>]>([
  ["read", (all) => all],
  ["filter", (all) => all.filter(({ id }) => Number(id) % 2 === 1)],
  ["shuffle", (all) => all.shuffle({ seed: 1 })],
  ["select of a shuffle", (all) => all.shuffle({ seed: 1 }).select([3, 0, 3])],
  ["split", (all) => all.train_test_split({ test_size: 4, seed: 1 }).test],
  ["sort", (all) => all.sort("id", { reverse: true })],
  [
    "columns",
    (all) => all.select_columns(["id", "chosen"]).rename_column("chosen", "good").add_column("n", Array(9).fill(1)),
  ],
  ["a column of a shuffle", (all) => all.shuffle({ seed: 2 }).add_column("n", Array(9).fill(1))],
  ["map", (all) => all.map(({ id }) => ({ id, chosen: "x".repeat(3) }))],
  ["map of a filter", async (all) => (await all.filter(({ id }) => id !== 0)).map((one) => one)],
  ["filter of a map", async (all) => (await all.map((one) => one)).filter(({ id }) => id !== 6)],
  ["concatenate", (all) => Dataset.concatenate([all.select([7]), all.skip(4)], "train")],
  ["a conversion", (all) => toPreferences(all, { map: { chosen: "rejected", rejected: "chosen" } })],
])("%s", async (_, change) => {
  const [names, expected] = await namesOf(await change(rows));
  expect(names).toEqual(expected);
  expect(names.length).toBeGreaterThan(0);
});

test("rows in memory have no file", async () => {
  expect(rowNames("train", Dataset.from_list([row(0)]))(0)).toBe("train row 0");
  expect(rowNames("train", [row(0)])(0)).toBe("train row 0");
});

const observer = { info() {}, warn() {}, start() {}, step() {}, status() {}, metrics() {}, end() {} };
const failure = async (some: Rows, chat_template: string | null = null): Promise<string> => {
  const tokenizer = Object.assign(byteTokenizer(), { chat_template });
  const options = { observer: observer as never, split: "train", max_length: null };
  return tokenizeRows(some, tokenizer, options).then(
    () => "",
    (error: PrefineError) => error.message,
  );
};
const say = (role: string, content: unknown) => [{ role, content }];
const talk = (content: unknown) => ({
  prompt: say("user", content),
  chosen: say("assistant", "y"),
  rejected: say("assistant", "n"),
});
const TEMPLATE =
  "{% for m in messages %}{% if m.role == 'critic' %}{{ raise_exception('no critic') }}{% endif %}" +
  "{{ m.content + '' }}{{ eos_token }}{% endfor %}";

describe("a bad row in the middle", () => {
  const bad = (text: unknown) => `${lines(0, 2)}${JSON.stringify(text)}\n${lines(0, 1)}`;
  const chats = (text: unknown) => [talk("a"), talk("b"), text].map((one) => `${JSON.stringify(one)}\n`).join("");
  test.each<[string, string, string, string, string?]>([
    ["a number in jsonl", "c.jsonl", bad({ ...row(2), chosen: 7 }), 'expected "chosen" to be a string'],
    ["null in json", "c.json", JSON.stringify([row(0), row(1), { ...row(2), chosen: null }]), "found null"],
    ["a number in csv", "c.csv", "prompt,chosen,rejected\na,b,c\nd,e,f\ng,,h\n", "found null"],
    ["an empty prompt", "c.jsonl", bad({ ...row(2), prompt: "", question: "Why so?" }), "expected a prompt"],
    ["a role", "c.jsonl", chats({ ...talk("c"), prompt: say("critic", "c") }), "no critic", TEMPLATE],
    ["no content", "c.jsonl", chats(talk(null)), 'found null in message 0 ("user")', TEMPLATE],
    ["a number as content", "c.jsonl", chats(talk(5)), 'found 5 in message 0 ("user")', TEMPLATE],
    ["an object as content", "c.jsonl", chats(talk({ a: 1 })), "found an object with a in message 0", TEMPLATE],
    [
      "wrong parts",
      "c.jsonl",
      chats(talk([{ type: "text" }])),
      "found a list whose part 0 is a text part without",
      TEMPLATE,
    ],
  ])("%s", async (_, name, text, reason, template) => {
    const path = write(name, text);
    const { train } = await loadDataset(path);
    expect(await failure(train, template)).toMatch(new RegExp(`^train row 2 \\(${path}\\): `));
    expect(await failure(train, template)).toContain(reason);
    const first = write("first.jsonl", text.startsWith('{"prompt":[') ? chats(talk("d")) : lines(0, 3));
    if (name.endsWith(".csv")) return;
    const both = await loadDataset(undefined, { data_files: [first, path] });
    expect(await failure(both.train, template)).toContain(`train row 5 (${path} row 2): `);
  });

  test("in a mixture", async () => {
    const [first, second] = [
      write("first.jsonl", lines(0, 3)),
      write("second.jsonl", bad({ ...row(2), chosen: null })),
    ];
    const { train } = await loadMixture([{ path: first }, { path: second }], { test_split_size: null, seed: 1 });
    expect(await failure(train)).toContain(`train row 5 (${second} row 2): `);
  });

  test("in a function", async () => {
    const fails = rows.shuffle({ seed: 1 }).map(({ id }) => (id === 6 ? (undefined as never as { x: never }).x : {}));
    await expect(fails).rejects.toThrow(/^train row \d \(.*b\.jsonl row 1\): the function failed/);
    await expect(rows.map(ultrafeedback)).rejects.toThrow(`train row 0 (${a}): `);
  });
});
