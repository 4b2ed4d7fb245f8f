/** @file `npm run bench -- --ranks N`: N ranks of one thread beside one process of N threads, in turns. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launchCommand } from "../src/cluster/startJob.ts";
import { PrefineError } from "../src/errors.ts";
import { architectureOf } from "../src/models/families/architectures.ts";
import { runBenchmark } from "./commandLine.ts";
import { modelConfig, writeRandomModel } from "./materials.ts";
import { median, type RanksMeasurements, type RanksReport } from "./measurements.ts";
import { measure } from "./processes.ts";

const HELP = `npm run bench -- --ranks 2 [--turns 2] [--small] [--json]

Times DPO training of an adapter on N ranks (mpirun) of one thread each beside one process of N threads, in turns, with
the same pairs in each step, and the sum of the gradients over the ranks, of an adapter and of all weights. Needs koffi
and memory for all ranks.
  --ranks N  processes
  --turns N  of both (2): four minutes on two idle cores, of GPT-2's shape
  --small    a model of two narrow layers instead of GPT-2's shape, to try the benchmark
  --json     one JSON object on stdout, nothing else`;

/** Of GPT-2's shape otherwise. */
const SMALL = { n_layer: 2, n_embd: 64, n_head: 2 };

/** Pairs per rank and step: of an adapter so many that different lengths even out. */
const BATCH = { adapter: 4, full: 2 };

/** The first one computes the reference as well, and is left out. */
const STEPS = 2;

interface Materials {
  model: string;
  folder: string;
  ranks: number;
}

/** @param size processes; those that train together have one thread each. */
function train({ model, folder, ranks }: Materials, size: 1 | "ranks", kind: "adapter" | "full") {
  const launcher = launchCommand(ranks);
  const threads = { PREFINE_NUM_THREADS: `${size === 1 ? ranks : 1}` };
  const batch = size === 1 ? BATCH[kind] * ranks : BATCH[kind];
  const args = [model, batch, STEPS, join(folder, `${kind}-${size}`), kind] as const;
  if (size === 1) return measure<RanksReport>("Ranks", args, { env: threads }).report;
  const words = [launcher.program, ...launcher.words];
  return measure<RanksReport>("Ranks", args, { env: { ...threads, ...launcher.env }, launcher: words }).report;
}

function secondsPerPair({ steps }: RanksReport, pairs: number): number {
  return median(steps.slice(1)) / pairs;
}

/** Numbers that are trained: of the adapter in measureRanks.ts, and of all weights. */
function trainedNumbers(config: Record<string, unknown>) {
  const { linears, parameters } = architectureOf(config, "config.json");
  const adapted = linears.filter(({ name }) => /\.c_(proj|attn)$/.test(name));
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);
  return {
    adapter_numbers: adapted.reduce((sum, { inFeatures, outFeatures }) => sum + 4 * (inFeatures + outFeatures), 0),
    all_numbers: [...parameters.values()].reduce((sum, shape) => sum + sizeOf(shape as readonly number[]), 0),
  };
}

interface Settings {
  ranks: number;
  turns: number;
  isSmall: boolean;
  say: (line: string) => void;
  folder: string;
}

async function run({ ranks, turns, isSmall, say, folder }: Settings): Promise<RanksMeasurements> {
  const config = { ...modelConfig(), ...(isSmall ? SMALL : {}) };
  const model = join(folder, "model");
  mkdirSync(model);
  say("writing a random model ...");
  await writeRandomModel(model, config);
  const materials = { model, folder, ranks };
  const results: { together: RanksReport; alone: RanksReport }[] = [];
  for (let turn = 1; turn <= turns; turn++) {
    say(`turn ${turn} of ${turns}: ${ranks} ranks, then one process ...`);
    results.push({
      together: train(materials, "ranks", "adapter"),
      alone: train(materials, 1, "adapter"),
    });
  }
  say("all weights ...");
  const full = train(materials, "ranks", "full");
  return figures(results, { full, ranks, ...trainedNumbers(config) });
}

function figures(
  results: readonly { together: RanksReport; alone: RanksReport }[],
  {
    full,
    ranks,
    ...numbers
  }: { full: RanksReport; ranks: number } & Pick<RanksMeasurements, "adapter_numbers" | "all_numbers">,
): RanksMeasurements {
  const [together, alone] = (["together", "alone"] as const).map((kind) =>
    results.map((turn) => secondsPerPair(turn[kind], BATCH.adapter * ranks)),
  );
  const exchange = median(results.flatMap((turn) => turn.together.exchanges));
  const fullSeconds = secondsPerPair(full, BATCH.full * ranks);
  const ratios = together.map((seconds, i) => alone[i] / seconds);
  return {
    ranks,
    library: results[0].together.library as string,
    ratios,
    ratio: median(ratios),
    seconds_per_pair: median(together),
    one_process_seconds_per_pair: median(alone),
    ...numbers,
    adapter_exchange_seconds: exchange,
    adapter_exchange_share: exchange / (median(together) * BATCH.adapter * ranks),
    all_exchange_seconds: median(full.exchanges),
    all_exchange_share: median(full.exchanges) / (fullSeconds * BATCH.full * ranks),
    all_seconds_per_pair: fullSeconds,
  };
}

function table(measured: RanksMeasurements): string {
  const { ranks, ratios } = measured;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const rows: [string, string][] = [
    [`${ranks} ranks of one thread: pairs per second`, (1 / measured.seconds_per_pair).toFixed(2)],
    [`one process of ${ranks} threads: pairs per second`, (1 / measured.one_process_seconds_per_pair).toFixed(2)],
    ["ratio", `${measured.ratio.toFixed(3)} (${ratios.map((ratio) => ratio.toFixed(3)).join(", ")})`],
    [
      `sum of an adapter's gradient (${measured.adapter_numbers} numbers)`,
      `${(1000 * measured.adapter_exchange_seconds).toFixed(2)} ms, ${percent(measured.adapter_exchange_share)} of a step`,
    ],
    [
      `sum of all weights' gradient (${measured.all_numbers} numbers)`,
      `${measured.all_exchange_seconds.toFixed(3)} s, ${percent(measured.all_exchange_share)} of a step`,
    ],
    ["all weights: pairs per second", (1 / measured.all_seconds_per_pair).toFixed(2)],
  ];
  return [measured.library, ...rows.map(([name, value]) => `${name.padEnd(56)}${value}`)].join("\n");
}

await runBenchmark<RanksMeasurements, "small", "ranks" | "turns">({
  help: HELP,
  flags: ["small"],
  values: ["ranks", "turns"],
  run: ({ say, folder }, { small, ...given }) => {
    const [ranks, turns] = [Number(given.ranks), Number(given.turns ?? 2)];
    if (!(Number.isInteger(ranks) && ranks > 1 && Number.isInteger(turns) && turns > 0))
      throw new PrefineError("config", "expected --ranks above 1 and --turns above 0");
    return run({ ranks, turns, isSmall: small, say, folder });
  },
  table,
});
