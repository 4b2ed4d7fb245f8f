/** @file Compressed data files: rows of Python's bz2, lzma and zstandard; damaged files, bombs and other archives. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { compressionOf } from "./compressions.ts";
import { decompressed, type Reading } from "./decompressed.ts";
import { loadDataset } from "./loadDataset.ts";

const fixture = new URL("../../../test/fixtures/compressed-files.json", import.meta.url);
const { bombs, ...files } = JSON.parse(readFileSync(fixture, "utf8")) as Record<string, string> & {
  bombs: Record<string, string>;
};
const contents = Object.entries(files as Record<string, string>).map(
  ([name, text]) => [name, Buffer.from(text, "base64")] as const,
);
const extension = (name: string) => name.split(" ")[0];
const ROWS = Array.from({ length: 40 }, (_, i) => ({ n: i, t: "aab".repeat(i % 5) }));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-compressed-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function put(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

it.each(contents)("%s: the rows, also in a file without that name", async (name, content) => {
  const named = await loadDataset(put(`rows.jsonl.${extension(name)}`, content));
  expect(await named.train.to_list()).toEqual(ROWS);
  expect(await (await loadDataset(put("rows.jsonl", content))).train.to_list()).toEqual(ROWS);
});

it.each(contents)("%s: cut or damaged anywhere, an error with the file's name, or all rows", async (name, content) => {
  const kind = extension(name);
  for (let end = 12; end < content.length - 1; end += 7) {
    const path = put(`cut.jsonl.${kind}`, content.subarray(0, end));
    const rows = await loadDataset(path).then(
      ({ train }) => train.num_rows,
      (error: Error) => error.message,
    );
    // cut between two streams, a file is whole
    if (typeof rows === "number") expect([end, rows < 40, name.includes("two")]).toEqual([end, true, true]);
    else expect(rows).toMatch(/cut\.jsonl\.\w+/);
  }
  if (kind === "zst") return; // without a checksum, as zstandard writes it
  for (let at = 14; at < content.length / 2; at += 5) {
    const damaged = Buffer.from(content);
    damaged[at] ^= 16;
    const rows = await loadDataset(put(`bad.jsonl.${kind}`, damaged)).then(
      ({ train }) => train.to_list(),
      ({ message }: Error) => message,
    );
    // a bit that no code uses changes nothing
    if (typeof rows === "string") expect([at, rows]).toEqual([at, expect.stringMatching(/not a complete .* file/)]);
    else expect([at, rows]).toEqual([at, ROWS]);
  }
});

it.each(Object.entries(bombs))("a .%s file of 8 MiB of content, of which 1 MiB is held", async (kind, text) => {
  const path = put(`bomb.${kind}`, Buffer.from(text, "base64"));
  const compression = (await compressionOf(path))!;
  const opened = (use: Reading["use"], most?: number) => decompressed(path, `bomb.${kind}`, compression, { use, most });
  const expected = `bomb.${kind}: expected a .${kind} file of at most 1 MiB of content, which is held in memory, found more`;
  await expect(opened("whole", 2 ** 20)).rejects.toThrow(expected);
  const whole = await opened("whole");
  expect(whole.byteLength).toBe(8 * 2 ** 20);
  const beginning = await opened("beginning", 2 ** 20);
  expect([beginning.isCut, beginning.byteLength < 3 * 2 ** 20]).toEqual([true, true]);
  const streamed = await opened("parts", 2 ** 20);
  for (const [start, end] of [
    [5, 9],
    [2 ** 20 - 1, 3 * 2 ** 20],
    [2 ** 21, 2 ** 22],
    [7, 8],
    [2 ** 23 - 3, 2 ** 23 + 5],
    [2 ** 22, 2 ** 22 + 9],
  ]) {
    // biome-ignore format: ranges
    expect(Buffer.compare(Buffer.from(await streamed.slice(start, end)), Buffer.from(await whole.slice(start, end)))).toBe(0);
  }
  expect(streamed.byteLength).toBe(8 * 2 ** 20);
});

it.each([
  ["lz4", "04224d18", "lz4 -d"],
  ["zip", "504b0304", "unzip"],
  ["7z", "377abcaf271c", "7z x"],
  ["rar", "526172211a07", "unrar x"],
])("a .%s file is refused with the command that decompresses it", async (kind, start, command) => {
  for (const name of [`rows.jsonl.${kind}`, "rows.csv"]) {
    const { code, message, hint } = await failure(loadDataset(put(name, Buffer.from(`${start}0000`, "hex"))));
    expect([code, hint]).toEqual(["data", `Decompress it first: ${command}.`]);
    expect(message).toContain(`${name}: expected a data file, or one as .gz, .bz2, .xz or .zst; found a .${kind} file`);
  }
});
