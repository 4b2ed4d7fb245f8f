/**
 * @file A process that reads one mutant after the other, in the working directory, and says so line by line: whoever
 * started it sees which one hangs or kills it. Arguments: target, first number, how many, seed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { PrefineError } from "../../src/errors.ts";
import { dice } from "./dice.ts";
import { mutate } from "./mutateFormats.ts";
import { furnishTargets, TARGETS, type Target } from "./targets.ts";

/** The mutant of this number: always the same bytes. */
export function mutantOf({ name, format }: Target, seedFile: Buffer, seed: number, number: number): Buffer {
  const salt = [...name].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) >>> 0, seed);
  return mutate(format, seedFile, dice((salt + Math.imul(number, 0x9e3779b1)) >>> 0));
}

const LONGEST_MESSAGE = 2000;

/** What is wrong with this outcome, or undefined. */
function findingOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof PrefineError)) return `${(error as Error)?.stack ?? String(error)}`;
  const { message, hint = "" } = error;
  if (/internal:|\[object Object\]|undefined/.test(message)) return `an unclear message: ${message}`;
  if (message.length + hint.length > LONGEST_MESSAGE)
    return `a message of ${message.length} characters: ${message.slice(0, 300)}`;
  return undefined;
}

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
    writeFileSync(target.file, mutantOf(target, seedFile, Number(seed), number));
    const error = await target.read().then(
      () => undefined,
      (reason: unknown) => reason ?? new Error("rejected with nothing"),
    );
    const finding = findingOf(error);
    say({ end: number, refused: error !== undefined, ...(finding ? { finding } : {}) });
  }
}

if (process.argv[1]?.endsWith("runner.ts")) await main(process.argv.slice(2));
