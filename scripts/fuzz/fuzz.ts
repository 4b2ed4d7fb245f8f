/**
 * @file `npm run fuzz`: damages every kind of file that prefine reads and reads it: an error that is clear, or an
 * answer; no other exception, no crash, no hang. `--target NAME`, `--count N` mutants of each (default 2000),
 * `--seed S`, `--first N`; a finding is repeated by its target, seed and number. Exit code 1 where there are findings.
 */
import { parseArgs } from "node:util";
import { TARGETS } from "./targets.ts";
import { type BatchResult, runBatch } from "./watch.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true },
    count: { type: "string", default: "2000" },
    first: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
  },
});

const names = values.target ?? TARGETS.map(({ name }) => name);
const unknown = names.find((name) => !TARGETS.some((target) => target.name === name));
if (unknown) throw new Error(`no target ${unknown}; there are ${TARGETS.map(({ name }) => name).join(", ")}`);
const total: BatchResult = { mutants: 0, refused: 0, findings: [] };
for (const target of names) {
  const started = performance.now();
  const batch = { target, first: Number(values.first), count: Number(values.count), seed: Number(values.seed) };
  const { mutants, refused, findings } = await runBatch(batch);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${target}: ${mutants} mutants, ${refused} refused, ${findings.length} findings, ${seconds} s`);
  for (const { number, what } of findings) console.log(`  --target ${target} --first ${number} --count 1: ${what}`);
  total.mutants += mutants;
  total.refused += refused;
  total.findings.push(...findings);
}
console.log(`${total.mutants} mutants, ${total.refused} refused, ${total.findings.length} findings`);
process.exitCode = total.findings.length > 0 ? 1 : 0;
