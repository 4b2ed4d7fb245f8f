/** @file Default prompts of prefine compare: held-out ones from the run's data, without a network. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Dataset, DPOTrainer, type DPOTrainerOptions, loadDataset } from "../src/index.ts";
import { furnish, jsonLines, PAIRS } from "./support/furnish.ts";
import { startServePy } from "./support/localHub.ts";
import { runCommand } from "./support/runCommand.ts";
import { hasReference, needsReference, referenceFolder } from "./support/shared.ts";

const HELD_OUT = ["What is left out?", "What is kept back?", "What is new?", "What is last?"].map((prompt) => ({
  prompt,
  chosen: " this",
  rejected: " that or that",
}));
const promptsOf = (rows: readonly { prompt: string }[]) => rows.map(({ prompt }) => prompt);

let folder: string;
const before = process.cwd();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "prefine-prompts-"));
  process.chdir(folder);
  await furnish(folder);
  writeFileSync("held-out.jsonl", jsonLines(HELD_OUT));
  const settings = readFileSync("run.yaml", "utf8").replace(/^(data_files|output_dir|max_steps).*\n/gm, "");
  writeFileSync("run.yaml", settings);
  for (const name of ["elsewhere", "both"]) mkdirSync(name);
  cpSync("train.jsonl", "both/train.jsonl");
  cpSync("held-out.jsonl", "both/validation.jsonl");
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

/** Trains one step of run.yaml. */
async function train(output_dir: string, ...words: string[]): Promise<void> {
  const always = ["--config", "run.yaml", "--output_dir", output_dir, "--max_steps", "1"];
  const { code, stderr } = await runCommand("train", ...always, ...words);
  expect(code, stderr).toBe(0);
}

interface Compared {
  prompts: string[];
  /** The line with their source. */
  line: string;
}

async function compare(run: string, ...words: string[]): Promise<Compared> {
  const { code, stdout, stderr } = await runCommand("compare", run, "--max_new_tokens", "2", "--json", ...words);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return { prompts: promptsOf(JSON.parse(stdout).answers), line: stderr.trimEnd() };
}

const NOTE = ["Is a higher octane gasoline better for your car?"];
const files = ["--data_files.train", "train.jsonl", "--data_files.test", "held-out.jsonl"];

describe("compare uses", () => {
  const data = ["--dataset_name", "both", "--eval_strategy", "no"];
  beforeAll(async () => {
    await train("unseen", ...data);
  });

  it("the split that the run was evaluated on, from any folder, of a moved run and of its checkpoint", async () => {
    await train("files", ...files, "--eval_strategy", "steps", "--save_strategy", "steps", "--save_steps", "1");
    const three = promptsOf(HELD_OUT.slice(0, 3));
    const line = "prompts: 3 of the run's data files, split test (held out)";
    expect(await compare("files")).toEqual({ prompts: three, line });
    expect(await compare("files/checkpoint-1")).toEqual({ prompts: three, line });
    expect((await compare("files", "--limit", "4")).prompts).toEqual(promptsOf(HELD_OUT));
    expect((await compare("files", "--prompt", "Mine?")).prompts).toEqual(["Mine?"]);
    const split = await compare("files", "--split", "test", "--limit", "1");
    expect(split).toEqual({ prompts: [HELD_OUT[0].prompt], line: "" });
    renameSync("files", "elsewhere/moved");
    process.chdir("elsewhere");
    expect(await compare("moved")).toEqual({ prompts: three, line });
    process.chdir(folder);
  });

  it("a held-out split that the run was not evaluated on, else the training split, and says so", async () => {
    const { prompts, line } = await compare("unseen");
    expect(prompts).toEqual(promptsOf(HELD_OUT.slice(0, 3)));
    expect(line).toBe("prompts: 3 of both, split validation (held out)");
    await train("on-it", ...data, "--dataset_train_split", "validation");
    expect(await compare("on-it")).toEqual({
      prompts,
      line: "prompts: 3 of both, split validation (training data: no held-out split is available)",
    });
  });

  it("the held-out rows of a mixture", async () => {
    const mixture = "datasets: [{ path: train.jsonl }]\ntest_split_size: 2\noutput_dir: mixed\nmax_steps: 1\n";
    writeFileSync("mixture.yaml", `${readFileSync("run.yaml", "utf8")}${mixture}eval_strategy: steps\n`);
    const { code, stderr } = await runCommand("train", "--config", "mixture.yaml");
    expect(code, stderr).toBe(0);
    const { prompts, line } = await compare("mixed");
    const { test } = (await loadDataset("train.jsonl")).train.train_test_split({ test_size: 2, seed: 42 });
    expect(prompts).toEqual((await test.to_list()).map((row) => row.prompt));
    expect(line).toBe("prompts: 2 of the mixture of datasets, split test (held out)");
  });

  it("each prompt once, and none that is empty, too long, or has no prompt of its own", async () => {
    const rows = [
      { prompt: "  ", chosen: "a", rejected: "b" },
      { prompt: "long ".repeat(400), chosen: "a", rejected: "b" },
      HELD_OUT[0],
      HELD_OUT[0],
      HELD_OUT[1],
    ];
    writeFileSync("odd.jsonl", jsonLines(rows));
    const { prompts, line } = await compare("unseen", "--dataset_name", "odd.jsonl");
    expect(prompts).toEqual(promptsOf(HELD_OUT.slice(0, 2)));
    expect(line).toMatch(/^prompts: 2 of odd\.jsonl, split train/);
    writeFileSync("implicit.jsonl", jsonLines([{ chosen: "Why? Yes", rejected: "Why? No" }]));
    expect((await compare("unseen", "--dataset_name", "implicit.jsonl")).prompts).toEqual(["Why?"]);
    writeFileSync("long.jsonl", jsonLines([1, 2].map((i) => ({ ...rows[1], prompt: `${rows[1].prompt}${i}` }))));
    const long = await compare("unseen", "--dataset_name", "long.jsonl");
    expect(long.prompts).toEqual(NOTE);
    expect(long.line).toContain("too long for the model");
  });

  it("the course note's question if the data is gone or has no prompts, with the reason", async () => {
    const gone = await compare("unseen", "--dataset_name", "gone.jsonl");
    expect(gone.prompts).toEqual(NOTE);
    expect(gone.line).toMatch(/^prompt: the course note's, since gone\.jsonl has none \(gone\.jsonl: no such file/);
    writeFileSync("else.jsonl", jsonLines([{ request: "Why?", chosen: "Yes", rejected: "No" }]));
    const other = await compare("unseen", "--dataset_name", "else.jsonl");
    expect(other.prompts).toEqual(NOTE);
    expect(other.line).toContain("expected a prompt, found request, chosen, rejected");
    rmSync("unseen/training_args.json");
    expect((await compare("unseen")).line).toContain("the run names no dataset");
  });
});

describe("compare after DPOTrainer", () => {
  const trainer = async (options: Pick<DPOTrainerOptions, "train_dataset"> & Partial<DPOTrainerOptions>) => {
    const output_dir = mkdtempSync(join(folder, "trained-"));
    const args = { output_dir, max_steps: 1, max_length: 96, save_strategy: "steps", save_steps: 1 } as const;
    const one = new DPOTrainer({ model: "model", args: { ...args, learning_rate: 1e-3 }, ...options });
    await one.train();
    await one.dispose();
    return output_dir;
  };

  it("says that rows from memory are not saved with the run", async () => {
    for (const train_dataset of [PAIRS, Dataset.fromRows(PAIRS)]) {
      const { prompts, line } = await compare(await trainer({ train_dataset }));
      expect(prompts).toEqual(NOTE);
      expect(line).toContain("the run names no dataset (rows from memory are not saved with it)");
    }
  });

  it("finds the splits by name if the dataset is named, and the base model of a run of all weights", async () => {
    writeFileSync("both/test.jsonl", jsonLines([...HELD_OUT].reverse()));
    const ds = await loadDataset("both");
    const sets = { train_dataset: ds.train, eval_dataset: ds.validation };
    const run = await trainer({ ...sets, dataset_name: "both" });
    expect((await compare(run)).line).toBe("prompts: 3 of both, split validation (held out)");
    rmSync(join(run, "README.md"));
    process.chdir("elsewhere"); // the base was named by a path relative to the other folder
    const { stdout } = await runCommand("compare", run, "--json", "--max_new_tokens", "2");
    process.chdir(folder);
    expect(JSON.parse(stdout).original).toBe(join(folder, "model"));
  });

  it("takes the newest checkpoint of a stopped run, whatever it trained", async () => {
    for (const peft_config of [null, { r: 2, target_modules: ["c_attn"] }]) {
      const run = await trainer({ train_dataset: PAIRS, dataset_name: "train.jsonl", peft_config });
      const stopped = `${run}-stopped`;
      cpSync(join(run, "checkpoint-1"), join(stopped, "checkpoint-1"), { recursive: true });
      expect(existsSync(join(stopped, "training_args.json"))).toBe(false);
      const { prompts, line } = await compare(stopped);
      expect(prompts).toEqual(promptsOf(PAIRS.slice(0, 3)));
      expect(line).toContain("split train (training data");
      const [{ text }] = JSON.parse((await runCommand("generate", stopped, "--prompt", "x", "--json")).stdout);
      expect(text).not.toBe("");
    }
  });

  it("names a missing base model, and what to do", async () => {
    const run = await trainer({ train_dataset: PAIRS });
    const path = join(run, "training_args.json");
    const settings = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...settings, model_name_or_path: "/gone/model" }));
    const { code, stderr } = await runCommand("compare", run);
    expect(code).toBe(1);
    expect(stderr).toContain("found nothing at /gone/model, which it names\nPass it with --base.");
  });
});

describe.skipIf(!hasReference)(`compare with data of the hub${needsReference}`, () => {
  it("reads data from the cache and requests none from the hub", { timeout: 60_000 }, async () => {
    const hub = await startServePy(join(referenceFolder, "hub"));
    try {
      vi.stubEnv("HF_ENDPOINT", hub.endpoint);
      vi.stubEnv("HF_HOME", join(folder, "hf"));
      const data = ["--model_name_or_path", "gpt2", "--dataset_name", "BarraHome/ultrafeedback_binarized"];
      const splits = ["--dataset_train_split", "train_prefs[:2]", "--dataset_test_split", "test_prefs[:5]"];
      const words = [
        ...data,
        ...splits,
        "--process",
        "ultrafeedback",
        "--max_length",
        "64",
        "--eval_strategy",
        "steps",
      ];
      await train("hub-run", ...words);
      const askedForData = async () => (await hub.log()).filter(({ path }) => path.includes("datasets/")).length;
      const requests = await askedForData();
      expect(requests).toBeGreaterThan(0);
      const { prompts, line } = await compare("hub-run");
      expect(await askedForData()).toBe(requests);
      expect(prompts.length).toBeGreaterThan(0);
      expect(line).toMatch(/^prompts: \d of BarraHome\/ultrafeedback_binarized, split test_prefs\[:5\] \(held out\)$/);
      vi.stubEnv("HF_HOME", join(folder, "empty"));
      const cold = await compare("hub-run");
      expect(cold.prompts).toEqual(NOTE);
      expect(cold.line).toContain("(it is not in the hub's cache: --split 'test_prefs[:5]' downloads it)");
      expect(await askedForData()).toBe(requests);
    } finally {
      vi.unstubAllEnvs();
      await hub.stop();
    }
  });
});
