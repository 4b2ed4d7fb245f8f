/** @file Locations of a model and an adapter's base model: as given, next to the adapter, on the hub, or an error. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveAdapter } from "../checkpoints/adapter.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { findModel } from "./modelSource.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "prefine-source-"));
  await mkdir(join(root, "base"));
  await writeFile(join(root, "base", "config.json"), "{}");
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function makeAdapter(name: string, base: string | null, revision: string | null = null): Promise<string> {
  const folder = join(root, name);
  const shapes = { lora_A: [2, 3], lora_B: [5, 2] };
  const weights = new Map(
    Object.entries(shapes).map(([side, shape]) => [
      `base_model.model.transformer.h.0.attn.c_attn.${side}.weight`,
      { shape, data: new Float32Array(shape[0] * shape[1]) },
    ]),
  );
  const config = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: ["c_attn"], fan_in_fan_out: true };
  await saveAdapter(folderAt(folder), {
    config: { ...config, base_model_name_or_path: base, task_type: "CAUSAL_LM", revision },
    weights,
  });
  return folder;
}

describe("findModel", () => {
  it("a folder with config.json is a full model", async () => {
    const folder = join(root, "base");
    expect(await findModel(folder)).toMatchObject({ base: folder, tokenizer: folder });
  });

  it("finds an adapter's base by absolute path, and relative to the working directory and the adapter's folder", async () => {
    const base = join(root, "base");
    const above = `../${basename(root)}/base`; // a name that does not exist next to the current folder
    const fromHere = relative(process.cwd(), base);
    for (const [named, found] of [
      [base, base],
      [fromHere, fromHere],
      [`../${above}`, join(root, "run", "..", above)],
    ]) {
      const folder = await makeAdapter("run", named);
      const source = await findModel(folder);
      expect(source).toMatchObject({ base: found, tokenizer: found, adapter: { config: { r: 2, lora_alpha: 4 } } });
      expect(source.adapter?.weights.size).toBe(2);
    }
  });

  it("prefers the adapter's tokenizer, and accepts a hub id with its revision for the base", async () => {
    const folder = await makeAdapter("tuned", "some-org/some-model", "v2");
    await writeFile(join(folder, "tokenizer.json"), "{}");
    expect(await findModel(folder)).toMatchObject({
      base: "some-org/some-model",
      baseRevision: "v2",
      tokenizer: folder,
    });
  });

  it("lists the places searched for a missing base", async () => {
    const folder = await makeAdapter("orphan", "./models/gone");
    const tried = `found nothing at ./models/gone or ${join(folder, "models/gone")}`;
    await expect(findModel(folder)).rejects.toMatchObject({ code: "model", message: expect.stringContaining(tried) });
    const nameless = await makeAdapter("nameless", null);
    await expect(findModel(nameless)).rejects.toThrow("expected the adapter's base model, found none");
  });

  it("leaves anything else to the loader, which reports it", async () => {
    expect(await findModel("./no/such/folder")).toMatchObject({
      base: "./no/such/folder",
      tokenizer: "./no/such/folder",
    });
  });
});
