/** @file A disk that is full where a command writes its messages or results, not where it trains. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtPackage } from "../support/builtPackage.ts";
import { furnish } from "../support/furnish.ts";
import { folderWithPrefine, scriptArguments } from "../support/runScript.ts";

/** Every write to it fails with ENOSPC. */
const FULL = "/dev/full";
const onLinux = test.skipIf(!existsSync(FULL));
const place = mkdtempSync(join(tmpdir(), "prefine-full-output-"));
beforeAll(() => furnish(place));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const prefine = join(await builtPackage(), "bin/prefine.js");
const { PATH, HOME } = process.env;
const env = { PATH, HOME, NO_COLOR: "1", PREFINE_NUM_THREADS: "1" };

/** @param full the stream that goes to the full disk. */
function run(words: readonly string[], full: "stdout" | "stderr", cwd = place) {
  const stdio = ["ignore", "pipe", "pipe"] as ("ignore" | "pipe" | number)[];
  stdio[full === "stdout" ? 1 : 2] = openSync(FULL, "w");
  return spawnSync(process.execPath, words, { cwd, env, stdio, encoding: "utf8" });
}

onLinux("a training continues without its messages", { timeout: 60_000 }, () => {
  const { status, stdout } = run([prefine, "train", "--config", "run.yaml", "--max_steps", "3"], "stderr");
  expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining("trained for 3 steps") });
  expect(JSON.parse(readFileSync(join(place, "dpo/trainer_state.json"), "utf8")).global_step).toBe(3);
});

onLinux("so does a training in a program, which has no listener for the error", { timeout: 60_000 }, async () => {
  const app = await folderWithPrefine();
  const [model, output_dir] = [join(place, "model"), join(app, "run")];
  writeFileSync(
    join(app, "train.mjs"),
    `import { DPOTrainer, LoraConfig } from "prefine";
    const train_dataset = [{ prompt: "a", chosen: " b", rejected: " c" }, { prompt: "d", chosen: " e", rejected: " f" }];
    const args = { output_dir: ${JSON.stringify(output_dir)}, bf16: false, max_steps: 2, learning_rate: 1e-4, logging_steps: 1 };
    const trainer = new DPOTrainer({ model: ${JSON.stringify(model)}, train_dataset, args, peft_config: new LoraConfig() });
    const { global_step } = await trainer.train();
    console.log(global_step);
    await trainer.dispose();`,
  );
  const { status, stdout } = run(scriptArguments(join(app, "train.mjs")), "stderr", app);
  expect({ status, stdout }).toEqual({ status: 0, stdout: "2\n" });
  rmSync(app, { recursive: true });
});

onLinux("a command whose results can't be written says so in a line", { timeout: 60_000 }, () => {
  const { status, stderr } = run([prefine, "data", "train.jsonl"], "stdout");
  expect(status).toBe(1);
  expect(stderr).toMatch(/^error: stdout: cannot write: the disk is full \(ENOSPC\)\n.*\n$/);
});
