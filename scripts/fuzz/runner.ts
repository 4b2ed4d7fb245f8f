/**
 * @file A process that reads one mutant after the other, in the working directory, and says so line by line: whoever
 * started it sees which one hangs or kills it. Arguments: target, first number, how many, seed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mutantOf } from "./mutants.ts";
import { furnishTargets, TARGETS } from "./targets.ts";
import { findingOf } from "./verdict.ts";

async function main([name, first, count, seed]: string[]): Promise<void> {
  const target = TARGETS.find((one) => one.name === name);
  if (!target) throw new Error(`no target ${name}; there are ${TARGETS.map((one) => one.name).join(", ")}`);
  const say = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`);
  process.on("unhandledRejection", (error) => say({ finding: `unhandled: ${(error as Error)?.stack ?? error}` }));
  mkdirSync("bench", { recursive: true });
  process.chdir("bench");
  await furnishTargets();
  const seedFile = readFileSync(target.file);
  await target.read(); // whole, it must be read
  for (let number = Number(first); number < Number(first) + Number(count); number++) {
    say({ start: number });
    writeFileSync(target.file, mutantOf(target, seedFile, { seed: Number(seed), number }));
    const error = await target.read().then(
      () => undefined,
      (reason: unknown) => reason ?? new Error("rejected with nothing"),
    );
    await new Promise(setImmediate); // a rejection that nobody awaited is told now, before the next mutant
    const finding = findingOf(error, target.file);
    say({ end: number, refused: error !== undefined, finding });
  }
}

await main(process.argv.slice(2));
