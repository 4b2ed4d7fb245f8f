/** @file Long work over rows: timers fire meanwhile, and a signal stops it, even inside a function of a module. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { Dataset } from "./dataset.ts";
import type { Row } from "./features.ts";
import { loadDataset } from "./loadDataset.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-map-"));
afterAll(() => rmSync(folder, { recursive: true }));
const rows = Dataset.from_list(
  Array.from({ length: 2000 }, (_, i) => ({ i })),
  "train",
);

/** Works for some milliseconds. */
function work(milliseconds: number): true {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  return true;
}

test.each<[string, () => Promise<unknown>]>([
  ["map", () => rows.map((row) => (work(0.2) ? row : {}))],
  ["filter", () => rows.filter(() => work(0.2))],
  [
    "a loop over the rows",
    async () => {
      for await (const _ of rows) work(0.2);
    },
  ],
])("timers fire during %s", async (_, run) => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await run();
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(4); // of 400 ms and more
});

test("a signal stops map between two rows", async () => {
  const controller = new AbortController();
  const slowly = (row: Row) => {
    work(0.3);
    if (row.i === 100) controller.abort();
    return row;
  };
  const map = rows.map(slowly, { signal: controller.signal });
  expect(await failure(map)).toMatchObject({ code: "interrupted", message: "stopped while mapping train" });
});

test.each([1, 2])("a signal ends a module's function that never returns, on %i threads", async (num_proc) => {
  const module = join(folder, "endless.mjs");
  writeFileSync(module, "export default ({ i }) => { if (i === 7) for (;;); };");
  const map = rows.map({ module }, { num_proc, signal: AbortSignal.timeout(300) });
  expect(await failure(map)).toMatchObject({ code: "interrupted" });
});

test("a signal that is not aborted changes nothing", async () => {
  const module = join(folder, "double.mjs");
  writeFileSync(module, "export default ({ i }) => ({ i: 2 * i });");
  const { signal } = new AbortController();
  const mapped = await rows.map({ module }, { signal });
  expect(await mapped.at(1999)).toEqual({ i: 3998 });
  const empty = rows.select([]);
  expect((await empty.map({ module }, { signal })).num_rows).toBe(0);
});

test.each(["rows.jsonl", "rows.json.gz"])(
  "a signal stops the reading of %s while it is opened, not later",
  async (name) => {
    const file = join(folder, name);
    const text = Array.from({ length: 40_000 }, (_, i) => JSON.stringify({ i, text: "word ".repeat(20) })).join("\n");
    writeFileSync(file, name.endsWith(".gz") ? gzipSync(text) : text);
    const early = loadDataset(file, { signal: AbortSignal.abort() });
    expect(await failure(early)).toMatchObject({
      code: "interrupted",
      message: expect.stringContaining("stopped while"),
    });
    const controller = new AbortController();
    const reading = loadDataset(file, { signal: controller.signal });
    setImmediate(() => controller.abort());
    expect(await failure(reading)).toMatchObject({ code: "interrupted" });
    const later = new AbortController();
    const { train } = await loadDataset(file, { signal: later.signal });
    later.abort();
    expect(await train.at(39_999)).toMatchObject({ i: 39_999 });
  },
);
