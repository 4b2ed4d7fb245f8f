/** @file Streams of rows: in the order of Python's datasets; files and the hub are read only as rows are asked for. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { sharedHubExists, startServePy } from "../../../test/support/localHub.ts";
import { failure } from "../../../test/support/outcomes.ts";
import { sharedFolder } from "../../../test/support/shared.ts";
import type { Row } from "./features.ts";
import { IterableDataset } from "./iterableDataset.ts";
import { loadDataset } from "./loadDataset.ts";

const { rows: expected } = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/streaming.json", import.meta.url), "utf8"),
) as { rows: Record<string, number[]> };

const folder = mkdtempSync(join(tmpdir(), "prefine-stream-"));
afterAll(() => rmSync(folder, { recursive: true }));

const numbers = () => Array.from({ length: 25 }, (_, i) => ({ i, square: i * i }));
const counting = () => IterableDataset.from_generator(numbers);
async function all(rows: AsyncIterable<Row>): Promise<Row[]> {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
}
const indices = async (rows: AsyncIterable<Row>) => (await all(rows)).map(({ i }) => i);

describe("the rows of datasets 5.2", () => {
  const changes: Record<string, (rows: IterableDataset) => IterableDataset> = {
    shuffle_10: (rows) => rows.shuffle({ seed: 42, buffer_size: 10 }),
    shuffle_7: (rows) => rows.shuffle({ seed: 3, buffer_size: 7 }),
    shuffle_all: (rows) => rows.shuffle({ seed: 1 }),
    skip_take: (rows) => rows.skip(5).take(4),
    filter: (rows) => rows.filter(({ i }) => (i as number) % 3 === 1),
    map: (rows) => rows.map(({ i, square }) => ({ i: (i as number) + (square as number), square })),
    take_shuffle: (rows) => rows.take(9).shuffle({ seed: 5, buffer_size: 4 }),
  };
  test.each(Object.entries(changes))("%s", async (name, change) => {
    expect(await indices(change(counting()))).toEqual(expected[name]);
    expect(Object.keys(expected).sort()).toEqual(Object.keys(changes).sort());
  });
});

describe("a stream", () => {
  test("can be read again, gives copies, and another order in another epoch", async () => {
    const rows = counting().shuffle({ seed: 42, buffer_size: 10 });
    const first = await all(rows);
    for (const row of first) row.i = -1;
    expect(await indices(rows)).toEqual(expected.shuffle_10);
    rows.set_epoch(1);
    const second = await indices(rows);
    expect(second).not.toEqual(expected.shuffle_10);
    expect(second.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers().map(({ i }) => i));
  });

  test("reads no further than its reader", async () => {
    let made = 0;
    const rows = IterableDataset.from_generator(function* () {
      for (;;) yield { i: made++ };
    });
    expect(await indices(rows.map(({ i }) => ({ i })).take(3))).toEqual([0, 1, 2]);
    expect(made).toBeLessThanOrEqual(4);
  });

  test("changes columns, and names those that are not there", async () => {
    const rows = counting().take(2);
    expect(await all(rows.rename_columns({ i: "square", square: "i" }))).toEqual([
      { square: 0, i: 0 },
      { square: 1, i: 1 },
    ]);
    expect(await all(rows.remove_columns("square"))).toEqual([{ i: 0 }, { i: 1 }]);
    expect(await all(rows.select_columns(["square"]))).toEqual([{ square: 0 }, { square: 1 }]);
    const typed = IterableDataset.of("train", [], { i: { kind: "value", dtype: "int64" } });
    expect((await failure(all(rows.rename_column("i", "square")))).message).toContain("two columns would be called");
    for (const change of [rows.remove_columns("j"), rows.select_columns(["i", "j"]), rows.rename_column("j", "k")])
      expect((await failure(all(change))).message).toContain('no column "j": the columns are i, square');
    expect(() => typed.remove_columns("j")).toThrow('train: no column "j": the columns are i');
  });

  test("names the row on which a function fails", async () => {
    const fails = (row: Row) => {
      if (row.i === 7) throw new Error("seven");
      return row;
    };
    expect((await failure(all(counting().map(fails)))).message).toBe("rows row 7: the function failed: seven");
    const keeps = (row: Row) => fails(row) !== undefined;
    expect((await failure(all(counting().filter(keeps)))).message).toContain("rows row 7: ");
  });

  test.each([
    [() => counting().take(-1), "take: expected an integer of at least 0, found -1"],
    [() => counting().skip("3" as never), 'skip: expected an integer of at least 0, found "3"'],
    [() => counting().shuffle({} as never), "seed"],
    [() => counting().shuffle({ seed: 1, buffer: 3 } as never), "buffer"],
    [() => counting().map(3 as never), "map: expected a function"],
    [() => IterableDataset.from_generator([] as never), "from_generator: expected a function"],
  ])("refuses wrong arguments: %#", (call, message) => {
    expect(() => call()).toThrow(message);
  });
});

describe("files", () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const lines = numbers().map((row) => JSON.stringify(row));

  test.each([
    ["a.jsonl", lines.join("\n")],
    ["b.json", `[${lines.join(",\n")}]`],
    ["c.json", lines.join("")],
    ["d.csv", ["i,square", ...numbers().map(({ i, square }) => `${i},${square}`)].join("\n")],
  ])("%s: the rows of the file, and of a Dataset", async (name, text) => {
    const path = write(name, text);
    const streamed = await loadDataset(path, { streaming: true });
    expect(streamed.splitNames).toEqual(["train"]);
    expect(streamed.train.features).toBeNull();
    expect(await all(streamed.train)).toEqual(numbers());
    expect(await all(streamed.train)).toEqual(await (await loadDataset(path)).train.to_list());
  });

  test("a bad row is named when it is reached; rows before it come", async () => {
    const path = write("bad.jsonl", [...lines.slice(0, 3), "{", ...lines].join("\n"));
    const { train } = await loadDataset(path, { streaming: true });
    expect((await failure(all(train))).message).toContain("bad.jsonl:4: expected a row as a JSON object");
  });

  test("splits join as a whole; ranges need a number of rows", async () => {
    mkdirSync(join(folder, "splits"));
    writeFileSync(join(folder, "splits", "train.jsonl"), lines.slice(0, 3).join("\n"));
    writeFileSync(join(folder, "splits", "test.jsonl"), lines.slice(3, 5).join("\n"));
    const load = (split: string) => loadDataset(join(folder, "splits"), { split, streaming: true });
    expect(await indices((await load("test+train")).split("test+train"))).toEqual([3, 4, 0, 1, 2]);
    expect(await indices((await load("all")).split("all"))).toEqual([0, 1, 2, 3, 4]);
    const message = 'split "train[:2]": expected whole splits with streaming, found a range of rows';
    expect((await failure(load("train[:2]"))).message).toBe(message);
  });
});

/** The hub's dataset of parquet files. */
const ULTRAFEEDBACK = "BarraHome/ultrafeedback_binarized";

describe.skipIf(!sharedHubExists)("the hub (skipped without ../shared)", () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    while (stops.length > 0) await stops.pop()!();
  });

  async function load(...args: string[]) {
    const hub = await startServePy(join(sharedFolder, "reference/hub"), ...args);
    stops.push(() => hub.stop());
    const access = {
      endpoint: hub.endpoint,
      cacheDir: join(folder, `cache${args}`),
      token: false as const,
      retryDelayMs: 1,
    };
    const streamed = await loadDataset(ULTRAFEEDBACK, { ...access, split: "train_prefs", streaming: true });
    const plain = () => loadDataset(ULTRAFEEDBACK, { ...access, split: "train_prefs" });
    return { hub, streamed: streamed.train_prefs, plain, cache: access.cacheDir };
  }

  test("only ranges of the files are requested, no data is stored, and the rows are those of a download", async () => {
    const { hub, streamed, plain, cache } = await load();
    const some = await all(streamed.take(2));
    const data = (await hub.downloads()).filter(({ path }) => path.includes("train_prefs"));
    expect(data.length).toBeGreaterThan(0);
    expect(data.every(({ range }) => range !== null)).toBe(true);
    const stored = readdirSync(cache, { recursive: true }).map(String);
    expect(stored.filter((path) => path.endsWith(".parquet"))).toEqual([]);
    const whole = await all(streamed);
    expect(whole.slice(0, 2)).toEqual(some);
    expect(whole).toEqual(await (await plain()).train_prefs.to_list());
  });

  test("a connection that is cut goes on where it was", async () => {
    const { streamed, plain } = await load("--fault", "cut");
    expect(await all(streamed)).toEqual(await (await plain()).train_prefs.to_list());
  });
});
