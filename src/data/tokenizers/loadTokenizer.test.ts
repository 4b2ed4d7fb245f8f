/** @file Loads tokenizers from a hub, from damaged folders, and from folders without one. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/tokenization.json" with { type: "json" };
import { sharedHubExists, startFakeHub, startServePy } from "../../../test/support/localHub.ts";
import { needsReference, referenceFolder } from "../../../test/support/shared.ts";
import { AutoTokenizer, GPT2Tokenizer } from "./loadTokenizer.ts";

const small = fileURLToPath(new URL("../../../test/fixtures/tokenizer", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "prefine-tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of the small tokenizer's folder with files changed (null: removed). */
function variant(name: string, files: Record<string, unknown>): string {
  const directory = join(folder, name);
  cpSync(small, directory, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    if (content === null) rmSync(join(directory, file));
    else writeFileSync(join(directory, file), typeof content === "string" ? content : JSON.stringify(content));
  }
  return directory;
}

describe("errors name the file and the value found", () => {
  const load = (name: string, files: Record<string, unknown>) => AutoTokenizer.from_pretrained(variant(name, files));

  test("damaged files", async () => {
    await expect(load("cut", { "tokenizer.json": '{"model": {"ty' })).rejects.toThrow(
      /cut\/tokenizer\.json: expected JSON/,
    );
    await expect(load("empty", { "tokenizer.json": {} })).rejects.toThrow(
      "empty/tokenizer.json: expected a model with",
    );
    await expect(load("list", { "tokenizer.json": "[]" })).rejects.toThrow("expected a JSON object");
    const model = { type: "BPE", vocab: { a: "x" }, merges: [] };
    await expect(load("ids", { "tokenizer.json": { model } })).rejects.toThrow(
      'expected an id for each token, found "a": "x"',
    );
    await expect(
      load("kind", { "tokenizer.json": { model: { type: "No", vocab: {} }, pre_tokenizer: { type: "?" } } }),
    ).rejects.toThrow('kind/tokenizer.json: GPT2Tokenizer with a model of type "No" is not supported');
    await expect(load("merges", { "merges.txt": "#version: 0.2\nĠ t\na b c\n" })).rejects.toThrow(
      'line 3: expected two parts, found "a b c"',
    );
    await expect(load("unknown", { "merges.txt": "Ġ 日\n" })).rejects.toThrow('merge 1: ["Ġ","日"] names a token that');
  });

  test("no tokenizer, or one of an unsupported type", async () => {
    await expect(load("none", { "vocab.json": null })).rejects.toThrow("none: expected tokenizer.json, or GPT-2's");
    await expect(load("qwen", { "config.json": { model_type: "qwen2" } })).rejects.toThrow("neither that fits a qwen2");
    await expect(AutoTokenizer.from_pretrained(join(folder, "does not exist"))).rejects.toThrow("does not exist");
  });

  test("ids, pad tokens and texts that do not exist", async () => {
    const tokenizer = await AutoTokenizer.from_pretrained(small);
    expect(tokenizer.decode([1, 420])).toBe(tokenizer.decode([1])); // a model may have more ids than its tokenizer
    expect(() => tokenizer.decode([1, -1])).toThrow("token id: expected 0 to 419, found -1");
    expect(() => tokenizer.convert_ids_to_tokens(-1)).toThrow("found -1");
    expect(() => {
      tokenizer.pad_token = "<pad>";
    }).toThrow('pad_token: expected a token of the vocabulary, found "<pad>"');
    expect(() => tokenizer.encode(null as unknown as string)).toThrow("expected a string, found null");
  });
});

describe("from a hub", () => {
  const hubOptions = (endpoint: string, name: string) => ({
    endpoint,
    cacheDir: join(folder, name),
    token: false as const,
  });

  test("downloads vocab.json and merges.txt if there is no tokenizer.json", async () => {
    const names = ["vocab.json", "merges.txt", "config.json", "tokenizer_config.json"];
    const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(small, name))]));
    const hub = await startFakeHub({ ...files, "pytorch_model.bin": "no" });
    try {
      const tokenizer = await AutoTokenizer.from_pretrained("org/model", hubOptions(hub.endpoint, "fake"));
      expect(tokenizer.encode(fixture.texts[3].text)).toEqual(fixture.texts[3].ids);
      expect(tokenizer.name_or_path).toBe("org/model");
      const got = hub.requests
        .map(({ url }) => url!.split("/").at(-1))
        .filter((name) => files[name!] || name === "pytorch_model.bin");
      expect(got.sort()).toEqual(names.sort());
    } finally {
      await hub.stop();
    }
  });

  test.skipIf(!sharedHubExists)(`downloads only the tokenizer${needsReference}`, async () => {
    const hub = await startServePy(join(referenceFolder, "hub"));
    try {
      const tokenizer = await GPT2Tokenizer.from_pretrained("gpt2", hubOptions(hub.endpoint, "served"));
      expect([tokenizer.eos_token_id, tokenizer.model_max_length]).toEqual([0, 512]);
      const paths = (await hub.downloads()).filter(({ method }) => method === "GET").map(({ path }) => path);
      expect(paths.map((path) => path.split("/").at(-1)).sort()).toEqual([
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
      ]);
    } finally {
      await hub.stop();
    }
  });
});
