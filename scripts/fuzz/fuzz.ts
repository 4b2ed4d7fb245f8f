/**
 * @file `npm run fuzz`: damages every type of file that prefine reads, and reads it: the result must be a clear error
 * or a value; no other exception, crash or hang. `--target NAME` (repeatable), `--count N` mutants of each (default
 * 2000), `--seed S`, `--first N`; `--command` runs the whole command on them, about a second each (default 20). Prints
 * a finding with the command that repeats it. Exit code 1 if there are findings.
 */
import { parseArgs } from "node:util";
import { runCommands } from "./commandSample.ts";
import { repeating } from "./mutants.ts";
import { TARGETS } from "./targets.ts";
import { type BatchResult, runBatch } from "./watch.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true },
    count: { type: "string" },
    first: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    command: { type: "boolean", default: false },
  },
});

const names = values.target ?? TARGETS.map(({ name }) => name);
const unknown = names.find((name) => !TARGETS.some((target) => target.name === name));
if (unknown) throw new Error(`no target ${unknown}; there are ${TARGETS.map(({ name }) => name).join(", ")}`);
const count = Number(values.count ?? (values.command ? 20 : 2000));
const seed = Number(values.seed);
const total: BatchResult = { mutants: 0, refused: 0, findings: [] };
for (const target of names) {
  const started = performance.now();
  const batch = { targets: [target], first: Number(values.first), count, seed };
  const { mutants, refused, findings } = await (values.command ? runCommands : runBatch)(batch);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${target}: ${mutants} mutants, ${refused} refused, ${findings.length} findings, ${seconds} s`);
  for (const { number, what } of findings) {
    console.log(`  ${repeating({ target, seed, number }, values.command ? "command" : "library")}\n  ${what}`);
  }
  total.mutants += mutants;
  total.refused += refused;
  total.findings.push(...findings);
}
console.log(`${total.mutants} mutants, ${total.refused} refused, ${total.findings.length} findings`);
process.exitCode = total.findings.length > 0 ? 1 : 0;
