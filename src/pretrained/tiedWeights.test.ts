/** @file Tied models whose files have a head in addition to the embedding, or in its place, as in transformers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { FAMILIES, randomModel } from "../../test/support/randomModel.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../formats/safetensors.ts";
import { loadModel } from "./loadModel.ts";

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";
const folder = mkdtempSync(join(tmpdir(), "prefine-tied-"));
const file = join(folder, "model.safetensors");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  await randomModel(folder, { ...FAMILIES.llama, tie_word_embeddings: true });
});

/** Rewrites the file with the embedding changed by `change`. */
function rewrite(change: (embedding: SafetensorsTensor) => [string, SafetensorsTensor][]): void {
  const tensors = new Map<string, SafetensorsTensor>(decodeSafetensors(readFileSync(file), file).tensors);
  const embedding = tensors.get(EMBEDDING)!;
  tensors.delete(EMBEDDING);
  for (const [name, tensor] of change(embedding)) tensors.set(name, tensor);
  writeFileSync(file, encodeSafetensors(tensors));
}

async function load() {
  const warnings: string[] = [];
  const model = await loadModel(folder, { onWarning: (line) => warnings.push(line) });
  return { model, warnings };
}

test("a copy of the embedding changes nothing", async () => {
  rewrite((embedding) => [
    [EMBEDDING, embedding],
    [HEAD, embedding],
  ]);
  const { model, warnings } = await load();
  expect(model.architecture.head).toBe(EMBEDDING);
  expect(model.weights.has(HEAD)).toBe(false);
  expect(warnings).toEqual([]);
});

test("a head alone is also the embedding", async () => {
  rewrite((embedding) => [[HEAD, embedding]]);
  const { model, warnings } = await load();
  expect(model.architecture.head).toBe(EMBEDDING);
  expect(model.weights.get(EMBEDDING)?.end).toBeGreaterThan(0);
  expect(warnings).toEqual([]);
});

test("a head that differs is not tied, with a warning", async () => {
  rewrite((embedding) => {
    const data = new Float32Array(new Uint8Array(embedding.data as Uint8Array).slice().buffer);
    data[data.length - 1] += 1;
    return [
      [EMBEDDING, embedding],
      [HEAD, { ...embedding, data }],
    ];
  });
  const { model, warnings } = await load();
  expect(model.architecture.head).toBe(HEAD);
  expect(model.weights.get(HEAD)?.start).not.toBe(model.weights.get(EMBEDDING)?.start);
  expect(model.config.tie_word_embeddings).toBe(false);
  expect(warnings).toEqual([
    `${join(folder, "config.json")} ties the head to the embedding, but the weights have both, and they differ`,
  ]);
});
