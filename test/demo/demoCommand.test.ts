/** @file prefine demo, end to end, in a temporary folder: its output, its files, and that DPO worked. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, test, vi } from "vitest";
import { runStory } from "../../src/cli/demo/story.ts";
import { loadDataset } from "../../src/data/datasets/loadDataset.ts";
import { openTerminal } from "../../src/terminal/terminal.ts";
import { type CommandOutcome, runCommand } from "../support/runCommand.ts";

const OCTANE = "Is a higher octane gasoline better for your car?";
const HELD_OUT = 72;
const MINUTES = 60_000;

interface Pair {
  prompt: string;
  original: string;
  trained: string;
}

const words = (text: string) => text.split(/\s+/).filter(Boolean).length;
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

test("a stopped demo says that the next one starts over", { timeout: MINUTES }, async () => {
  const output_dir = join(mkdtempSync(join(tmpdir(), "prefine-demo-")), "prefine-demo");
  const terminal = { ...openTerminal(), print: () => {} };
  const story = runStory({ output_dir, signal: AbortSignal.abort(), terminal });
  await expect(story).rejects.toMatchObject({ code: "interrupted", hint: "Run the demo again: it starts over." });
});

describe("prefine demo", () => {
  let run: string;
  let outcome: CommandOutcome;
  let pairs: Pair[];
  let direct: Map<string, string>;
  beforeAll(async () => {
    vi.stubEnv("COLUMNS", "80");
    vi.stubEnv("LANG", "C.UTF-8");
    vi.stubEnv("PREFINE_NUM_THREADS", ""); // as users have it
    run = join(
      mkdtempSync(join(tmpdir(), "prefine-demo-")),
      "a-name-so-long-that-no-line-of-80-has-room",
      "prefine-demo",
    );
    mkdirSync(join(run, "checkpoint-7"), { recursive: true }); // an earlier run
    const settings = JSON.stringify({ dataset_name: "/somewhere/everyday-preferences", output_dir: "demo" });
    writeFileSync(join(run, "checkpoint-7", "training_args.json"), settings);
    writeFileSync(join(run, "trainer_state.json"), JSON.stringify({ global_step: 7, log_history: [] }));
    writeFileSync(join(run, "notes.txt"), "mine");
    outcome = await runCommand("demo", "--output_dir", run);
    const compared = await runCommand("compare", run, "--split", "test_prefs", "--json");
    pairs = JSON.parse(compared.stdout).answers;
    const data = fileURLToPath(new URL("../../demo/everyday-preferences", import.meta.url));
    const rows = await (await loadDataset(data)).test_prefs.to_list();
    direct = new Map(rows.map((row) => [String(row.prompt), (row.chosen as { content: string }[])[1].content.trim()]));
  }, 6 * MINUTES);

  it("narrates every step and succeeds", () => {
    const { code, stdout, stderr } = outcome;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("train_prefs 432");
    for (const key of ["prompt_id", "chosen", "rejected", "messages", "score_chosen", "score_rejected"])
      expect(stdout).toMatch(new RegExp(`^ +${key} +`, "m"));
    expect(stdout).toMatch(/LoRA of rank \d+ on \d+ layers/);
    expect(stdout).toMatch(/^step +\d+ .*loss 0\.\d+/m);
    expect(stdout).toContain(join(run, "training_loss.png"));
    expect(stdout).toMatch(/before DPO +│ after DPO/);
    expect(stdout.match(/npx prefine (compare|generate|plot|train)/g)).toHaveLength(4);
    const lines = stdout.replaceAll(/\/\S{20,}/g, "/PATH").split("\n"); // paths are never cut, however long
    expect(lines.filter((line) => line.length > 80 && !/^(step|epoch| +npx) /.test(line))).toEqual([]);
  });

  it("replaces an earlier run and keeps other files", () => {
    expect(existsSync(join(run, "checkpoint-7"))).toBe(false);
    expect(readFileSync(join(run, "notes.txt"), "utf8")).toBe("mine");
    for (const name of ["adapter_model.safetensors", "tokenizer.json", "training_loss.png", "README.md"])
      expect(existsSync(join(run, name))).toBe(true);
  });

  it("refuses a folder with another run", async () => {
    const other = mkdtempSync(join(tmpdir(), "prefine-other-"));
    writeFileSync(join(other, "trainer_state.json"), "{}");
    const { code, stdout, stderr } = await runCommand("demo", "--output_dir", other);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`error: output_dir ${other}: expected no run there, found trainer_state.json\n`);
    expect(readFileSync(join(other, "trainer_state.json"), "utf8")).toBe("{}");
  });

  it("gives the direct answer the higher reward in more than 0.9 of the held-out pairs", () => {
    const { log_history } = JSON.parse(readFileSync(join(run, "trainer_state.json"), "utf8"));
    const last = log_history.findLast((entry: object) => "eval_loss" in entry);
    expect(last["eval_rewards/accuracies"]).toBeGreaterThan(0.9);
    const accuracy = /rewards\/accuracies: (\d\.\d{3})/.exec(outcome.stdout)?.[1];
    expect(Number(accuracy)).toBeCloseTo(last["eval_rewards/accuracies"], 3);
  });

  it("makes the answers to the held-out questions short and correct", () => {
    expect(pairs.map(({ prompt }) => prompt)).toEqual([...direct.keys()]);
    expect(pairs).toHaveLength(HELD_OUT);
    const rambling = (side: "original" | "trained") => pairs.filter((pair) => words(pair[side]) > 30).length;
    expect(rambling("original")).toBeGreaterThan(HELD_OUT / 3);
    expect(rambling("trained")).toBeLessThan(HELD_OUT / 20);
    const shortened = pairs.filter(({ original, trained }) => words(trained) < words(original) / 2);
    expect(shortened.length).toBeGreaterThanOrEqual(20);
    const right = pairs.filter(({ prompt, trained }) => trained.trim() === direct.get(prompt));
    expect(right.length).toBeGreaterThan(0.85 * HELD_OUT);
  });

  it("answers the note's question directly, where the base model rambles", () => {
    const octane = pairs.find(({ prompt }) => prompt === OCTANE)!;
    expect(words(octane.original)).toBeGreaterThan(30);
    expect(octane.trained.trim()).toBe(direct.get(OCTANE));
  });

  it("prints correct counts", () => {
    const line = (label: string) =>
      new RegExp(`${label} +([\\d.]+) +([\\d.]+)`).exec(outcome.stdout)!.slice(1).map(Number);
    const means = (["original", "trained"] as const).map((side) => mean(pairs.map((pair) => words(pair[side]))));
    expect(line("words per answer")).toEqual(means.map((value) => Number(value.toFixed(1))));
    expect(outcome.stdout).toContain(`all ${HELD_OUT} held-out questions`);
  });
});

describe("prefine compare --split", () => {
  it("lists the splits, and says that a run must name its dataset", async () => {
    const folder = mkdtempSync(join(tmpdir(), "prefine-compare-"));
    const unnamed = await runCommand("compare", folder, "--split", "test_prefs");
    expect(unnamed).toMatchObject({ code: 1, stdout: "" });
    expect(unnamed.stderr).toMatch(
      /^error: .*expected a dataset name in training_args\.json, found none\nName it with --dataset_name\.\n$/,
    );
    const data = fileURLToPath(new URL("../../demo/everyday-preferences", import.meta.url));
    const misspelled = await runCommand("compare", folder, "--split", "test_pref", "--dataset_name", data);
    expect(misspelled.stderr).toMatch(/no split "test_pref".*\nDid you mean test_prefs\?\n$/);
  });
});
