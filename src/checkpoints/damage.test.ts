/** @file Every kind of damage to every file of a checkpoint is named; formats without hashes stay readable. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DAMAGES, flip, toFormat } from "../../test/support/damage.ts";
import { checkpointAt, MODEL } from "../../test/support/smallCheckpoint.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { checkpointFault, editedModelFiles, examineCheckpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { removeCheckpoint } from "./ownFiles.ts";
import { newestValidCheckpoint } from "./runDirectory.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-damage-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function write(step: number, run = dir): Promise<string> {
  const path = join(run, `checkpoint-${step}`);
  const checkpoint = { ...checkpointAt(step), referenceWeights: checkpointAt(step).weights };
  const extra = [
    ["tokenizer.json", "{}\n"],
    ["training_args.json", `{ "beta": 0.1, "seed": ${step} }\n`],
  ] as const;
  await writeCheckpoint(folderAt(path), checkpoint, { model: MODEL, extra });
  return path;
}

describe("a checkpoint", () => {
  it.each(Object.keys(DAMAGES))("is not valid if any of its files is %s; the one before it is taken", async (kind) => {
    const older = await write(10);
    const path = await write(20);
    const whole = join(dir, "whole");
    cpSync(path, whole, { recursive: true });
    const names = readdirSync(path);
    expect(names).toHaveLength(9);
    for (const name of names) {
      const isEqual = readFileSync(join(path, name)).equals(readFileSync(join(older, name)));
      if (kind === "another step's" && isEqual) continue;
      DAMAGES[kind](join(path, name), join(older, name));
      const skipped: string[] = [];
      const newest = await newestValidCheckpoint(folderAt(dir), (_, fault) => skipped.push(fault));
      expect({ name, step: newest?.step }).toEqual({ name, step: 10 });
      expect(skipped).toEqual([expect.stringContaining(name)]);
      rmSync(path, { recursive: true });
      cpSync(whole, path, { recursive: true });
    }
    expect(await checkpointFault(folderAt(path))).toBeUndefined();
  });

  it("is not valid with all files of another step, or under another name", async () => {
    const [older, path] = [await write(10), await write(20)];
    for (const name of readdirSync(older)) cpSync(join(older, name), join(path, name));
    expect(await checkpointFault(folderAt(path))).toMatch(
      /checkpoint-20.prefine_state.json: expected the state of step 20, found that of step 10$/,
    );
    renameSync(older, join(dir, "best")); // a copy under a name without a step is fine
    expect(await checkpointFault(folderAt(join(dir, "best")))).toBeUndefined();
  });

  it("of another run and the same step is none", async () => {
    const path = await write(20);
    const other = join(dir, "other");
    const checkpoint = checkpointAt(20);
    checkpoint.state.log_history[0].loss += 1e-9;
    await writeCheckpoint(folderAt(join(other, "checkpoint-20")), checkpoint, { model: MODEL, extra: [] });
    cpSync(join(other, "checkpoint-20/trainer_state.json"), join(path, "trainer_state.json"));
    expect(await checkpointFault(folderAt(path))).toMatch(/trainer_state.json: .*(was changed|bytes)/);
  });

  it.each([1, 2])("of format %i is checked by its sizes", async (format) => {
    const path = await write(20);
    toFormat(format, path);
    expect(await examineCheckpoint(folderAt(path))).toEqual({ fault: undefined, onlyModel: false });
    expect((await readCheckpoint(folderAt(path), "adapter")).optimizerStep).toBe(20);
    renameSync(path, join(dir, "checkpoint-30"));
    expect(await checkpointFault(folderAt(join(dir, "checkpoint-30")))).toMatch(/found that of step 20$/);
    DAMAGES.cut(join(dir, "checkpoint-30/optimizer.safetensors"), "");
    expect(await checkpointFault(folderAt(join(dir, "checkpoint-30")))).toMatch(
      /optimizer.safetensors: expected \d+ bytes/,
    );
  });

  it("that was sealed is not read as one of an older format", async () => {
    const path = join(await write(20), "prefine_state.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"format": 3', '"format": 2'));
    expect(await checkpointFault(folderAt(join(dir, "checkpoint-20")))).toMatch(
      /prefine_state.json: expected the state/,
    );
  });
});

describe("a checkpoint that is used as a model", () => {
  it("may name another base model", async () => {
    const path = await write(20);
    edit(join(path, "adapter_config.json"), { base_model_name_or_path: "/moved/model" });
    expect(await editedModelFiles(folderAt(path))).toEqual([]);
    expect(await checkpointFault(folderAt(path), { forModel: true })).toBeUndefined();
    expect(await checkpointFault(folderAt(path))).toMatch(/adapter_config.json: expected \d+ bytes/); // to resume from
  });

  it("has a line for other edits, and for a state file that is damaged", async () => {
    const path = await write(20);
    edit(join(path, "adapter_config.json"), { lora_alpha: 8 });
    expect(await editedModelFiles(folderAt(path))).toEqual([expect.stringMatching(/adapter_config.json: /)]);
    expect(await checkpointFault(folderAt(path), { forModel: true })).toMatch(/adapter_config.json/);
    flip(join(path, "prefine_state.json"));
    expect(await editedModelFiles(folderAt(path))).toEqual([
      expect.stringMatching(/the other files can't be checked$/),
    ]);
  });

  it("is refused if its weights are damaged, whatever its optimizer", async () => {
    const path = await write(20);
    flip(join(path, "optimizer.safetensors"));
    expect(await editedModelFiles(folderAt(path))).toEqual([]);
    flip(join(path, "adapter_model.safetensors"));
    await expect(editedModelFiles(folderAt(path))).rejects.toMatchObject({
      code: "model",
      message: expect.stringMatching(/adapter_model.safetensors: was changed after it was saved \(SHA-256\)$/),
    });
  });
});

function edit(path: string, changes: object): void {
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }, null, 2));
}

describe("a checkpoint that is deleted", () => {
  it("leaves a user's files, also if it is damaged or the deletion is repeated", async () => {
    const path = await write(20);
    writeFileSync(join(path, "notes.txt"), "mine");
    expect(await removeCheckpoint(folderAt(path))).toEqual(["notes.txt"]);
    expect(readdirSync(path)).toEqual(["notes.txt"]);
    expect(await removeCheckpoint(folderAt(path))).toEqual([]);
    const damaged = await write(30);
    flip(join(damaged, "prefine_state.json"));
    expect(await removeCheckpoint(folderAt(damaged))).toEqual([]);
    expect(readdirSync(dir).map((name) => basename(name))).toEqual(["checkpoint-20"]);
  });
});
