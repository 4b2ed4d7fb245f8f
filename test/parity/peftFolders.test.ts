/**
 * @file Adapters as PEFT 0.21 and other tools save them (test/fixtures/peft-folders), with what PEFT computes: on the
 * unembedding, with resized or saved embeddings, with the adapter's name in keys, with PEFT's defaults left out, on
 * fused layers and scaled embeddings of other families. `scripts/random_adapters.py` makes many more.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { merge_and_unload } from "../../src/exporting/mergeAndUnload.ts";
import { allNextLogits } from "../support/nextLogits.ts";

const fixture = fileURLToPath(new URL("../fixtures/peft-folders/", import.meta.url));
const expected = JSON.parse(readFileSync(join(fixture, "expected.json"), "utf8")) as {
  prompt: number[];
  cases: Record<string, { logits: number[]; vocab_size: number }>;
};
const dir = mkdtempSync(join(tmpdir(), "prefine-peft-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const silent = { onWarning: () => {} };
const { prompt, cases } = expected;

function expectClose(logits: readonly number[], reference: readonly number[]): void {
  expect(logits).toHaveLength(reference.length);
  for (const [i, value] of reference.entries()) expect(Math.abs(logits[i] - value), `token ${i}`).toBeLessThan(2e-5);
}

/** Merged models: of an adapted head, further tokens, fused layers. */
const MERGED = ["head-dora-tied", "resized-tokens", "fused-phi3"];
const found = new Map<string, number[]>();
beforeAll(async () => {
  const folders = new Map(Object.keys(cases).map((name) => [name, join(fixture, name)]));
  for (const name of MERGED) {
    const { output_dir } = await merge_and_unload(join(fixture, name), { output_dir: join(dir, name), ...silent });
    folders.set(`${name}, merged`, output_dir);
  }
  const logits = await allNextLogits([...folders.values()], prompt);
  for (const [i, name] of [...folders.keys()].entries()) found.set(name, logits[i]);
}, 60_000);

test.each(Object.entries(cases))("%s has PEFT's logits", (name, { logits, vocab_size }) => {
  expectClose(found.get(name) ?? [], logits);
  expect(logits).toHaveLength(vocab_size);
});

test.each(MERGED)("%s, merged, is the same model", (name) => {
  expectClose(found.get(`${name}, merged`) ?? [], cases[name].logits);
});

test("the fixture has all cases", () => expect(Object.keys(cases)).toHaveLength(20));
