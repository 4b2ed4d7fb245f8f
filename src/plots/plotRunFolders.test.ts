/** @file Plotting runs on disk: files read, files written, and their paths. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plotRunFolders } from "./plotRunFolders.ts";
import { readTrainerState } from "./readTrainerState.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "prefine-plots-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function writeRun(folder: string, losses: (number | string)[]): Promise<string> {
  const directory = path.join(root, folder);
  await mkdir(directory, { recursive: true });
  const log = losses.map((loss, i) => `{"loss": ${loss}, "epoch": ${(i + 1) / 2}, "step": ${i + 1}}`);
  await writeFile(path.join(directory, "trainer_state.json"), `{"best_metric": null, "log_history": [${log}]}`);
  return directory;
}

describe("readTrainerState", () => {
  it("reads a run, a checkpoint and a file, each under its folder's name", async () => {
    const run = await writeRun("dpo", [0.7, 0.6]);
    const checkpoint = await writeRun("dpo/checkpoint-20", [0.7]);
    expect(await readTrainerState(run)).toMatchObject({ name: "dpo", log_history: [{ loss: 0.7 }, { loss: 0.6 }] });
    expect(await readTrainerState(checkpoint)).toMatchObject({
      name: "dpo/checkpoint-20",
      log_history: [{ loss: 0.7 }],
    });
    expect(await readTrainerState(path.join(run, "trainer_state.json"))).toMatchObject({ name: "dpo", folder: run });
  });

  it("reads the settings next to the log, if it can", async () => {
    const run = await writeRun("dpo", [0.7]);
    expect(await readTrainerState(run)).not.toHaveProperty("settings");
    await writeFile(path.join(run, "training_args.json"), '{"beta": 0.3}');
    expect(await readTrainerState(run)).toMatchObject({ settings: { beta: 0.3 } });
    const deep = `{"beta":${"[".repeat(9999)}${"]".repeat(9999)}}`;
    for (const damaged of ['{"beta": ', "[1]", deep]) {
      await writeFile(path.join(run, "training_args.json"), damaged);
      expect(await readTrainerState(run)).not.toHaveProperty("settings");
    }
  });

  it("reads the newest checkpoint of a run without trainer_state.json", async () => {
    await writeRun("trl/checkpoint-9", [0.7]);
    await writeRun("trl/checkpoint-100", [0.7, 0.5]);
    await mkdir(path.join(root, "trl/checkpoint-200"));
    const state = await readTrainerState(path.join(root, "trl"));
    expect(state).toMatchObject({ name: "trl", file: path.join(root, "trl/checkpoint-100/trainer_state.json") });
    expect(state.log_history).toHaveLength(2);
  });

  it("reads Python's NaN and Infinity as missing values, and leaves strings unchanged", async () => {
    const run = await writeRun("diverged", [0.7, "NaN", "-Infinity", '"NaN \\" Infinity"', `"${"a".repeat(2e7)}"`]);
    const { log_history } = await readTrainerState(run);
    const losses = log_history.map(({ loss }) => (String(loss).length > 99 ? "long" : loss));
    expect(losses).toEqual([0.7, null, null, 'NaN " Infinity', "long"]);
  });

  it("reports missing and damaged files", async () => {
    await expect(readTrainerState(path.join(root, "nowhere"))).rejects.toThrow(/nowhere: expected a run folder/);
    await expect(readTrainerState(root)).rejects.toMatchObject({
      code: "io",
      hint: expect.stringMatching(/output_dir/),
    });
    const file = path.join(root, "broken.json");
    await writeFile(file, '{"log_history": [');
    await expect(readTrainerState(file)).rejects.toMatchObject({
      code: "data",
      message: expect.stringMatching(/broken.json: .*JSON/),
    });
    await writeFile(file, '{"log_history": 3}');
    await expect(readTrainerState(file)).rejects.toThrow(/expected log_history/);
  });
});

describe("plotRunFolders", () => {
  it("writes both files into the folder of a single run and nothing else", async () => {
    const run = await writeRun("dpo", [0.7, 0.6]);
    const files = await plotRunFolders([run]);
    expect(files).toEqual({ svg: path.join(run, "training_loss.svg"), png: path.join(run, "training_loss.png") });
    expect((await readdir(run)).sort()).toEqual(["trainer_state.json", "training_loss.png", "training_loss.svg"]);
    expect(await readFile(files.svg, "utf8")).toContain("DPO training: dpo");
    expect((await readFile(files.png)).subarray(1, 4).toString()).toBe("PNG");
  });

  it("overlays several runs and adds parent folders to equal names", async () => {
    const runs = [
      await writeRun("a/dpo", [0.7, 0.6]),
      await writeRun("b/dpo", [0.7, 0.5]),
      await writeRun("sft", [0.9]),
    ];
    const { svg } = await plotRunFolders([...runs, runs[2]], { out: path.join(root, "new", "picture.PNG") });
    expect(svg).toBe(path.join(root, "new", "picture.svg"));
    const text = await readFile(svg, "utf8");
    for (const name of ["a/dpo", "b/dpo"]) expect(text).toContain(`>${name}<`);
    expect(text).toMatch(/sft \(2\)</);
  });

  it("writes into a folder under the default names", async () => {
    const runs = [await writeRun("one", [0.7]), await writeRun("two", [0.6])];
    expect(await plotRunFolders(runs, { out: root })).toEqual({
      svg: path.join(root, "prefine-plot.svg"),
      png: path.join(root, "prefine-plot.png"),
    });
  });

  it("reports the path that it could not write", async () => {
    const run = await writeRun("dpo", [0.7]);
    const out = path.join(run, "trainer_state.json", "plot");
    await expect(plotRunFolders([run], { out })).rejects.toMatchObject({
      code: "io",
      message: expect.stringMatching(/plot\.svg: cannot write: .*trainer_state\.json is a file/),
    });
  });
});
