/**
 * @file A process that reads mutants in the working directory and reports each in a line, so that its parent sees which
 * one hangs or kills it. Arguments: target, first number, count, seed.
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
  await target.read(); // the undamaged file must be readable
  for (let number = Number(first); number < Number(first) + Number(count); number++) {
    say({ start: number });
    writeFileSync(target.file, mutantOf(target, seedFile, { seed: Number(seed), number }));
    const error = await target.read().then(
      () => undefined,
      (reason: unknown) => reason ?? new Error("rejected with nothing"),
    );
    await new Promise(setImmediate); // reports an unhandled rejection before the next mutant
    const finding = findingOf(error, target.file);
    say({ end: number, refused: error !== undefined, finding });
  }
}

await main(process.argv.slice(2));
