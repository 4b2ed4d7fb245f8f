/** @file Identifies mutants: the same target, seed and number give the same bytes. */
import { dice } from "./dice.ts";
import { type Format, mutate } from "./mutateFormats.ts";

export interface MutantId {
  target: string;
  seed: number;
  number: number;
}

/** The command that repeats one mutant. */
export function repeating({ target, seed, number }: MutantId, through: "library" | "command"): string {
  const flag = through === "command" ? " --command" : "";
  return `npm run fuzz -- --target ${target} --seed ${seed} --first ${number} --count 1${flag}`;
}

/** @param seedFile the bytes of the undamaged file. */
export function mutantOf(
  { name, format }: { name: string; format: Format },
  seedFile: Buffer,
  id: Omit<MutantId, "target">,
): Buffer {
  const salt = [...name].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) >>> 0, id.seed);
  return mutate(format, seedFile, dice((salt + Math.imul(id.number, 0x9e3779b1)) >>> 0));
}
