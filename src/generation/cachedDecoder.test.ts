/** @file The decoder's cache: picked, doubled and dropped rows continue as if they were alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomGpt2, VOCABULARY } from "../../test/support/randomGpt2.ts";
import { openDecoder } from "../pretrained/openDecoder.ts";
import type { Decoder } from "./decoder.ts";
import { promptInput } from "./sequence.ts";

describe("cachedDecoder", () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-decoder-"));
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await openDecoder(await randomGpt2(join(folder, "model")));
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
});
