/** @file `npm run bench -- --generation`: tokens per second from weights of every kind, beside llama.cpp. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBenchmark } from "./commandLine.ts";
import { type GenerationMeasurements, type KindReport, PREFILL_TOKENS, PROMPT_IDS } from "./generationSettings.ts";
import { writeRandomModel } from "./materials.ts";
import { measure } from "./processes.ts";
import { BLOCK_KINDS, type BlockKindName, writeRandomGguf } from "./randomGguf.ts";
import { SHAPE } from "./smolSettings.ts";

/** Each kind is measured as often, in turns with the others; the best counts. */
const TURNS = 2;
const FLOAT32 = "float32";
/** This file runs from bench/dist/bench. */
const script = fileURLToPath(new URL("../../llama_cpp_generate.py", import.meta.url));

interface Kind {
  name: string;
  measure(): KindReport | null;
}

/** Of a Python with llama_cpp (PREFINE_PYTHON, else python3); null without one. */
function llamaCpp(file: string): KindReport | null {
  const args = [script, file, PROMPT_IDS.join(","), String(PREFILL_TOKENS)];
  const python = process.env.PREFINE_PYTHON ?? "python3";
  if (spawnSync(python, ["-c", "import llama_cpp"], { stdio: "ignore" }).status !== 0) return null;
  const { status, stdout } = spawnSync(python, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) return null;
  const report = JSON.parse(stdout.trim().split("\n").at(-1) as string) as Pick<KindReport, "one" | "prefill">;
  return { ...report, eight: Number.NaN, peakRssBytes: Number.NaN };
}

async function run(say: (line: string) => void, folder: string): Promise<GenerationMeasurements> {
  say("writing random models of SmolLM2-135M's shape ...");
  const [float32, narrow] = ["float32", "bfloat16"].map((name) => join(folder, name));
  for (const path of [float32, narrow]) mkdirSync(path);
  await writeRandomModel(float32, SHAPE);
  await writeRandomModel(narrow, SHAPE, "BF16");
  const kind = (name: string, ...args: string[]): Kind => ({
    name,
    measure: () => measure<KindReport>("Kind", args).report,
  });
  const files = Object.keys(BLOCK_KINDS).map((name) => {
    const file = join(folder, `${name}.gguf`);
    writeRandomGguf(file, SHAPE, name as BlockKindName);
    return { name, file };
  });
  const kinds = [
    kind(FLOAT32, float32, "files", "exact"),
    kind("bfloat16 files", narrow, "files", "exact"),
    ...files.map(({ name, file }) => kind(`${name} file`, file, "files", "rounded")),
    kind("load_in_8bit", float32, "8bit", "rounded"),
    kind("load_in_4bit (nf4)", float32, "nf4", "rounded"),
    ...files.map(({ name, file }) => ({ name: `${name}, llama.cpp`, measure: () => llamaCpp(file) })),
  ];
  const found = new Map<string, KindReport>();
  let training = Number.POSITIVE_INFINITY;
  for (let turn = 1; turn <= TURNS; turn++) {
    for (const { name, measure } of kinds) {
      say(`turn ${turn} of ${TURNS}: ${name} ...`);
      const report = measure();
      if (report) found.set(name, better(report, found.get(name)));
    }
    training = Math.min(training, measure<{ seconds: number }>("Forward", [float32]).report.seconds);
  }
  return { kinds: Object.fromEntries(found), training_forward_seconds: training };
}

function better(a: KindReport, b: KindReport = a): KindReport {
  return {
    one: Math.max(a.one, b.one),
    eight: Math.max(a.eight, b.eight),
    prefill: Math.min(a.prefill, b.prefill),
    peakRssBytes: Math.max(a.peakRssBytes, b.peakRssBytes),
  };
}

function table({ kinds, training_forward_seconds: forward }: GenerationMeasurements): string {
  const { one: float32 } = kinds[FLOAT32];
  const show = (value: number, digits: number) => (Number.isNaN(value) ? "-" : value.toFixed(digits));
  const rows = [
    ["", "tokens/s", "to float32", "8 at once", "to one", `prefill ${PREFILL_TOKENS}`, "to training's", "peak MB"],
    ...Object.entries(kinds).map(([name, { one, eight, prefill, peakRssBytes }]) => [
      name,
      ...[show(one, 1), show(one / float32, 2), show(eight, 1), show(eight / one, 2)],
      ...[show(prefill, 2), show(prefill / forward, 2), show(peakRssBytes / 1e6, 0)],
    ]),
    ["training's forward pass", "", "", "", "", show(forward, 2), "1.00", ""],
  ];
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(24) : cell.padStart(14))).join("")).join("\n");
}

await runBenchmark<GenerationMeasurements, never>({
  help: `npm run bench -- --generation [--json]

Times generation from weights of every kind on SmolLM2-135M's shape with random weights: one answer, eight at once, a
prompt of ${PREFILL_TOKENS} tokens; llama.cpp on the same files, if PREFINE_PYTHON (default python3) has llama_cpp.
  --json  one JSON object on stdout, nothing else`,
  flags: [],
  run: ({ say, folder }) => run(say, folder),
  table,
});
