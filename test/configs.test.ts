/** @file The run files of configs/: each has a header, all keys are accepted, and tiny.yaml ends with its losses. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseRun } from "../src/config/run.ts";
import { train } from "../src/train.ts";
import { checkout } from "./support/builtPackage.ts";
import { hasReference, needsReference, sharedFolder } from "./support/shared.ts";
import { keepingLogger } from "./support/toyTrainer.ts";

const read = (name: string) => readFileSync(join(checkout, "configs", name), "utf8");
const names = readdirSync(join(checkout, "configs")).filter((name) => name.endsWith(".yaml"));

test.each(names)("%s: header, and every key is known", (name) => {
  const header = read(name).split("\n").slice(0, 8).join("\n");
  expect(header).toContain(`# command:    npx prefine train --config configs/${name}\n`);
  expect(header).toMatch(/^# machine: +\d CPU cores.*\n# minutes: +[\d.,]+.*\n# final loss: /m);
  const { run } = parseRun({ file: { name, text: read(name) }, flags: [] });
  expect(run.args.output_dir).not.toBe("trainer_output");
  expect(run.args.fp16 || run.args.bf16).toBe(false);
});

test("note.yaml is the note's example, setting by setting", () => {
  const note = readFileSync(join(checkout, "examples", "dpo-with-hugging-face.ts"), "utf8");
  const call = /new DPOConfig\(\{([\s\S]*?)\n\}\);/.exec(note)?.[1] ?? "";
  const said = [...call.matchAll(/^ {2}(\w+): ([^,]+),$/gm)].map(([, key, value]) => [key, JSON.parse(value)]);
  expect(said.length).toBe(14);
  const { run } = parseRun({ file: { name: "note.yaml", text: read("note.yaml") }, flags: [] });
  const renamed = Object.fromEntries(said.map(([key, value]) => [key.replace("evaluation_", "eval_"), value]));
  expect({ ...run.args, report_to: "none" }).toMatchObject(renamed);
  expect(run.args.max_length).toBe(512);
  expect(run.peft_config).toMatchObject({
    r: 4,
    lora_alpha: 8,
    lora_dropout: 0.1,
    target_modules: ["c_proj", "c_attn"],
  });
});

describe.skipIf(!hasReference)(`tiny.yaml${needsReference}`, () => {
  test("ends with the losses in its header", { timeout: 120_000 }, async () => {
    const text = read("tiny.yaml").replaceAll("../shared", resolve(sharedFolder));
    const output_dir = mkdtempSync(join(tmpdir(), "prefine-configs-"));
    const { run } = parseRun({ file: { name: "tiny.yaml", text }, flags: ["--output_dir", join(output_dir, "run")] });
    const { metrics } = await train(run, { logger: keepingLogger().logger });
    const state = JSON.parse(readFileSync(join(output_dir, "run", "trainer_state.json"), "utf8"));
    const evalLoss = state.log_history.at(-2).eval_loss;
    const [, trained, evaluated] = /final loss: ([\d.]+) \(train_loss\), ([\d.]+) \(eval_loss/.exec(text) ?? [];
    expect(metrics.train_loss).toBeCloseTo(Number(trained), 2);
    expect(evalLoss).toBeCloseTo(Number(evaluated), 2);
    rmSync(output_dir, { recursive: true });
  });
});
