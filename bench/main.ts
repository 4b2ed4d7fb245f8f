/** @file The benchmark: one process per figure, one after another; prints a table or one JSON object. */
import { join } from "node:path";
import { runBenchmark } from "./commandLine.ts";
import { benchRows, writeRandomModel } from "./materials.ts";
import { type Measurements, mean, type TrainingReport } from "./measurements.ts";
import { findPython, measureTrl } from "./peers.ts";
import { measure } from "./processes.ts";
import { countWork } from "./workload.ts";

const NEW_TOKENS = 100;
const HELP = `npm run bench [-- --json] [-- --no-trl]
npm run bench -- --ranks 2 [--help]        several processes
npm run bench -- --family gemma3 [--help]  the shape of another model
npm run bench -- --generation [--help]     generation from weights of every kind

Times GPT-2-size DPO training and generation on random weights and real pairs.
  --json    one JSON object on stdout, nothing else
  --no-trl  skip Python's TRL (it takes about six minutes; PREFINE_PYTHON names the Python, default python3)`;

/** Results of two epochs over the rows: the first computes the reference, the second has it cached. */
function measureTraining(model: string, folder: string) {
  const args = [model, 1, 2, join(folder, "batch1")] as const;
  const { report, startedAt } = measure<TrainingReport>("Training", args);
  const rows = benchRows().length;
  const first = report.steps.slice(0, rows);
  const second = report.steps.slice(rows);
  const added = first.slice(2).map((seconds, i) => seconds - second[i + 2]);
  return {
    seconds_per_step: mean(second),
    reference_seconds: mean(added),
    first_step_seconds: (report.firstStepAt - startedAt) / 1000,
    peak_rss_bytes: report.peakRssBytes,
  };
}

/** The second of two epochs over the rows. */
function measureKind(model: string, folder: string, kind: "checkpointing" | "full") {
  const { report } = measure<TrainingReport>("Training", [model, 1, 2, join(folder, kind), kind]);
  return { seconds: mean(report.steps.slice(benchRows().length)), peak: report.peakRssBytes };
}

/** Three epochs of batches of eight; the first epoch includes the reference. */
function measureBatch8(model: string, folder: string) {
  const { report } = measure<TrainingReport>("Training", [model, 8, 3, join(folder, "batch8")]);
  const rows = benchRows().length;
  const steps = report.steps.slice(Math.ceil(rows / 8)); // two epochs
  return {
    batch8_seconds_per_pair: steps.reduce((sum, seconds) => sum + seconds, 0) / (2 * rows),
    batch8_peak_rss_bytes: report.peakRssBytes,
  };
}

async function run(say: (line: string) => void, folder: string, withTrl: boolean): Promise<Measurements> {
  say("writing a random GPT-2 (500 MB) ...");
  await writeRandomModel(folder);
  const work = await countWork(folder);
  const gigaflops = (work.flops / 1e9).toFixed(0);
  say(`${benchRows().length} rows, ${work.tokens.toFixed(0)} packed tokens and ${gigaflops} GFLOP per step`);
  say("training at batch 1 ...");
  const training = measureTraining(folder, folder);
  say("plain matrix products ...");
  const { gflops: best } = measure<{ gflops: number }>("Matmul", []).report;
  say("training at batch 8 ...");
  const batch8 = measureBatch8(folder, folder);
  say("training with gradient checkpointing ...");
  const checkpointing = measureKind(folder, folder, "checkpointing");
  say("training all weights ...");
  const full = measureKind(folder, folder, "full");
  say("generation ...");
  const { tokensPerSecond } = measure<{ tokensPerSecond: number }>("Generation", [folder, NEW_TOKENS]).report;
  say("serving ...");
  const served = measure<{ one: number; eight: number }>("Serving", [folder, NEW_TOKENS]).report;
  const python = withTrl ? findPython() : undefined;
  if (withTrl) say(python ? "TRL and transformers ..." : "no Python with trl (PREFINE_PYTHON names one)");
  const gflops = work.flops / training.seconds_per_step / 1e9;
  return {
    seconds_per_step: training.seconds_per_step,
    tokens_per_second: work.tokens / training.seconds_per_step,
    gflops,
    matmul_share: gflops / best,
    reference_seconds: training.reference_seconds,
    first_step_seconds: training.first_step_seconds,
    peak_rss_bytes: training.peak_rss_bytes,
    ...batch8,
    checkpointing_seconds_per_step: checkpointing.seconds,
    checkpointing_peak_rss_bytes: checkpointing.peak,
    full_seconds_per_step: full.seconds,
    full_peak_rss_bytes: full.peak,
    generate_tokens_per_second: tokensPerSecond,
    serve_tokens_per_second: served.one,
    serve_8_clients_tokens_per_second: served.eight,
    trl: python ? measureTrl(python, { model: folder, steps: benchRows().length, newTokens: NEW_TOKENS }) : null,
  };
}

function table(measured: Measurements): string {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  const { trl } = measured;
  const rows: [string, string, string, string][] = [
    ["", "prefine", "TRL, defaults", "TRL, best"],
    [
      "seconds per step",
      measured.seconds_per_step.toFixed(2),
      trl?.seconds_per_step.toFixed(2) ?? "-",
      trl?.best_seconds_per_step.toFixed(2) ?? "-",
    ],
    [
      "peak memory",
      gigabytes(measured.peak_rss_bytes),
      trl ? gigabytes(trl.peak_rss_bytes) : "-",
      trl ? gigabytes(trl.best_peak_rss_bytes) : "-",
    ],
    [
      "generated tokens/s",
      measured.generate_tokens_per_second.toFixed(1),
      trl?.generate_tokens_per_second.toFixed(1) ?? "-",
      "",
    ],
    [
      "served tokens/s: 1, 8 clients",
      `${measured.serve_tokens_per_second.toFixed(1)}, ${measured.serve_8_clients_tokens_per_second.toFixed(1)}`,
      "",
      "",
    ],
    ["packed tokens/s", measured.tokens_per_second.toFixed(0), "", ""],
    [
      "GFLOP/s (share of plain MatMul)",
      `${measured.gflops.toFixed(0)} (${(100 * measured.matmul_share).toFixed(0)} %)`,
      "",
      "",
    ],
    ["reference pass, s", measured.reference_seconds.toFixed(2), "", ""],
    ["process start to first step, s", measured.first_step_seconds.toFixed(1), "", ""],
    ["batch 8: seconds per pair", measured.batch8_seconds_per_pair.toFixed(2), "", ""],
    ["batch 8: peak memory", gigabytes(measured.batch8_peak_rss_bytes), "", ""],
    ["checkpointing: seconds per step", measured.checkpointing_seconds_per_step.toFixed(2), "", ""],
    ["checkpointing: peak memory", gigabytes(measured.checkpointing_peak_rss_bytes), "", ""],
    ["all weights: seconds per step", measured.full_seconds_per_step.toFixed(2), "", ""],
    ["all weights: peak memory", gigabytes(measured.full_peak_rss_bytes), "", ""],
  ];
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(32) : cell.padStart(16))).join("")).join("\n");
}

await runBenchmark<Measurements, "no-trl">({
  help: HELP,
  flags: ["no-trl"],
  run: ({ say, folder }, flags) => run(say, folder, !flags["no-trl"]),
  table,
});
