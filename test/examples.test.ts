/** @file Every example, run as a user runs it: `gpt2` and the dataset come from the local hub, where both are tiny. */
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkout } from "./support/builtPackage.ts";
import { type LocalHub, sharedHubExists, startServePy } from "./support/localHub.ts";
import { folderWithPrefine, runScript, type ScriptOutcome } from "./support/runScript.ts";
import { needsReference, referenceFolder } from "./support/shared.ts";

const QUESTION = "Is a higher octane gasoline better for your car?";

/** Checks an example's output and files; `read` returns the bytes of a file in its folder. */
type Check = (outcome: ScriptOutcome, read: (name: string) => Buffer) => void;

const isPng = (bytes: Buffer) => bytes.subarray(1, 4).toString() === "PNG";

function logOf(bytes: Buffer): Record<string, number>[] {
  return JSON.parse(bytes.toString()).log_history;
}

const CHECKS: Record<string, Check> = {
  "dpo-with-hugging-face.ts": ({ stdout, stderr }, read) => {
    expect(stdout).toMatch(
      /^(?=.*\btrain_prefs\b)(?=.*\btest_prefs\b).*\bprompt, prompt_id, chosen, rejected, messages/s,
    );
    expect(stderr).toMatch(/evaluation_strategy: is eval_strategy now/);
    const [dpo, gpt2] = ["DPO", "GPT2"].map((name) => stdout.split(`${name} response:\t `)[1]);
    expect([dpo, gpt2].every((answer) => answer.startsWith(QUESTION) && answer.length > QUESTION.length + 10)).toBe(
      true,
    );
    const losses = logOf(read("dpo/trainer_state.json")).flatMap(({ loss }) => loss ?? []);
    expect(losses).toHaveLength(20); // 40 pairs, 5 epochs, a line every 10 steps
    expect(losses[19]).toBeLessThan(losses[0]);
    expect(JSON.parse(read("dpo/adapter_config.json").toString())).toMatchObject({ r: 4, lora_alpha: 8 });
    expect(isPng(read("train_loss.png")) && isPng(read("dpo/training_loss.png"))).toBe(true);
  },
  "train-from-jsonl.ts": ({ stdout }, read) => {
    expect(stdout).toMatch(/^train_loss 0\.\d{4}; answers/);
    expect(logOf(read("answers/trainer_state.json")).filter(({ eval_loss }) => eval_loss > 0)).toHaveLength(2);
  },
  "generate-streaming.ts": ({ stdout }) => {
    expect(stdout.startsWith(QUESTION)).toBe(true);
    expect(stdout).toMatch(/\n\[(length|eos)\]\n$/);
  },
  "serve-and-ask.ts": ({ stdout }) => {
    expect(stdout).toMatch(/^served: \d+ tokens\nIs tea a drink\?.+\nIs the sun cold\?.+\n$/s);
  },
  "compare-betas.ts": ({ stdout }, read) => {
    expect(stdout).toMatch(
      /^beta-0\.1: train_loss \d\.\d{4}\nbeta-0\.5: train_loss \d\.\d{4}\nbetas\.svg, betas\.png\n$/,
    );
    expect(read("betas.svg").toString()).toMatch(/beta-0\.1[\s\S]*beta-0\.5/);
    expect(isPng(read("betas.png"))).toBe(true);
  },
  "compare-losses.ts": ({ stdout }, read) => {
    const line = (name: string) => `${name}: train_loss (\\d+\\.\\d{4})\\n`;
    const found = new RegExp(`^${["dpo", "ipo", "mpo", "simpo"].map(line).join("")}losses\\.svg, losses\\.png\\n$`);
    const [dpo, ipo, mpo] = (found.exec(stdout) ?? []).slice(1).map(Number);
    expect(ipo).toBeGreaterThan(20); // (1 / (2 beta))^2 = 25 if nothing is learned
    expect(mpo).toBeGreaterThan(dpo + 1); // the log-likelihood
    expect(isPng(read("losses.png"))).toBe(true);
    const [first] = logOf(read("simpo/trainer_state.json"));
    expect(first["rewards/chosen"]).toBeLessThan(-1); // of the log-probabilities themselves
  },
  "callbacks.ts": ({ stdout }, read) => {
    expect(stdout).toMatch(
      /^step 2: margin -?\d\.\d{4} on how, -?\d\.\d{4} on others\n(step \d+: .*\n)+best: step \d+/,
    );
    expect(read("watched/eval_margins.csv").toString()).toMatch(/^step,epoch,split,row,.*\n2,[\d.]+,eval_how,0,/);
    const keys = logOf(read("watched/trainer_state.json")).flatMap(Object.keys);
    expect(keys).toEqual(expect.arrayContaining(["eval_how_loss", "eval_others_worst_margin"]));
  },
  "stop-and-resume.ts": ({ stdout }, read) => {
    expect(stdout).toBe(
      "stopped after step 5 of 12; saved resumed/checkpoint-5\ndone at step 12; the log has 13 entries\n",
    );
    const steps = Array.from({ length: 12 }, (_, i) => i + 1);
    expect(logOf(read("resumed/trainer_state.json")).map(({ step }) => step)).toEqual([...steps, 12]);
  },
};

test("every example is checked", () => {
  const examples = readdirSync(join(checkout, "examples")).filter((name) => name.endsWith(".ts"));
  expect(Object.keys(CHECKS).sort()).toEqual(examples.sort());
});

describe.skipIf(!sharedHubExists)(`examples${needsReference}`, () => {
  let hub: LocalHub;
  const folders: string[] = [];
  beforeAll(async () => {
    hub = await startServePy(join(referenceFolder, "hub"));
  });
  afterAll(async () => {
    await hub?.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  test.each(Object.entries(CHECKS))("%s", { timeout: 180_000 }, async (name, check) => {
    const folder = await folderWithPrefine();
    folders.push(folder);
    const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, "hf") };
    cpSync(join(checkout, "examples"), join(folder, "examples"), { recursive: true }); // where `prefine` is built
    const outcome = await runScript(join(folder, "examples", name), folder, env);
    expect(outcome).toMatchObject({ code: 0 });
    check(outcome, (file) => readFileSync(join(folder, file)));
  });
});
