/** @file Parquet columns in a template, as of Python: dates, times, durations, decimals, bytes, floats. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { renderChat } from "../src/data/chatTemplates/renderChat.ts";
import type { Row } from "../src/data/datasets/features.ts";
import { loadDataset } from "../src/data/datasets/loadDataset.ts";
import fixture from "./fixtures/column-kinds.json" with { type: "json" };

const folder = mkdtempSync(join(tmpdir(), "prefine-columns-"));
afterAll(() => rmSync(folder, { recursive: true }));

const printed = (rows: readonly Row[]) =>
  rows.map((row) =>
    fixture.templates.map((template) => renderChat(template, [{ role: "user", content: "q" }], { variables: row })),
  );

describe(`datasets ${fixture.versions.datasets}`, () => {
  test.each(Object.entries(fixture.files))("%s", async (_name, { bytes, texts }) => {
    const path = join(folder, "x.parquet");
    writeFileSync(path, Buffer.from(bytes, "base64"));
    const { train } = await loadDataset(path);
    expect(printed(await train.to_list())).toEqual(texts);
    expect(
      printed(
        await train
          .select([0])
          .map((row) => ({ ...row, y: 1 }))
          .then((some) => some.to_list()),
      ),
    ).toEqual(texts.slice(0, 1));
  });
});

test("values keep their types beyond a thread", async () => {
  for (const kind of ["date32", "decimals", "structs and lists", "bytes", "durations"] as const) {
    const { bytes, texts } = fixture.files[kind];
    const path = join(folder, "x.parquet");
    writeFileSync(path, Buffer.from(bytes, "base64"));
    const { train } = await loadDataset(path);
    writeFileSync(join(folder, "same.mjs"), "export default (row) => ({ ...row, y: 1 });");
    const rows = await train.map({ module: join(folder, "same.mjs") }, { num_proc: 2 });
    expect(printed(await rows.to_list())).toEqual(texts);
  }
});
