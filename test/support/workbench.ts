/**
 * @file A folder with all that a training needs, made in milliseconds: a random GPT-2 with its tokenizer (a token a
 * byte), pairs, a run file. What a test spoils in it must be told in one clear error, and nothing else may change.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { byteTokenizer } from "./byteTokenizer.ts";
import { contents } from "./outcomes.ts";
import { randomGpt2 } from "./randomGpt2.ts";
import { type CommandOutcome, runCommand } from "./runCommand.ts";

const TOPICS = ["rain", "bread", "a long road", "seven", "music at night", "the sea"];

/** Pairs of different lengths. */
export const PAIRS = TOPICS.map((topic, i) => ({
  prompt: `What is ${topic}?`,
  chosen: ` ${topic}: here it is`,
  rejected: ` I would rather not ${"at all ".repeat(i % 3)}`,
}));

export const jsonLines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const RUN = `
model_name_or_path: model
data_files: { train: train.jsonl, test: eval.jsonl }
use_peft: true
lora_r: 2
lora_alpha: 4
lora_dropout: 0
lora_target_modules: [c_attn, c_proj]
max_steps: 3
max_length: 96
logging_steps: 1
save_strategy: "no"
bf16: false
output_dir: dpo
`;

/** Writes model, tokenizer, data and run.yaml into a folder. */
async function furnish(folder: string): Promise<void> {
  await randomGpt2(join(folder, "model"), { vocab_size: 257, n_embd: 16, n_head: 2 });
  for (const [name, bytes] of byteTokenizer().files) writeFileSync(join(folder, "model", name), bytes);
  writeFileSync(join(folder, "train.jsonl"), jsonLines(PAIRS));
  writeFileSync(join(folder, "eval.jsonl"), jsonLines(PAIRS.slice(0, 2)));
  writeFileSync(join(folder, "run.yaml"), RUN);
}

/**
 * The working directory of each test of a file: a fresh copy of a furnished folder, so that messages name files as a
 * person there would.
 */
export function useWorkbench(): void {
  const template = mkdtempSync(join(tmpdir(), "prefine-template-"));
  const before = process.cwd();
  const copies: string[] = [];
  beforeAll(() => furnish(template));
  beforeEach(() => {
    const copy = mkdtempSync(join(tmpdir(), "prefine-bench-"));
    copies.push(copy);
    cpSync(template, copy, { recursive: true });
    process.chdir(copy);
  });
  afterAll(() => {
    process.chdir(before);
    for (const folder of [template, ...copies]) rmSync(folder, { recursive: true, force: true });
  });
}

/** The error of a command, from `error:` on: exit code 1, nothing on stdout, no stack trace, every file as it was. */
export async function refusalOf(...words: string[]): Promise<string> {
  const before = contents(process.cwd());
  const outcome = await runCommand(...words);
  expect(contents(process.cwd())).toEqual(before);
  return errorOf(outcome);
}

/** The error of a command that failed, without the lines before it and the newline at its end. */
export function errorOf({ code, stdout, stderr }: CommandOutcome): string {
  expect({ code, stdout, stderr }).toMatchObject({ code: 1, stdout: "" });
  expect(stderr).not.toMatch(/^ +at /m);
  expect(stderr).not.toMatch(/internal:|fault of prefine/);
  const at = stderr.search(/^error: /m);
  expect(at, stderr).toBeGreaterThanOrEqual(0);
  return stderr.slice(at).trimEnd();
}

/** `prefine train --config run.yaml FLAGS`. */
export const train = (...flags: string[]) => refusalOf("train", "--config", "run.yaml", ...flags);

/** Replaces a JSON file's keys; a key with undefined is removed. */
export function editJson(path: string, changes: Record<string, unknown>): void {
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
}

/** Keeps the first bytes of a file: a share of them, or a number. */
export function cut(path: string, keep: number): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, keep < 1 ? Math.floor(bytes.length * keep) : keep));
}

/** Changes the tensors of a safetensors file; undefined removes one. */
export function editTensors(
  path: string,
  change: (name: string, tensor: SafetensorsTensor) => [string, SafetensorsTensor] | undefined,
): void {
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
  const changed = [...tensors].map(([name, tensor]) => change(name, { ...tensor, data: tensor.data.slice() }));
  writeFileSync(path, encodeSafetensors(new Map(changed.filter((entry) => entry !== undefined)), metadata));
}
