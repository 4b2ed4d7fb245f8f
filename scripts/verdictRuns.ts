/**
 * @file Makes the runs that the thresholds of a verdict are drawn from, keeps their logs in
 * test/fixtures/verdict-runs.json and prints what was measured of each as a Markdown table.
 *
 * npx tsx scripts/verdictRuns.ts [--table] [--folder FOLDER] [NAME ...]
 *
 * Without names: all, an hour on two cores; with --table: none, only the table. --folder keeps the runs, plots
 * included, in FOLDER/NAME. Models and data other than the demo's come from ../shared; where that is absent, their runs
 * are skipped.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LogEntry } from "../src/checkpoints/trainerState.ts";
import type { Row } from "../src/data/datasets/features.ts";
import { loadDataset } from "../src/data/datasets/loadDataset.ts";
import { ultrafeedback } from "../src/data/datasets/ultrafeedback.ts";
import { AutoTokenizer } from "../src/data/tokenizers/loadTokenizer.ts";
import { DPOTrainer } from "../src/dpoTrainer.ts";
import { encodeSafetensors, type SafetensorsTensor } from "../src/formats/safetensors.ts";
import { architectureOf } from "../src/models/families/architectures.ts";
import { Mt19937 } from "../src/random.ts";
import { createLogger } from "../src/terminal/logger.ts";
import { judge } from "../src/verdict/verdict.ts";
import { factsOf, type ModelName, RECIPES, type Recipe, type RecordedRun } from "./verdict/recipes.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const FIXTURE = here("../test/fixtures/verdict-runs.json");
const SHARED = here("../../shared");

/** What a verdict reads of a log; the rest only makes the fixture longer. */
const KEPT = /^(eval_)?(loss|rewards\/\w+|logps\/\w+)$|^(grad_norm|step|entropy|mean_token_accuracy)$/;

const MODELS: Record<ModelName, () => string> = {
  "everyday-gpt2": () => here("../demo/everyday-gpt2"),
  "tiny-gpt2": () => join(SHARED, "reference/models/tiny-gpt2"),
  "tiny-llama": () => join(SHARED, "reference/models/tiny-llama"),
  "gpt2-shape": gpt2Shape,
};

const scratch = mkdtempSync(join(tmpdir(), "prefine-verdict-"));

/** GPT-2 124M with normal weights of standard deviation 0.02 and GPT-2's tokenizer; 500 MB, made once. */
function gpt2Shape(): string {
  const folder = join(scratch, "gpt2-shape");
  if (existsSync(folder)) return folder;
  mkdirSync(folder);
  cpSync(join(SHARED, "gpt2-tokenizer"), folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  const random = new Mt19937(0);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, shape] of architectureOf(config, "config.json").parameters) {
    const data = new Float32Array((shape as readonly number[]).reduce((product, size) => product * size, 1));
    if (/ln_\w+\.weight$/.test(name)) data.fill(1);
    else if (!name.endsWith(".bias")) random.normal(data, 0, 0.02);
    tensors.set(name, { dtype: "F32", shape: [...(shape as readonly number[])], data });
  }
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors, { format: "pt" }));
  return folder;
}

/** Rows to train on and rows held out, with the length that pairs are cut to. */
async function dataOf({ model, rows, held = 0, swapped }: Recipe) {
  const isDemo = model === "everyday-gpt2";
  const folder = isDemo ? here("../demo/everyday-preferences") : join(SHARED, "data/preferences-300");
  const ds = await (await loadDataset(folder)).map(ultrafeedback);
  const train = await ds.split("train_prefs").to_list();
  // prompts that fill the length are dropped: held-out rows are the first short ones
  const short = (await ds.split("test_prefs").to_list()).filter((row) => isDemo || String(row.prompt).length < 400);
  const usable = train.filter((row) => isDemo || String(row.prompt).length < 120);
  const swap = ({ chosen, rejected, ...row }: Row): Row => ({ ...row, chosen: rejected, rejected: chosen });
  const swapSome = (all: Row[]) => all.map((row, i) => (swapped && i % 2 === 1 ? swap(row) : row));
  return {
    train: swapSome(usable.slice(0, rows ?? usable.length)),
    held: swapSome(short.slice(0, held)),
    max_length: isDemo ? 128 : model === "gpt2-shape" ? 64 : 96,
  };
}

/** A row of the log as a verdict reads it, to five digits. */
function thinned(entry: LogEntry): LogEntry {
  const values = Object.entries(entry).filter(([name]) => KEPT.test(name));
  return Object.fromEntries(values.map(([name, value]) => [name, Number(value.toPrecision(5))]));
}

async function record(recipe: Recipe, output_dir: string): Promise<RecordedRun> {
  const { model, r, args } = recipe;
  const { train, held, max_length } = await dataOf(recipe);
  const folder = MODELS[model]();
  const evaluations = held.length > 0 ? { eval_strategy: "steps" as const, eval_steps: args.max_steps / 5 } : {};
  const trainer = new DPOTrainer({
    model: folder,
    processing_class: await AutoTokenizer.from_pretrained(folder),
    train_dataset: train,
    eval_dataset: held.length > 0 ? held : null,
    peft_config: r > 0 ? { r, lora_alpha: 2 * r, target_modules: "all-linear" } : null,
    args: {
      output_dir,
      overwrite_output_dir: true,
      per_device_train_batch_size: 4,
      per_device_eval_batch_size: 4,
      logging_steps: Math.max(1, Math.floor(args.max_steps / 30)),
      eval_on_start: held.length > 0,
      save_strategy: "no",
      bf16: false,
      report_to: "none",
      max_length,
      ...evaluations,
      ...args,
    },
    logger: createLogger({ disable_tqdm: true }),
  });
  let error: string | undefined;
  try {
    await trainer.train();
  } catch (caught) {
    error = (caught as Error).message;
  } finally {
    await trainer.dispose();
  }
  const log_history = trainer.state.log_history.filter((entry) => !("train_loss" in entry)).map(thinned);
  return { ...recipe, log_history, ...(error === undefined ? {} : { error }) };
}

/** One line per run: a diff then shows which of them changed. */
function save(runs: Record<string, RecordedRun>): void {
  const names = Object.keys(RECIPES).filter((name) => runs[name]);
  const judged = (name: string) => ({ ...runs[name], kind: RECIPES[name].kind }); // as it is called today
  const lines = names.map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(judged(name))}`);
  writeFileSync(FIXTURE, `{\n${lines.join(",\n")}\n}\n`);
}

/** What was measured, and what is made of it. */
function table(runs: Record<string, RecordedRun>): string {
  const number = (value: number | null | undefined) => (value == null ? "" : String(Number(value.toPrecision(3))));
  const rows = Object.entries(runs).map(([name, run]) => {
    const { kind, measures: m } = judge(run.log_history, factsOf(run));
    const { margin, chosen, rejected } = m.moved ?? {};
    const nats = [margin, chosen, rejected, m.chosen_lost].map(number);
    const evaluated = m.evaluated.map((set) => `${number(set.first)} ${number(set.best)} ${number(set.last)}`).join();
    const shares = [m.accuracy, m.margin, m.loss.first, m.loss.last, m.grad_share, m.certainty].map(number);
    return [name, run.kind, kind === run.kind ? "" : kind, ...shares, ...nats, evaluated];
  });
  const head = ["run", "is", "verdict if other", "accuracies", "margins", "first loss", "last loss", "gradient"];
  const more = ["certainty", "margin nats", "chosen nats", "rejected nats", "chosen lost", "eval loss first best last"];
  const lines = [[...head, ...more], [...head, ...more].map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { folder: { type: "string" }, table: { type: "boolean" } },
  });
  const names = values.table ? [] : positionals.length > 0 ? positionals : Object.keys(RECIPES);
  const runs: Record<string, RecordedRun> = existsSync(FIXTURE) ? JSON.parse(readFileSync(FIXTURE, "utf8")) : {};
  for (const name of names) {
    const recipe = RECIPES[name];
    if (!recipe) throw new Error(`${name}: expected one of ${Object.keys(RECIPES).join(", ")}`);
    if (recipe.model !== "everyday-gpt2" && !existsSync(SHARED)) continue;
    const started = performance.now();
    runs[name] = await record(recipe, join(values.folder ?? scratch, name));
    save(runs);
    console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s ${runs[name].error ?? ""}`);
  }
  console.log(table(runs));
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
