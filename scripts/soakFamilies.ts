/**
 * @file Every case of test/fixtures/families.json against transformers' values: one DPO step with all weights and with
 * LoRA, and generation; then each family from the command line: train, generate, merge.
 * `npx tsx scripts/soakFamilies.ts [TEXT]` takes the cases whose name has the text.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../src/cli/main.ts";
import { openDevice } from "../src/device/openDevice.ts";
import { PrefineError } from "../src/errors.ts";
import { architectureOf } from "../src/models/families/architectures.ts";
import { compareCase, compareGeneration, type FamilyCase, readFamilyCases } from "../test/support/familyCases.ts";
import { runFamily } from "../test/support/familyRun.ts";
import { FAMILIES } from "../test/support/randomModel.ts";

const fixture = readFamilyCases();
const [text = ""] = process.argv.slice(2);
const cases = fixture.cases.filter(({ name }) => name.includes(text));
const device = await openDevice({ threads: 1 });
const counts = { equal: 0, refusedTo: 0, refused: 0, onlyHere: 0, different: 0 };

/** What became of a case, in words. */
async function outcomeOf(example: FamilyCase): Promise<[kind: keyof typeof counts, words: string]> {
  const folder = mkdtempSync(join(tmpdir(), "prefine-family-"));
  try {
    if (example.fails) {
      architectureOf(example.config, "config.json");
      return ["onlyHere", "runs only here"];
    }
    const step = await compareCase(device, example, fixture);
    const differences = [...step, ...(await compareGeneration(folder, example, fixture))];
    return differences.length === 0 ? ["equal", "equal"] : ["different", differences.slice(0, 4).join("\n    ")];
  } catch (error) {
    if (!(error instanceof PrefineError)) throw error;
    return [example.fails ? "refusedTo" : "refused", error.message];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const example of cases) {
  const [kind, words] = await outcomeOf(example);
  counts[kind]++;
  if (kind !== "equal") console.log(`${example.name}: ${words}${example.fails ? ` | ${example.fails}` : ""}`);
}
await device.dispose();

/** A command of prefine with what it writes. */
async function command(...words: string[]) {
  const written = { stdout: "", stderr: "" };
  const writes = (["stdout", "stderr"] as const).map((name) => {
    const { write } = process[name];
    process[name].write = (chunk: string | Uint8Array) => {
      written[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      return true;
    };
    return () => {
      process[name].write = write;
    };
  });
  try {
    return { code: await main(words), ...written };
  } finally {
    for (const restore of writes) restore();
  }
}

let failed = 0;
for (const family of Object.keys(FAMILIES).filter((name) => name.includes(text) || text === "")) {
  const folder = mkdtempSync(join(tmpdir(), "prefine-family-"));
  const { faults, losses, answers } = await runFamily(folder, family, command);
  rmSync(folder, { recursive: true, force: true });
  const isFine = faults.length === 0 && losses[1] !== losses[0] && answers[0] === answers[1];
  if (!isFine) failed++;
  console.log(`${family}: train, generate, merge: ${isFine ? "equal answers" : [...faults, ...answers].join(" | ")}`);
}
console.log(
  `${cases.length} cases: ${counts.equal} equal, ${counts.refusedTo} refused as by transformers, ` +
    `${counts.refused} refused, ${counts.onlyHere} run only here, ${counts.different} different`,
);
if (counts.different + failed > 0) process.exitCode = 1;
