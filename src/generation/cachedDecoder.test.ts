/** @file The decoder's cache: picked, doubled and dropped rows continue as if they were alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomGpt2, VOCABULARY } from "../../test/support/randomGpt2.ts";
import { openDecoders } from "../pretrained/openDecoder.ts";
import type { ForkingDecoder } from "./decoder.ts";
import { promptInput } from "./sequence.ts";

describe("cachedDecoder", () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-decoder-"));
  let decoder: ForkingDecoder;
  beforeAll(async () => {
    [decoder] = await openDecoders([{ loaded: await randomGpt2(join(folder, "model")) }]);
  });
  afterAll(async () => {
    await decoder.dispose();
    rmSync(folder, { recursive: true });
  });

  /** Logits after each text, read whole and alone. */
  async function alone(texts: number[][]): Promise<number[][]> {
    const rows: number[][] = [];
    for (const ids of texts) {
      await decoder.reset();
      const input = promptInput([ids]);
      rows.push([...(await decoder.step(input.tokens, input.positions, input))]);
    }
    return rows;
  }

  it("picks rows of the cache, with their padding", async () => {
    let texts = [[5, 6, 7, 8, 9], [11, 12], [60]];
    const moves = [
      { rows: [2, 0, 0, 1], tokens: [3, 4, 5, 6] },
      { rows: [0, 1, 2, 3], tokens: [9, 8, 7, 6] },
      { rows: [1, 2, 3, 0], tokens: [10, 11, 12, 13] },
      { rows: [2, 2, 1, 3], tokens: [14, 15, 16, 17] },
      { rows: [3, 3, 0, 2, 1, 1], tokens: [1, 2, 3, 4, 5, 6] },
      { rows: [4, 1], tokens: [70, 71] },
      { rows: undefined, tokens: [72, 73] },
    ];
    const input = promptInput(texts);
    await decoder.reset();
    const found = [(await decoder.step(input.tokens, input.positions, input)).slice()];
    const read = [texts];
    for (const { rows, tokens } of moves) {
      texts = (rows ?? tokens.map((_, b) => b)).map((row, b) => [...texts[row], tokens[b]]);
      const positions = Int32Array.from(texts, (ids) => ids.length - 1);
      const step = { batch: tokens.length, length: 1, rows: rows && Int32Array.from(rows) };
      found.push((await decoder.step(Int32Array.from(tokens), positions, step)).slice());
      read.push(texts);
    }
    for (const [call, logits] of found.entries()) {
      const expected = (await alone(read[call])).flat();
      expect(logits).toHaveLength(read[call].length * VOCABULARY);
      for (const [i, value] of expected.entries()) expect(Math.abs(logits[i] - value)).toBeLessThan(1e-4);
    }
  });

  /** Reads one more token per row. */
  async function next(cache: ForkingDecoder, texts: readonly number[][]): Promise<Float32Array> {
    const tokens = Int32Array.from(texts, (ids) => ids[ids.length - 1]);
    const positions = Int32Array.from(texts, (ids) => ids.length - 1);
    return (await cache.step(tokens, positions, { batch: texts.length, length: 1 })).slice();
  }

  async function compare(logits: Float32Array, texts: number[][]): Promise<void> {
    const expected = (await alone(texts)).flat();
    expect(logits).toHaveLength(texts.length * VOCABULARY);
    for (const [i, value] of expected.entries()) expect(Math.abs(logits[i] - value)).toBeLessThan(1e-4);
  }

  it("composes caches: rows join, leave, are doubled and cut, and continue with one token or several", async () => {
    const [batch, other] = [decoder.fork(), decoder.fork()];
    const first = [
      [5, 6, 7, 8, 9],
      [11, 12],
    ];
    const input = promptInput(first);
    await batch.step(input.tokens, input.positions, input);
    const second = promptInput([[20, 21, 22, 23, 24, 25, 26]]);
    await other.step(second.tokens, second.positions, second);

    await batch.compose([
      { of: batch, row: 1, length: 2 },
      { of: other, row: 0, length: 7 },
      { of: batch, row: 0, length: 5 },
      { of: other, row: 0, length: 3 },
      { of: batch, row: 1, length: 2 },
    ]);
    const joined = [
      [11, 12, 1],
      [20, 21, 22, 23, 24, 25, 26, 2],
      [5, 6, 7, 8, 9, 3],
      [20, 21, 22, 4],
      [11, 12, 5],
    ];
    await compare(await next(batch, joined), joined);

    await batch.compose([
      { of: batch, row: 4, length: 3 },
      { of: batch, row: 2, length: 6 },
    ]);
    const left = [
      [11, 12, 5, 6],
      [5, 6, 7, 8, 9, 3, 7],
    ];
    await compare(await next(batch, left), left);

    await other.compose([{ of: batch, row: 1, length: 4 }]); // a common beginning, then several tokens at once
    const tail = [30, 31, 32];
    const logits = await other.step(Int32Array.from(tail), Int32Array.from([4, 5, 6]), { batch: 1, length: 3 });
    await compare(logits.slice(), [[5, 6, 7, 8, ...tail]]);
    for (const cache of [batch, other]) await cache.clear();
    await compare(await other.step(input.tokens, input.positions, input), first);
  });
});
