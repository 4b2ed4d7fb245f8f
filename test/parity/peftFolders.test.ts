/**
 * @file Adapters as PEFT 0.21 and other tools save them (test/fixtures/peft-folders), with what PEFT computes: on the
 * unembedding, with resized or saved embeddings, with the adapter's name in keys, with PEFT's defaults left out.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { merge_and_unload } from "../../src/exporting/mergeAndUnload.ts";
import { nextLogits } from "../support/nextLogits.ts";

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

test.each(Object.entries(cases))("%s has PEFT's logits", async (name, { logits, vocab_size }) => {
  expectClose(await nextLogits(join(fixture, name), prompt), logits);
  expect(logits).toHaveLength(vocab_size);
});

test.each(["head-dora-tied", "resized-tied", "resized-in-full-tied", "resized-tokens"])(
  "%s, merged, is the same model",
  async (name) => {
    const { output_dir } = await merge_and_unload(join(fixture, name), { output_dir: join(dir, name), ...silent });
    expectClose(await nextLogits(output_dir, prompt), cases[name].logits);
  },
);

test("the fixture has all cases", () => expect(Object.keys(cases)).toHaveLength(17));
