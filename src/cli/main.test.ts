/** @file The command line end to end: help, typos, errors without stack traces, exit codes, `data`. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runCommand } from "../../test/support/runCommand.ts";
import { PrefineError } from "../errors.ts";
import { textWidth } from "../terminal/text.ts";
import { interruptible } from "./interrupt.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-cli-"));
  vi.stubEnv("COLUMNS", "80");
});
afterEach(() => vi.unstubAllEnvs());

const COMMANDS = ["train", "data", "generate", "compare", "plot"];

describe("help", () => {
  it("lists the commands, with examples", async () => {
    const { code, stdout } = await runCommand("--help");
    expect(code).toBe(0);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, "m"));
    expect(stdout).toContain("Examples:");
  });

  it.each(COMMANDS)("of %s has examples and fits 80 columns", async (name) => {
    const { code, stdout } = await runCommand(name, "--help");
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: prefine ${name}`);
    expect(stdout).toContain("Examples:");
    for (const line of stdout.split("\n")) expect(textWidth(line), line).toBeLessThanOrEqual(80);
  });

  it("of train shows the important options; --help-all shows all", async () => {
    const short = (await runCommand("train", "--help")).stdout;
    const all = (await runCommand("train", "--help-all")).stdout;
    expect(short).toMatch(/--beta NUMBER +Strength of the KL penalty.*\n.*\[0\.1\]/);
    expect(short).not.toContain("--ddp_timeout");
    expect(all).toMatch(/--ddp_backend NAME +Communication backend of DDP\..*\n?.*\(no effect\)/);
    expect(all).toMatch(/--deepspeed /);
    expect(all.match(/^ {2}--/gm)?.length).toBeGreaterThan(170);
  });

  it("prints the package's version", async () => {
    expect(await runCommand("--version")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("under a launcher", () => {
  const startedAs = (rank: number) => {
    vi.stubEnv("OMPI_COMM_WORLD_SIZE", "4");
    vi.stubEnv("OMPI_COMM_WORLD_RANK", `${rank}`);
  };
  const NOTHING = { code: 0, stdout: "", stderr: "" };

  it.each([
    [["--version"]],
    [["--help"]],
    [["data", "--help"]],
    [[]],
    [["data", "/nowhere/x.jsonl"]],
    [["serve", "--port", "x"]],
    [["trian"]],
  ])("what is no training is done by one process alone: %j", async (words) => {
    startedAs(0);
    const first = await runCommand(...words);
    vi.unstubAllEnvs();
    vi.stubEnv("COLUMNS", "80");
    const alone = await runCommand(...words);
    startedAs(3);
    expect(await runCommand(...words)).toEqual(NOTHING);
    const [warning] = /^warning: mpirun has started 4 processes, and prefine .* is the work of one: .*\n/.exec(
      first.stderr,
    ) ?? [""];
    const isWork = words.length > 1 && words[1] !== "--help";
    expect(warning !== "").toBe(isWork);
    expect({ ...first, stderr: first.stderr.slice(warning.length) }).toEqual(alone);
  });

  it("help of train is printed once", async () => {
    startedAs(1);
    expect(await runCommand("train", "--help")).toEqual(NOTHING);
  });
});

describe("errors", () => {
  it.each([
    [["trian"], /^error: unknown command trian; did you mean train\?/],
    [["data", "x.jsonl", "--jsn"], /^error: unknown option '--jsn'\nDid you mean --json\?/],
    [["data"], /^error: missing required argument 'dataset'/],
    [["data", "x.jsonl", "--index", "one"], /Expected an integer from 0/],
    [["data", "/nowhere/x.jsonl"], /^error: \/nowhere\/x\.jsonl: no such file or folder/],
    [
      ["train", "--config", "/nowhere.yaml"],
      /^error: --config \/nowhere\.yaml: expected a run file \(YAML or JSON\): no such file/,
    ],
    [["train", "--config"], /^error: --config: expected the path of a run file, found no value/],
    [["train", "--learning-rat", "1"], /--learning_rat: unknown flag; did you mean --learning_rate\?/],
    [
      ["generate", "m", "--prompt", "x", "--top-k", "a"],
      /^error: generation: --top_k: expected an integer of at least 0, or null, found "a"/,
    ],
    [["generate", "m", "--tmperature", "1"], /Did you mean --temperature\?/],
    [["plot", "/nowhere"], /^error: \/nowhere: expected a run folder/],
    [["plot", "a", "--theme", "grey"], /Expected light or dark/],
  ])("%j", async (words, message) => {
    const { code, stdout, stderr } = await runCommand(...words);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it("of a run file and flags are reported together", async () => {
    const file = join(folder, "run.yaml");
    writeFileSync(file, "model_name_or_path: gpt2\ndataset_name: d\nbeta: high\nload_in_4bit: true\n");
    const { code, stderr } = await runCommand("train", "--config", file, "--max_steps", "few");
    expect(code).toBe(1);
    expect(stderr.split("\n  ")).toHaveLength(4);
    expect(stderr).toContain('beta: expected a number of at least 0, found "high"');
  });
});

describe("ctrl-C", () => {
  it("asks the work to stop", async () => {
    const work = async (signal: AbortSignal) => {
      expect(signal.aborted).toBe(false);
      process.emit("SIGINT");
      signal.throwIfAborted();
    };
    await expect(interruptible(work)).rejects.toMatchObject({ code: "interrupted" });
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  it("passes on the error of the work, which says how to resume", async () => {
    const work = async () => {
      process.emit("SIGINT");
      throw new PrefineError("interrupted", "stopped after step 3; saved dpo/checkpoint-3");
    };
    await expect(interruptible(work)).rejects.toThrow("saved dpo/checkpoint-3");
  });

  it("exits immediately the second time", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    const work = async () => {
      process.emit("SIGINT");
      process.emit("SIGINT");
    };
    await expect(interruptible(work)).rejects.toThrow("exit 130");
    exit.mockRestore();
  });
});

describe("data", () => {
  const rows = [
    { prompt: "Why?\nTell me.", chosen: [{ content: "x".repeat(200), role: "assistant" }], score: 1.5, note: null },
    { prompt: "日本語の質問です。".repeat(20), chosen: [], score: 2, note: null },
  ];

  function writeRows(): string {
    const file = join(folder, "pairs.jsonl");
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return file;
  }

  it("shows splits, features and a record, cut to the width", async () => {
    const { code, stdout } = await runCommand("data", writeRows(), "--index", "1");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}train {2}2 {2}rows$/m);
    expect(stdout).toMatch(/^ {2}chosen +list<struct<content: string, role: string>>$/m);
    expect(stdout).toMatch(/^train\[1\] {3}4 keys$/m);
    expect(stdout).toMatch(/^ {2}chosen +\[\]$/m);
    for (const line of stdout.split("\n").slice(1)) expect(textWidth(line)).toBeLessThanOrEqual(80);
    const first = (await runCommand("data", writeRows())).stdout;
    expect(first).toMatch(/^ {2}prompt +Why\?\\nTell me\.$/m);
    expect(first).toMatch(/^ {2}chosen +- role: assistant, content: x+\.\.\.$/m);
    expect((await runCommand("data", writeRows(), "--full")).stdout).toContain("x".repeat(200));
  });

  it("prints JSON", async () => {
    const { stdout } = await runCommand("data", writeRows(), "--json", "--index", "1");
    expect(JSON.parse(stdout)).toMatchObject({
      splits: { train: { num_rows: 2, features: { score: "float64", note: "null" } } },
      record: { split: "train", index: 1, keys: ["prompt", "chosen", "score", "note"], row: rows[1] },
    });
  });

  it("rejects a split or a record that does not exist", async () => {
    const file = writeRows();
    expect(await runCommand("data", file, "--split", "trian")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Did you mean train?"),
    });
    expect((await runCommand("data", file, "--index", "2")).stderr).toContain(
      "expected a record from 0 to 1, found --index 2",
    );
  });
});

describe("plot", () => {
  it("writes SVG and PNG next to the log, or to --out", async () => {
    const log_history = [1, 2, 3].map((step) => ({ step, epoch: step / 3, loss: 1 / step, "rewards/margins": step }));
    const dir = join(folder, "dpo");
    mkdirSync(dir);
    writeFileSync(join(dir, "trainer_state.json"), JSON.stringify({ log_history }));
    const plain = await runCommand("plot", dir);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    const files = plain.stdout.trimEnd().split("\n");
    expect(files.map((file) => resolve(file))).toEqual(["svg", "png"].map((end) => join(dir, `training_loss.${end}`)));
    expect(readFileSync(files[0], "utf8")).toContain("<svg");
    const named = await runCommand("plot", dir, dir, "--out", join(folder, "both.png"), "--metrics", "rewards/margins");
    expect(named.code).toBe(0);
    expect(existsSync(join(folder, "both.svg"))).toBe(true);
  });
});
