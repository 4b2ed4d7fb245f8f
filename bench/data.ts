/** @file `npm run bench:data`: large datasets, as ratios to what reads the same files in the same run. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBenchmark } from "./commandLine.ts";
import { FEEDBACK_ROWS, LINES, manyLines, numberedFeedback, WORD_PAIRS, zipfPairs } from "./corpora.ts";
import { benchRows, writeRandomModel } from "./materials.ts";
import type { DataReport } from "./measureData.ts";
import { measure } from "./processes.ts";

const HELP = `npm run bench:data [-- --json]

Times the reading and tokenizing of ${FEEDBACK_ROWS} rows of parquet (0.4 GB), ${WORD_PAIRS} pairs of words drawn by
Zipf's law and ${LINES} lines, which are made once into node_modules/.cache/prefine-bench (1.5 GB).
PREFINE_PYTHON names a Python with datasets to compare with (default python3).
  --json    one JSON object on stdout, nothing else`;

/** A figure, what it is compared with, and the goal. */
interface Figure {
  name: string;
  value: number;
  unit: "s" | "GB" | "x";
  goal: string;
  /** The value divided by that of the yardstick in the same run. */
  ratios?: Record<string, number>;
}

const work = (...args: (string | number)[]) => measure<DataReport>("Data", args).report;

/** Python's datasets on the same file and map. */
function measurePython(file: string): DataReport | undefined {
  const script = fileURLToPath(new URL("../../datasets_load.py", import.meta.url));
  const python = process.env.PREFINE_PYTHON ?? "python3";
  const { status, stdout } = spawnSync(python, [script, file], { encoding: "utf8" });
  return status === 0 ? (JSON.parse(stdout.trim().split("\n").at(-1) as string) as DataReport) : undefined;
}

const gigabytes = ({ peakRssBytes }: DataReport) => peakRssBytes / 1e9;

async function reading(say: (line: string) => void): Promise<Figure[]> {
  const file = await numberedFeedback();
  say("reading parquet: hyparquet, prefine, Python's datasets ...");
  const [bare, ours, python] = [work("bare", file), work("load", file), measurePython(file)];
  if (!python) say("no Python with datasets (PREFINE_PYTHON names one)");
  const ratios = (of: (report: DataReport) => number) => ({
    hyparquet: of(ours) / of(bare),
    ...(python ? { datasets: of(ours) / of(python) } : {}),
  });
  say(`reading ${LINES} lines ...`);
  const lines = work("lines", await manyLines());
  return [
    { name: "load + process", value: ours.seconds, unit: "s", goal: "2 s", ratios: ratios(({ seconds }) => seconds) },
    { name: "load + process, memory", value: gigabytes(ours), unit: "GB", goal: "0.3 GB", ratios: ratios(gigabytes) },
    { name: "jsonl, 1 GB", value: lines.seconds, unit: "s", goal: "" },
    { name: "jsonl, memory", value: gigabytes(lines), unit: "GB", goal: "0.5 GB" },
  ];
}

async function tokenizing(say: (line: string) => void): Promise<Figure[]> {
  const file = await zipfPairs();
  say("tokenizing words in one thread, and in threads ...");
  const [one, threads] = [work("tokenize", file), work("tokenize", file, "threads")];
  const value = one.seconds / threads.seconds;
  return [
    { name: "tokenizing, one thread", value: one.seconds, unit: "s", goal: "" },
    { name: "threads / one thread, speed", value, unit: "x", goal: "1.6 x" },
  ];
}

async function training(say: (line: string) => void, folder: string): Promise<Figure[]> {
  const model = join(folder, "model");
  mkdirSync(model);
  say("writing a random GPT-2 (500 MB) ...");
  await writeRandomModel(model);
  const file = await numberedFeedback();
  const cache = { PREFINE_CACHE: join(folder, "cache") };
  const first = (count: number, output: string, ...process: string[]) => {
    const args = ["first", file, model, join(folder, output), count, ...process];
    const { report, startedAt } = measure<DataReport>("Data", args, { env: cache });
    return { ...report, seconds: (report.endedAt - startedAt) / 1000 };
  };
  say("training up to the first step: few rows, all rows, all rows with tokens on disk ...");
  const few = first(benchRows().length, "few");
  const [fresh, again] = [first(FEEDBACK_ROWS, "fresh"), first(FEEDBACK_ROWS, "again")];
  say("the same with process: ultrafeedback ...");
  const [built, builtAgain] = [first(FEEDBACK_ROWS, "b", "process"), first(FEEDBACK_ROWS, "c", "process")];
  const ratios = ({ seconds }: DataReport) => ({ "few rows": seconds / few.seconds });
  const memory = gigabytes(fresh) - gigabytes(few);
  return [
    { name: "first step, few rows", value: few.seconds, unit: "s", goal: "" },
    { name: "first step", value: fresh.seconds, unit: "s", goal: "6 s", ratios: ratios(fresh) },
    { name: "first step, tokens on disk", value: again.seconds, unit: "s", goal: "3 s", ratios: ratios(again) },
    { name: "process: ultrafeedback", value: built.seconds, unit: "s", goal: "6 s", ratios: ratios(built) },
    { name: "same, tokens on disk", value: builtAgain.seconds, unit: "s", goal: "3 s", ratios: ratios(builtAgain) },
    { name: "data's part of the peak", value: memory, unit: "GB", goal: "0.35 GB" },
  ];
}

function table(figures: readonly Figure[]): string {
  const ratiosOf = ({ ratios = {} }: Figure) =>
    Object.entries(ratios).map(([name, ratio]) => `${ratio.toFixed(2)} x ${name}`);
  const rows = figures.map((figure) => [
    figure.name.padEnd(30),
    `${figure.value.toFixed(2)} ${figure.unit}`.padStart(10),
    (figure.goal && `goal ${figure.goal}`).padStart(14),
    `  ${ratiosOf(figure).join(", ")}`,
  ]);
  return rows.map((cells) => cells.join("").trimEnd()).join("\n");
}

await runBenchmark<Figure[], never>({
  help: HELP,
  flags: [],
  run: async ({ say, folder }) => [
    ...(await reading(say)),
    ...(await tokenizing(say)),
    ...(await training(say, folder)),
  ],
  table,
});
