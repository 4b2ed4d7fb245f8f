/**
 * @file A process that reads mutants in the working directory and reports each in a line, so that its parent sees which
 * one hangs or kills it. Arguments: targets with commas between them, first number, count of each, seed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mutantOf } from "./mutants.ts";
import { furnishTargets, TARGETS, type Target } from "./targets.ts";
import { findingOf } from "./verdict.ts";

const say = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function main([names, first, count, seed]: string[]): Promise<void> {
  const targets = names.split(",").map(targetOf);
  process.on("unhandledRejection", (error) => say({ finding: `unhandled: ${(error as Error)?.stack ?? error}` }));
  mkdirSync("bench", { recursive: true });
  process.chdir("bench");
  await furnishTargets();
  for (const target of targets) await readMutants(target, { first: Number(first), count: Number(count) }, Number(seed));
}

function targetOf(name: string): Target {
  const target = TARGETS.find((one) => one.name === name);
  if (!target) throw new Error(`no target ${name}; there are ${TARGETS.map((one) => one.name).join(", ")}`);
  return target;
}

async function readMutants(
  target: Target,
  { first, count }: { first: number; count: number },
  seed: number,
): Promise<void> {
  const seedFile = readFileSync(target.file);
  await target.read(); // the undamaged file must be readable
  for (let number = first; number < first + count; number++) {
    say({ target: target.name, start: number });
    writeFileSync(target.file, mutantOf(target, seedFile, { seed, number }));
    const error = await target.read().then(
      () => undefined,
      (reason: unknown) => reason ?? new Error("rejected with nothing"),
    );
    await new Promise(setImmediate); // reports an unhandled rejection before the next mutant
    const finding = findingOf(error, target.file);
    say({ target: target.name, end: number, refused: error !== undefined, finding });
  }
  writeFileSync(target.file, seedFile);
}

await main(process.argv.slice(2));
