/** @file map by function and by module, here and on threads; errors name the row; the processor ultrafeedback. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { PrefineError } from "../../errors.ts";
import { Dataset } from "./dataset.ts";
import { datasetDict } from "./datasetDict.ts";
import type { Row } from "./features.ts";
import { findProcess } from "./mapModule.ts";
import "./mapThreads.ts";
import { ultrafeedback } from "./ultrafeedback.ts";

const numbers = (n: number): Row[] => Array.from({ length: n }, (_, i) => ({ i, extra: "x" }));
const dropExtra = (row: Row) => void delete row.extra;
const dataset = (n: number) => Dataset.fromRows(numbers(n), "train");

describe("map with a function", () => {
  it.each<[string, (row: Row, index: number) => Row | undefined | Promise<Row | undefined>]>([
    ["changes its row", (row, index) => void Object.assign(row, { i: index + 1 }, delete row.extra && {})],
    [
      "changes and returns its row",
      (row) => {
        delete row.extra;
        return Object.assign(row, { i: (row.i as number) + 1 });
      },
    ],
    ["returns a new row", ({ i }) => ({ i: (i as number) + 1 })],
    ["is asynchronous", async ({ i }) => ({ i: (i as number) + 1 })],
  ])("takes a function that %s", async (_name, fn) => {
    const before = dataset(2500);
    const mapped = await before.map(fn, { load_from_cache_file: false });
    expect(await mapped.to_list()).toEqual(numbers(2500).map(({ i }) => ({ i: (i as number) + 1 })));
    expect([mapped.name, mapped.column_names, before.column_names]).toEqual(["train", ["i"], ["i", "extra"]]);
    expect(await before.at(0)).toEqual({ i: 0, extra: "x" });
  });

  it("names split and row when the function fails, and keeps the code and hint of a PrefineError", async () => {
    const thrown = await failure(dataset(5).map(({ i }) => (i === 3 ? (null as unknown as Row[])[0] : {})));
    expect([thrown.code, thrown.message]).toEqual([
      "data",
      expect.stringMatching(/^train row 3: the function failed: Cannot read/),
    ]);
    const refuse = ({ i }: Row) => {
      if (i === 2) throw new PrefineError("config", "no", "do that");
    };
    const known = await failure(dataset(5).map(refuse));
    expect([known.code, known.message, known.hint]).toEqual(["config", "train row 2: no", "do that"]);
    const wrong = await failure(dataset(1).map(() => [] as unknown as Row));
    expect(wrong.message).toBe("train row 0: expected a row or nothing from the function, it returned a list");
  });

  it("warns once that an inline function does not run on threads", async () => {
    const warnings: string[] = [];
    const onWarning = (line: string) => warnings.push(line);
    const splits = datasetDict([
      ["train", dataset(3)],
      ["test", dataset(2)],
    ]);
    const mapped = await splits.map(dropExtra, { num_proc: 4, onWarning });
    expect([mapped.train.num_rows, mapped.test.column_names, mapped.splitNames]).toEqual([3, ["i"], ["train", "test"]]);
    expect(warnings).toEqual([
      "num_proc=4: an inline function runs on this thread only; give { module: path, export: name } to run it on worker threads",
    ]);
    expect((await failure(dataset(1).map(dropExtra, { num_proc: 0 }))).message).toContain(
      "num_proc: expected a whole number",
    );
  });
});

describe("map with a module", () => {
  let folder: string;
  const file = (name: string) => join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "prefine-map-"));
    const thread = 'import { isMainThread, threadId } from "node:worker_threads";\n';
    writeFileSync(
      file("process.mjs"),
      `${thread}export default (row, index) => { delete row.extra; row.square = index * index; row.thread = isMainThread ? 0 : threadId; };
       export const fail = (row) => { if (row.i % 700 === 699) throw new Error("row " + row.i); return row; };
       export const typed = () => { throw Object.assign(new Error("bad"), { name: "PrefineError", code: "data", hint: "fix it" }); };
       export const list = () => [];
       export const uncopyable = () => ({ fn: () => {} });
       export const exit = () => process.exit(3);
       export const number = 1;`,
    );
    writeFileSync(file("broken.mjs"), "export default (");
    writeFileSync(file("plain.cjs"), "module.exports = (row) => ({ i: row.i });");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([1, 2, 5, 64])("returns the same rows in the same order with num_proc %i", async (num_proc) => {
    const mapped = await (await dataset(3500).map({ module: file("process.mjs") }, { num_proc })).to_list();
    const threads = new Set(mapped.map(({ thread }) => thread));
    expect(mapped.map(({ thread: _, ...row }) => row)).toEqual(
      numbers(3500).map(({ i }) => ({ i, square: (i as number) ** 2 })),
    );
    expect(threads.has(0)).toBe(num_proc === 1);
    if (num_proc > 1) expect(threads.size).toBeGreaterThan(1);
  });

  it("accepts a URL, an export's name and CommonJS", async () => {
    const url = pathToFileURL(file("process.mjs"));
    expect((await dataset(2).map({ module: url, export: "fail" }, { num_proc: 2 })).num_rows).toBe(2);
    expect((await dataset(2).map({ module: url.href, export: "fail" })).num_rows).toBe(2);
    expect(await (await dataset(2).map({ module: file("plain.cjs") }, { num_proc: 2 })).to_list()).toEqual([
      { i: 0 },
      { i: 1 },
    ]);
  });

  it.each<[string, Parameters<Dataset["map"]>[0], RegExp]>([
    [
      "the first row that fails",
      { module: "process.mjs", export: "fail" },
      /^train row 699: the function failed: row 699$/,
    ],
    ["an error of prefine", { module: "process.mjs", export: "typed" }, /^train row 0: bad$/],
    ["a list as the result", { module: "process.mjs", export: "list" }, /^train row 0: expected a row or nothing/],
    [
      "a missing export",
      { module: "process.mjs", export: "absent" },
      /process\.mjs \(absent\): expected an export "absent" that is a function, found default, exit/,
    ],
    [
      "an export that is no function",
      { module: "process.mjs", export: "number" },
      /expected an export "number" that is a function/,
    ],
    ["a module that does not parse", { module: "broken.mjs" }, /broken\.mjs: cannot be loaded: /],
    ["a module that is not there", { module: "absent.mjs" }, /absent\.mjs: cannot be loaded: Cannot find/],
    [
      "a module that ends the thread",
      { module: "process.mjs", export: "exit" },
      /process\.mjs \(exit\): cannot be loaded: its thread ended with 3/,
    ],
  ])("reports %s", async (_name, fn, message) => {
    const module = { ...(fn as { module: string; export?: string }), module: file((fn as { module: string }).module) };
    const error = await failure(dataset(3000).map(module, { num_proc: 3 }));
    expect(error.message).toMatch(message);
    if ("export" in module && module.export === "exit") return; // on this thread it would end the tests
    expect((await failure(dataset(3000).map(module))).message.slice(0, 30)).toBe(error.message.slice(0, 30));
  });

  it("reports a row that cannot be sent between threads", async () => {
    const error = await failure(dataset(3).map({ module: file("process.mjs"), export: "uncopyable" }, { num_proc: 3 }));
    expect(error.message).toMatch(/^train row \d: the function failed: .*could not be cloned/);
  });
});

describe("process: ultrafeedback", () => {
  const talk = (answer: unknown) => [
    { role: "user", content: "Hi" },
    { role: "assistant", content: answer },
  ];
  const row = () => ({
    prompt: "Hi",
    prompt_id: "1",
    chosen: talk("good"),
    rejected: talk("bad"),
    messages: talk("good"),
    score_chosen: 9,
    score_rejected: 1,
  });

  it("equals the course note's process function", async () => {
    expect(
      await Dataset.fromRows([row()])
        .map(ultrafeedback)
        .then((d) => d.to_list()),
    ).toEqual([{ prompt: "Hi", chosen: "good", rejected: "bad" }]);
    const { prompt_id: _, messages: __, score_chosen: ___, ...some } = row();
    expect(ultrafeedback({ ...some, source: "x" })).toEqual({
      prompt: "Hi",
      chosen: "good",
      rejected: "bad",
      source: "x",
    });
  });

  it.each<[string, unknown, string]>([
    ["a text", "good", 'chosen: expected a list of messages ({ role, content }), found "good"'],
    ["no column", undefined, "found no such column"],
    ["no messages", [], "found an empty list"],
    ["no content", [{ role: "user" }], 'found [{"role":"user"}]'],
    ["a long text", "x".repeat(100), `found "${"x".repeat(59)}...`],
  ])("reports the value found: %s", async (_name, chosen, message) => {
    const error = await failure(
      Dataset.fromRows([row(), { ...row(), chosen } as Row], "train_prefs").map(ultrafeedback),
    );
    expect(error.message).toMatch(/^train_prefs row 1: chosen: expected a list of messages/);
    expect(error.message).toContain(message);
    expect(error.hint).toContain("omit `process`");
  });

  it("is found by name; other names are module paths", () => {
    const warnings: string[] = [];
    expect(findProcess("ultrafeedback")).toBe(ultrafeedback);
    expect(findProcess("package.json")).toEqual({ module: join(process.cwd(), "package.json") });
    expect(() => findProcess("ultrafeadback")).toThrow(
      'expected `ultrafeedback` or the path of a module, found "ultrafeadback"',
    );
    return Dataset.fromRows([row()])
      .map(ultrafeedback, { num_proc: 8, onWarning: (line) => warnings.push(line) })
      .then(() => expect(warnings).toEqual([]));
  });
});
