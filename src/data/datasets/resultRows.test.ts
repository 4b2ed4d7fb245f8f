/** @file The results of map on disk: the same values, notes, order and copies as in memory; a disk that fails. */
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isFloat, keysOf, markFloats, orderedObject } from "../../formats/written.ts";
import { Dataset } from "./dataset.ts";
import type { Row } from "./features.ts";
import { ResultRows } from "./resultRows.ts";
import "./mapThreads.ts";
import "./packRows.ts";

let cache = "";
const before = process.env.PREFINE_CACHE;
beforeEach(() => {
  cache = join(mkdtempSync(join(tmpdir(), "results-")), "cache");
  process.env.PREFINE_CACHE = cache;
});
afterEach(() => {
  if (before === undefined) delete process.env.PREFINE_CACHE;
  else process.env.PREFINE_CACHE = before;
});

class Own {
  readonly x = 1;
}
const shared = { deep: [1] };
const own = new Own();

/** Every kind of value that a function may return. */
function oddRow(i: number): Row {
  const score = { score: i };
  markFloats(score, ["score"]);
  return {
    ...{
      i,
      text: `é ${i} \ud800 €`,
      none: null,
      absent: undefined,
      yes: true,
      big: 2n ** 70n,
      zero: -0,
      nan: Number.NaN,
    },
    ...{ date: new Date(i), list: [1, [2, "b"], null], shared, again: shared, score },
    keys: orderedObject<unknown>([
      ["b", 1],
      ["2", { "10": 1 }],
      ["1", 3],
      ["__proto__", { x: 1 }],
    ]),
    ...(i % 700 === 3 && { own }),
    ...(i % 900 === 5 && { bytes: new Uint8Array([i]) }),
  };
}

const filler = "x".repeat(2000);
const ROWS = 2500;

async function results(mostHeld: number, row = oddRow): Promise<Dataset> {
  const rows = new ResultRows({ mostHeld });
  for (let i = 0; i < ROWS; i++) await rows.add({ filler, ...row(i) });
  expect(rows.length).toBe(ROWS);
  return new Dataset(await rows.end("train"));
}

const numbers = Array.from({ length: ROWS }, (_, i) => i);

describe("results on disk", () => {
  test("equal those in memory, whole, picked, shuffled and one by one", async () => {
    const [memory, disk] = [await results(1e12), await results(0)];
    expect(disk.num_rows).toBe(ROWS);
    expect(disk.features).toEqual(memory.features);
    expect(disk.column_names).toEqual(memory.column_names);
    const [all, expected] = [await disk.to_list(), await memory.to_list()];
    expect(all).toStrictEqual(expected);
    expect(Object.is(all[7].zero, -0)).toBe(true);
    expect(all[3].own).toBe(own);
    const some = numbers.filter((i) => i % 37 === 5).reverse();
    expect(await disk.select(some).to_list()).toEqual(some.map((i) => expected[i]));
    const order = { seed: 3 };
    expect(await disk.shuffle(order).to_list()).toEqual(await memory.shuffle(order).to_list());
    expect(await disk.at(-1)).toEqual(expected[ROWS - 1]);
    expect(await disk.sourceHash()).toBeUndefined();
  });

  test("keep floats and the order of keys, and are copies", async () => {
    const [row] = await (await results(0)).take(1).to_list();
    expect(isFloat(row.score as object, "score", 0)).toBe(true);
    expect(keysOf(row.keys as object)).toEqual(["b", "2", "1", "__proto__"]);
    (row.shared as typeof shared).deep.push(2);
    expect([row.again, shared]).toEqual([{ deep: [1] }, { deep: [1] }]);
  });

  test("leave no file under a name", async () => {
    const disk = await results(0);
    expect(readdirSync(cache)).toEqual([]);
    expect(await disk.at(0)).toMatchObject({ i: 0 });
  });

  test("stay in memory where nothing can be written", async () => {
    writeFileSync(cache, ""); // a file in the way
    expect(await (await results(0)).to_list()).toEqual(await (await results(1e12)).to_list());
  });

  test("of threads come in the order of the rows", async () => {
    const module = join(mkdtempSync(join(tmpdir(), "results-")), "map.mjs");
    writeFileSync(module, "export default ({ i }) => ({ i, text: (i + ' ').repeat(2000) });");
    const rows = await Dataset.fromRows(numbers.map((i) => ({ i }))).map({ module }, { num_proc: 2 });
    const all = await rows.to_list();
    expect(all.map(({ i }) => i)).toEqual(numbers);
    expect(all.every(({ i, text }) => (text as string).startsWith(`${i} ${i} `))).toBe(true);
  });
});
