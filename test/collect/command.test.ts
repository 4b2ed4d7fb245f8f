/** @file `prefine collect`: what it refuses before it loads a model. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../support/runCommand.ts";

const folder = mkdtempSync(join(tmpdir(), "collect-"));
const mine = join(folder, "mine.jsonl");
writeFileSync(mine, '{"prompt":"Q","chosen":"A","rejected":"B"}\n');
const other = join(folder, "other.jsonl");
writeFileSync(join(folder, "other.events.jsonl"), "not events\n");

test.each<[string[], string]>([
  [[], "collect: expected --model, found none"],
  [["--model", "a", "--model", "b", "--model", "c"], "collect: expected one model or two, found 3"],
  [["--pairs", mine, "--prompts", mine], "collect: expected --prompts or --pairs, found both"],
  [["--pairs", mine, "--model", "gpt2"], "collect: expected --model or --pairs, found both"],
  [["--pairs", mine, "--system", "S"], "collect: expected no --system with --pairs, found both"],
  [["--model", "a", "--port", "70000"], "Expected a number from 0 to 65535"],
  [["--model", "a", "--temperature", "hot"], "Expected a number from 0 to 2"],
  [["--model", "a", "--limit", "0"], "Expected an integer from 1"],
  [["--model", "a", "--repeats", "2"], "Expected a number from 0 to 1"],
  [["--pairs", mine, "--out", "pairs.json"], "pairs.json: expected the name of a .jsonl file for pairs"],
  [
    ["--pairs", mine, "--out", mine],
    "mine.jsonl: expected no file, or one of a record of preferences, found another file",
  ],
  [["--pairs", mine, "--out", other], "other.events.jsonl: line 1: expected JSON"],
  [
    ["--model", join(folder, "nothing"), "--out", join(folder, "new.jsonl")],
    "nothing: no such folder, and not a hub id",
  ],
])("%j", async (words, message) => {
  const { code, stdout, stderr } = await runCommand("collect", ...words);
  expect(stderr).toContain(message);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
});
