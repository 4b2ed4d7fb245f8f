/** @file A working directory for wrong input: commands must report it in one clear error and change no file. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { furnish } from "./furnish.ts";
import { contents } from "./outcomes.ts";
import { type CommandOutcome, runCommand } from "./runCommand.ts";

export { jsonLines, PAIRS } from "./furnish.ts";

/**
 * The working directory of each test of a file: a fresh copy of a furnished folder, so that messages have relative
 * paths.
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

/** The error of a command, from `error:` on: exit code 1, nothing on stdout, no stack trace, no file changed. */
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
  expect(stderr).not.toMatch(/internal:|bug in prefine/);
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
