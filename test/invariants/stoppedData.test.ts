/**
 * @file `prefine train` stopped while its data is prepared: it ends soon, leaves no half file, and the next run trains
 * as if nothing had been. A short sample of `npm run soak -- --stops`.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dice } from "../../scripts/fuzz/dice.ts";
import { calmRun, furnishStops, stoppedRun } from "../../scripts/soak/stops.ts";
import { builtPackage } from "../support/builtPackage.ts";
import { jsonLines } from "../support/furnish.ts";
import { ended } from "../support/trainingProcess.ts";

/** From 4,096 rows on, tokens are kept. */
const ROWS = 5000;

const bin = join(await builtPackage(), "bin/prefine.js");
const folder = mkdtempSync(join(tmpdir(), "prefine-stopped-data-"));
const template = join(folder, "template");
beforeAll(() => furnishStops(template, ROWS));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("stopped before its first step and while tokens are written", { timeout: 240_000 }, async () => {
  const options = { template, command: [bin], job: "tokenized first, mapped" } as const;
  const calmPlace = join(folder, "calm");
  const calm = await calmRun(calmPlace, options);
  const stops = [
    ["before the first step", "SIGINT"],
    ["while tokens are written", "SIGKILL"],
  ] as const;
  const { faults } = await stoppedRun(join(folder, "stopped"), options, { calmPlace, calm, stops, random: dice(5) });
  expect(faults).toEqual([]);
  expect(existsSync(join(calmPlace, "cache/tokens"))).toBe(true);
});

test("a row that the chat template refuses ends the training at its last whole step", {
  timeout: 120_000,
}, async () => {
  const place = join(folder, "refused");
  cpSync(template, place, { recursive: true });
  const refuse = "{% if messages[0].content == '40' %}{{ messages[0].none.such }}{% endif %}";
  const said = (role: string, content: string) => [{ role, content }];
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    ...{ prompt: said("user", `${i}`), chosen: said("assistant", "yes"), rejected: said("assistant", "no") },
  }));
  writeFileSync(
    join(place, "model/chat_template.jinja"),
    `${refuse}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}`,
  );
  writeFileSync(join(place, "train.jsonl"), jsonLines(rows));
  writeFileSync(join(place, "eval.jsonl"), jsonLines(rows.slice(0, 2)));
  const flags =
    "--max_steps 60 --train_sampling_strategy sequential --per_device_train_batch_size 1 --logging_steps 50";
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, NO_COLOR: "1", PREFINE_NUM_THREADS: "1", PREFINE_CACHE: join(place, "cache") };
  const words = [bin, "train", "--config", "run.yaml", ...flags.split(" ")];
  const { code, stderr } = await ended(
    spawn(process.execPath, words, { cwd: place, env, stdio: ["ignore", "ignore", "pipe"] }),
  );
  expect(code, stderr).toBe(1);
  const [, step] =
    /train row 40 \(train\.jsonl\): .*; saved dpo\/checkpoint-(\d+) with the steps before it/.exec(stderr) ?? [];
  expect(Number(step), stderr).toBeGreaterThan(0);
  expect(existsSync(join(place, `dpo/checkpoint-${step}/adapter_model.safetensors`))).toBe(true);
});
