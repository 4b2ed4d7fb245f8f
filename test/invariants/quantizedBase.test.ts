/**
 * @file A run on a quantized base model finds that base again without a setting: when loaded, generated from, compared,
 * resumed, trained further. An explicit setting overrides it.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DPOTrainer } from "../../src/dpoTrainer.ts";
import { AutoModelForCausalLM, type BitsAndBytesConfigInput } from "../../src/index.ts";
import { furnish, PAIRS } from "../support/furnish.ts";
import { runCommand } from "../support/runCommand.ts";
import { keepingLogger } from "../support/toyTrainer.ts";

const dir = mkdtempSync(join(tmpdir(), "prefine-quantized-base-"));
const model = join(dir, "model");
const run = join(dir, "run");
const LINE = "base model: 4 bits (nf4, double quantization) in all 8 linear layers";
const FOUR_BITS = ["--load_in_4bit", "--use_bnb_nested_quant"];
const long = ["--prompt", "What is rain?", "--max_new_tokens", "24"];
const SETTINGS =
  "--learning_rate 0.02 --lr_scheduler_type constant --max_steps 4 --save_steps 2 --save_strategy steps " +
  "--eval_strategy no --report_to none";
const FILES = ["--data_files.train", join(dir, "train.jsonl"), "--data_files.test", join(dir, "eval.jsonl")];
const args = ["--config", join(dir, "run.yaml"), "--model_name_or_path", model, ...FILES, ...SETTINGS.split(" ")];
const train = (output_dir: string, ...more: string[]) =>
  runCommand("train", ...args, "--output_dir", output_dir, ...more);

async function succeeds(outcome: Promise<{ code: number; stdout: string; stderr: string }>) {
  const { code, stdout, stderr } = await outcome;
  expect(code, stderr).toBe(0);
  return { stdout, stderr };
}

async function bitsOf(folder: string, quantization_config?: BitsAndBytesConfigInput | null) {
  const loaded = await AutoModelForCausalLM.from_pretrained(folder, { quantization_config });
  await loaded.dispose();
  const [first] = loaded.loaded.architecture.quantized?.values() ?? [];
  return first ? `${first.format}${first.nested ? ", nested" : ""}` : null;
}

beforeAll(async () => {
  await furnish(dir);
  await succeeds(train(run, ...FOUR_BITS));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("a run on a base in 4 bits", () => {
  test("is loaded on the same base, as are its checkpoints; the caller's setting overrides it", async () => {
    expect(await bitsOf(run)).toBe("nf4, nested");
    expect(await bitsOf(join(run, "checkpoint-2"))).toBe("nf4, nested");
    expect(await bitsOf(run, null)).toBeNull();
    expect(await bitsOf(run, { load_in_8bit: true })).toBe("int8");
    expect(await bitsOf(model)).toBeNull();
  });

  test("records it in training_args.json; without that file the base is loaded as in its own files", async () => {
    const file = join(run, "training_args.json");
    const { quantization_config } = JSON.parse(readFileSync(file, "utf8"));
    const bits = { load_in_8bit: false, load_in_4bit: true, bnb_4bit_quant_type: "nf4" };
    expect(quantization_config).toEqual({ ...bits, bnb_4bit_use_double_quant: true, llm_int8_skip_modules: null });
    const alone = join(dir, "alone");
    for (const name of readdirSync(run).filter((entry) => entry.startsWith("adapter_"))) {
      cpSync(join(run, name), join(alone, name));
    }
    expect(await bitsOf(alone)).toBeNull();
    const record = (value: unknown) => writeFileSync(join(alone, "training_args.json"), JSON.stringify(value));
    record({ quantization_config: { quant_method: "gptq", bits: 4 } }); // another tool's
    expect(await bitsOf(alone)).toBeNull();
    record({ quantization_config: { load_in_4bit: true, bnb_4bit_quant_type: "nf5" } });
    await expect(bitsOf(alone)).rejects.toThrow(/training_args\.json: quantization_config: bnb_4bit_quant_type: exp/);
    writeFileSync(join(alone, "training_args.json"), "{");
    await expect(bitsOf(alone)).rejects.toThrow(/training_args\.json: expected JSON/);
  });

  test("generates with it, and says so", async () => {
    const answered = await succeeds(runCommand("generate", run, ...long));
    expect(answered.stderr).toContain(`${LINE}, as in training`);
    const asked = await succeeds(runCommand("generate", run, ...long, ...FOUR_BITS));
    expect(asked).toEqual({ stdout: answered.stdout, stderr: "" });
    const wide = await succeeds(runCommand("generate", run, ...long, "--load_in_4bit", "false"));
    expect(wide.stderr).toBe("");
    expect(wide.stdout).not.toBe(answered.stdout);
    const refused = await runCommand("generate", run, ...long, "--load_in_4bit", "maybe");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("Expected true or false") });
  });

  test("is compared with it", async () => {
    const { stdout, stderr } = await succeeds(runCommand("compare", run, ...long, "--json"));
    expect(stderr.split("\n").filter((line) => line.startsWith(LINE))).toHaveLength(1);
    const [answer] = JSON.parse(stdout).answers;
    const original = await succeeds(runCommand("generate", model, ...long, ...FOUR_BITS, "--json"));
    expect(answer.original).toBe(JSON.parse(original.stdout)[0].text);
    const trained = await succeeds(runCommand("generate", run, ...long, "--json"));
    expect(answer.trained).toBe(JSON.parse(trained.stdout)[0].text);
    expect(answer.trained).not.toBe(answer.original);
  });

  test("is resumed on it; on another it is refused", async () => {
    const resumed = join(dir, "resumed");
    await succeeds(train(resumed, ...FOUR_BITS, "--max_steps", "2"));
    const again = ["--resume_from_checkpoint", join(resumed, "checkpoint-2")];
    const refused = await train(resumed, ...again, "--load_in_4bit", "false");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/another run: lora\.quantization: "4 bits \(nf4, double quantization\)/);
    const { stderr } = await succeeds(train(resumed, ...again));
    expect(stderr).toContain(`quantization: as in ${join(resumed, "checkpoint-2", "training_args.json")}`);
    expect(stderr).toContain(LINE);
    const weights = (folder: string) => readFileSync(join(folder, "adapter_model.safetensors"));
    expect(weights(resumed).equals(weights(run))).toBe(true);
  });

  test("is resumed on it by DPOTrainer, too, and by its own path", async () => {
    const { logger, lines } = keepingLogger();
    const output_dir = join(dir, "trainer");
    cpSync(run, output_dir, { recursive: true });
    const trainer = new DPOTrainer({
      model,
      logger,
      train_dataset: PAIRS,
      peft_config: { r: 2, lora_alpha: 4, target_modules: ["c_attn", "c_proj"], task_type: "CAUSAL_LM" },
      args: {
        output_dir,
        max_steps: 6,
        max_length: 96,
        logging_steps: 1,
        learning_rate: 0.02,
        bf16: false,
        report_to: "none",
        save_strategy: "no",
        eval_strategy: "no",
        resume_from_checkpoint: true,
      },
    });
    await trainer.train();
    await trainer.dispose();
    expect(lines).toContain(LINE);
    expect(trainer.state.log_history.filter((entry) => "loss" in entry)).toHaveLength(6);
  });

  test("is trained further on it", async () => {
    const further = join(dir, "further");
    const { stderr } = await succeeds(train(further, "--adapter_name_or_path", run, "--use_peft", "false"));
    expect(stderr).toContain(LINE);
    expect(await bitsOf(further)).toBe("nf4, nested");
  });
});
