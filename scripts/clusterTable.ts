/**
 * @file Writes the table of docs/cluster.md: time of an optimizer step and of the sum of its gradients on 1 to 256
 * ranks, computed from what `npm run bench --silent -- --ranks 2 --json > FILE` measured.
 * `npx tsx scripts/clusterTable.ts FILE`
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Of RanksMeasurements in bench/measurements.ts. */
interface Parts {
  seconds_per_pair: number;
  all_seconds_per_pair: number;
  adapter_numbers: number;
  all_numbers: number;
  /** Between two ranks of one machine: what copying, adding and the calls cost without a network. */
  adapter_exchange_seconds: number;
  all_exchange_seconds: number;
  ranks: number;
  library: string;
}

const PAIRS = 8; // per rank and step
const LATENCY = 20e-6; // seconds per message between machines: TCP on a local network
const RANKS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const GIGABITS = [10, 100];

/**
 * Seconds of an all-reduce over a ring: 2 (N - 1) messages, each of an Nth of the bytes. What two ranks on one machine
 * took moved their numbers once, in the same number of pieces; a ring of N moves 2 (N - 1) / N times as many.
 */
function exchange(ranks: number, numbers: number, { gigabits, local }: { gigabits: number; local: number }): number {
  if (ranks === 1) return 0;
  const moved = (2 * (ranks - 1)) / ranks;
  const wire = (moved * numbers * 4 * 8) / (gigabits * 1e9);
  const pieces = Math.ceil(numbers / 2 ** 20);
  return moved * local + wire + pieces * 2 * (ranks - 1) * LATENCY;
}

/** Two digits that count. */
function shown(seconds: number): string {
  if (seconds >= 10) return `${seconds.toFixed(0)} s`;
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  const milliseconds = seconds * 1000;
  return milliseconds >= 10 ? `${milliseconds.toFixed(0)} ms` : `${milliseconds.toFixed(1)} ms`;
}

function percent(share: number): string {
  const digits = share < 0.01 ? 2 : 1;
  return `${(100 * share).toFixed(digits)} %`;
}

function table(parts: Parts): string {
  const kinds = [
    ["LoRA", parts.seconds_per_pair, parts.adapter_numbers, parts.adapter_exchange_seconds],
    ["all weights", parts.all_seconds_per_pair, parts.all_numbers, parts.all_exchange_seconds],
  ] as const;
  const columns = kinds.flatMap((kind) => GIGABITS.map((gigabits) => [kind, gigabits] as const));
  const head = columns.map(([[name], gigabits]) => `${name}, ${gigabits} Gbit/s`);
  const rows = RANKS.map((ranks) => {
    const cells = columns.map(([[, perPair, numbers, local], gigabits]) => {
      const sum = exchange(ranks, numbers, { gigabits, local });
      const step = perPair * parts.ranks * PAIRS + sum; // a rank's pairs one after the other
      return ranks === 1 ? shown(step) : `${shown(step)}, ${shown(sum)} (${percent(sum / step)})`;
    });
    return `| ${ranks} | ${ranks * PAIRS} | ${cells.join(" | ")} |`;
  });
  return [`| ranks | pairs per step | ${head.join(" | ")} |`, `|${"---|".repeat(head.length + 2)}`, ...rows].join("\n");
}

/** The words around the table: what was measured, and what is computed. */
const words = ({ ranks, library }: Parts) =>
  `Each optimizer step sums the gradients of all trained tensors: 4 bytes per trained number. GPT-2's LoRA of rank 4 on
\`c_attn\` and \`c_proj\` has 405,504 numbers, all of GPT-2's weights are 124,439,808. A rank's seconds per pair, and the
sum between ${ranks} ranks of one machine (${library.split(",")[0]}), are measured; the rest is computed: ${PAIRS} pairs per rank and
step, a ring of N ranks that moves 2 (N - 1) / N times the numbers through each link, in pieces of 4 MB of 2 (N - 1)
messages of ${LATENCY * 1e6} µs each. A cell has the time of a step, and the part of it that is the sum. In a clone, on an idle
machine, this measures and writes the section again:

\`\`\`bash
npm run bench --silent -- --ranks ${ranks} --json > parts.json && npx tsx scripts/clusterTable.ts parts.json
\`\`\``;

const page = fileURLToPath(new URL("../docs/cluster.md", import.meta.url));
const parts = JSON.parse(readFileSync(process.argv[2], "utf8")) as Parts;
const between = /(## What the network costs\n\n).*?(\n\n## Settings)/s;
writeFileSync(
  page,
  readFileSync(page, "utf8").replace(
    between,
    (_, before, after) => `${before}${words(parts)}\n\n${table(parts)}${after}`,
  ),
);
