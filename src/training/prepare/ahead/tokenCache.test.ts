/** @file Tokens of large splits on disk: the same pairs and lines as without; damaged, concurrent, bounded. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { byteTokenizer } from "../../../../test/support/byteTokenizer.ts";
import { Dataset } from "../../../data/datasets/dataset.ts";
import { loadDataset } from "../../../data/datasets/loadDataset.ts";
import { rowExaminer } from "../../../data/preferences/examineRow.ts";
import "../../../data/datasets/packRows.ts";
import type { PromptsRequest, RowsRequest } from "../../../data/preferences/tokenizingThreads.ts";
import type { PairTokens } from "../../../data/preferences/types.ts";
import { openThreadsWith } from "../../../data/tokenizers/slowCalls.ts";
import type { Tokenizer } from "../../../data/tokenizers/tokenizer.ts";
import { folderAt } from "../../../disk/nodeStorage.ts";
import type { RunObserver } from "../../run.ts";
import { tokenizeRows } from "../rows.ts";
import type { TokenizedRows } from "../tokenized.ts";
import { TokenCache } from "./tokenCache.ts";
import { decodeTokens, encodeTokens, type TokenEntry } from "./tokenFile.ts";

openThreadsWith(
  (tokenizer) => ({ call: never, work: async (request) => examine(tokenizer, request), end: async () => {} }),
  2,
);

/** A thread's work, here: threads take a second to start. */
function examine(tokenizer: Tokenizer, request: object) {
  const { settings } = request as RowsRequest | PromptsRequest;
  const { promptFill, tokenizeAndExamine } = rowExaminer(tokenizer, settings);
  if ("promptsOf" in request) return { rows: (request as PromptsRequest).promptsOf.map(promptFill) };
  return { rows: (request as RowsRequest).rows.map(tokenizeAndExamine) };
}

async function never(): Promise<never> {
  throw new Error("not called");
}

const text = (i: number, length: number) => `${i} `.repeat(length).trim();
const texts = Array.from({ length: 300 }, (_, i) => ({
  prompt: i % 97 === 5 ? text(i, 90) : text(i, 1 + (i % 14)),
  chosen: ` yes ${text(i, i % 11)}`,
  rejected: i % 50 === 7 ? ` yes ${text(i, i % 11)}` : ` no ${text(i, i % 5)}`,
}));

let folder = "";
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "tokens-")), "tokens");
});
const opened: TokenizedRows[] = [];
const endAll = async () => {
  for (const { store } of opened.splice(0)) await store.end?.();
};
afterEach(endAll);

interface Opening {
  version?: string;
  max_length?: number;
  mostBytes?: number;
  split?: string;
}

async function open(rows: readonly object[] | Dataset, options: Opening = {}) {
  const { version = "1", mostBytes = 1e9, ...settings } = options;
  const lines: string[] = [];
  const add = (line: string) => void lines.push(line);
  const observer = { info: add, warn: add, status: () => {} } as unknown as RunObserver;
  const dataset = rows instanceof Dataset ? rows : Dataset.from_list(rows as never, "train");
  const tokenized = await tokenizeRows(dataset, byteTokenizer(), {
    ...{ split: "train", max_length: 128, aheadFrom: 10, isAhead: true, observer, ...settings },
    tokenCache: { folder: folderAt(folder), version, mostBytes },
  });
  opened.push(tokenized);
  return { ...tokenized, lines };
}

/** Opens, tokenizes all, ends: what the run said, and its pairs. */
async function run(rows: readonly object[] | Dataset, options: Opening = {}) {
  const { store, lines, facts: line, cut: _, ...facts } = await open(rows, options);
  await store.complete?.();
  const pairs = plain(await store.tokens(Array.from({ length: store.length }, (_, i) => i)));
  await endAll();
  return { ...facts, identity: await store.identity, pairs, lines: line ? [...lines, line] : lines };
}

const plain = (pairs: readonly PairTokens[]) =>
  pairs.map(({ prompt_ids, chosen_ids, rejected_ids }) => ({ prompt_ids, chosen_ids, rejected_ids }));
const files = () => readdirSync(folder).filter((name) => name.endsWith(".tokens"));
const stateOf = (name: string) =>
  createHash("sha256")
    .update(readFileSync(join(folder, name)))
    .digest("hex");

describe("a second run", () => {
  test("has the same pairs, facts and lines, and tokenizes nothing", async () => {
    const first = await run(texts);
    expect(files()).toHaveLength(1);
    const again = await run(texts);
    expect(again).toEqual(first);
    expect(files()).toHaveLength(1);
  });

  test("of rows of a file, picked and renamed, finds them by the file alone", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "tokens-")), "data.jsonl");
    const write = (rows: readonly object[]) =>
      writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    write(texts.map(({ prompt, ...answers }) => ({ question: prompt, ...answers })));
    const load = async (seed: number) => {
      const { train } = await loadDataset(path);
      return train.rename_column("question", "prompt").shuffle({ seed });
    };
    const first = await run(await load(1));
    const rows = await load(1);
    rows.rows = () => {
      throw new Error("reads rows");
    };
    expect(await run(rows)).toEqual(first);
    expect((await run(await load(2))).pairs).not.toEqual(first.pairs);
    write(texts.map(({ prompt, ...answers }) => ({ question: `${prompt}!`, ...answers })));
    const changed = await run(await load(1));
    expect(changed.pairs).not.toEqual(first.pairs);
    expect(changed.identity).not.toBe(first.identity);
    expect(files()).toHaveLength(3);
  });

  test("of a function's rows on disk finds them without reading a row", async () => {
    const filler = "x".repeat(40_000); // 12 MB: more than stays in memory
    const dataset = Dataset.from_list(texts, "train");
    const mapped = (mark = "") => dataset.map((row) => ({ ...row, prompt: `${row.prompt}${mark}`, filler }));
    const first = await run(await mapped());
    const rows = await mapped();
    rows.rows = () => {
      throw new Error("reads rows");
    };
    expect(await run(rows)).toEqual(first);
    expect((await run(await mapped("!"))).identity).not.toBe(first.identity);
    expect(files()).toHaveLength(2);
  });

  test("with other data, settings or version has its own file", async () => {
    const first = await run(texts);
    const changed = texts.with(123, { ...texts[123], chosen: " other" });
    expect((await run(changed)).pairs).not.toEqual(first.pairs);
    expect((await run(texts, { max_length: 64 })).rows).toBe(300);
    expect((await run(texts, { version: "2" })).pairs).toEqual(first.pairs);
    expect(files()).toHaveLength(4);
  });

  test("after one that ended early has its part, and completes it", async () => {
    const expected = await run(texts, { split: "elsewhere", version: "other" });
    const early = await open(texts);
    await early.store.tokens([2, 3, 200]);
    await endAll();
    const names = files();
    expect(names).toHaveLength(2);
    const { lines, ...rest } = await run(texts);
    expect(rest.pairs).toEqual(expected.pairs);
    expect(lines).toEqual(expected.lines);
    expect((await run(texts)).pairs).toEqual(expected.pairs);
  });
});

describe("a file", () => {
  test.each([
    ["cut", (path: string) => truncateSync(path, 1000)],
    ["empty", (path: string) => writeFileSync(path, "")],
    [
      "with a changed byte",
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1] ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ])("that is %s is named, and made anew", async (_, damage) => {
    const first = await run(texts);
    const [name] = files();
    const before = stateOf(name);
    damage(join(folder, name));
    const again = await run(texts);
    expect(again.pairs).toEqual(first.pairs);
    expect(again.lines).toEqual([`${join(folder, name)}: damaged; train is tokenized anew`, ...first.lines]);
    expect(stateOf(name)).toBe(before);
  });

  test("of two runs at once is whole", async () => {
    const [one, two] = await Promise.all([open(texts), open(texts)]);
    await Promise.all([one.store.complete?.(), two.store.complete?.()]);
    await endAll();
    expect(files()).toHaveLength(1);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
    expect((await run(texts)).pairs).toHaveLength(one.store.length);
  });

  test.each([
    ["is not written while another computer writes", 0, 0],
    ["is written where only minutes would show whether the lock's owner lives", 3600, 1],
  ])("%s", async (_, ahead, count) => {
    mkdirSync(folder, { recursive: true });
    const lock = await folderAt(folder).lock();
    const path = join(folder, readdirSync(folder)[0]);
    const owner = readFileSync(path, "utf8");
    if (!("owner" in lock)) await lock.release();
    writeFileSync(path, owner.replace(hostname(), "elsewhere"));
    const time = Date.now() / 1000 + ahead;
    utimesSync(path, time, time);
    const started = performance.now();
    const { lines } = await run(texts.slice(0, 50));
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(lines.filter((line) => line.includes(folder))).toEqual([]);
    expect(files()).toHaveLength(count);
  });

  test("that a crash left half-written goes", async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, ".old.tokens.partial-0123abcd"), "half");
    await run(texts);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("that was not used for the longest time goes first", async () => {
    const some = [texts.slice(0, 100), texts.slice(100, 200), texts.slice(200)];
    await run(some[0]);
    const [oldest] = files();
    const mostBytes = 2.5 * readFileSync(join(folder, oldest)).length;
    await run(some[1], { mostBytes });
    await run(some[0], { mostBytes }); // used again
    expect(files()).toHaveLength(2);
    await run(some[2], { mostBytes });
    expect(files()).toHaveLength(2);
    expect(files()).toContain(oldest);
    expect(readdirSync(folder)).toHaveLength(4); // each with the time of its last use
  });

  test("that can't be written is named in a warning, once", async () => {
    writeFileSync(folder, "a file is in the way");
    const { lines } = await run(texts);
    expect(lines.filter((line) => line.includes(folder))).toHaveLength(1);
  });
});

test("token files keep ids of any size, and refuse other bytes", async () => {
  const hash = () => folderAt(folder).hash();
  for (const largest of [0xffff, 0x1ffff]) {
    const row = {
      promptLength: 1,
      chosenLength: 2,
      isCut: true,
      outcomes: { odd: [], untrainable: null, degenerate: null },
    };
    const ids = Int32Array.from({ length: 300_001 }, (_, i) => (i * 7919) % (largest + 1));
    ids[5] = largest;
    const entry: TokenEntry = {
      facts: { identity: "a", shape: "b", reading: "ü", lines: ["c"], largest: { shared: 1, chosen: 2, rejected: 3 } },
      numbers: Int32Array.of(0, 1, 1),
      kept: Int32Array.of(0, 2),
      rates: largest > 0xffff ? Float64Array.of(0.25, 0.75, 1, 0, 0.5, 0.5) : null,
      examined: new Map([
        [0, { ...row, ids }],
        [2, { ...row, isCut: false, ids: Int32Array.of(1, 2, 3, 4) }],
      ]),
    };
    const content = encodeTokens(entry, hash);
    const pieces: Uint8Array[] = [];
    for await (const piece of content.pieces()) pieces.push(piece);
    const bytes = new Uint8Array(Buffer.concat(pieces));
    expect(bytes.length).toBe(content.byteLength);
    const decoded = decodeTokens(bytes, hash);
    expect(decoded?.facts).toEqual(entry.facts);
    expect([decoded?.numbers, decoded?.kept, decoded?.rates]).toEqual([entry.numbers, entry.kept, entry.rates]);
    for (const [number, { ids, ...facts }] of entry.examined) {
      const { ids: own, ...others } = decoded?.examined.get(number) ?? { ids: [] };
      expect([Array.from(own), others]).toEqual([Array.from(ids), facts]);
    }
    expect(decodeTokens(bytes.subarray(0, -1), hash)).toBeUndefined();
  }
});

test("a folder that can't be listed has no tokens", async () => {
  writeFileSync(folder, "");
  expect(await new TokenCache({ folder: folderAt(folder), version: "1" }, {}).hasAny()).toBe(false);
});
