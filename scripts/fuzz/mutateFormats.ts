/** @file Mutations by format: half of them random bytes, half in the format's structure. */
import type { Dice } from "./dice.ts";
import { mutateBytes } from "./mutateBytes.ts";
import { mutateJson, mutateJsonLines } from "./mutateJson.ts";
import { mutateJinja } from "./templates.ts";

export type Format = "json" | "jsonLines" | "safetensors" | "parquet" | "yaml" | "text" | "jinja";

/** Changes the header as JSON, with a matching or wrong length, or random bytes. */
function mutateSafetensors(bytes: Buffer, dice: Dice): Buffer {
  if (dice.chance(0.4)) return mutateBytes(bytes, dice);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = Buffer.from(mutateJson(bytes.subarray(8, 8 + length).toString(), dice));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(dice.chance(0.9) ? header.length : header.length + dice.below(9) - 4 + 4));
  return Buffer.concat([prefix, header, bytes.subarray(8 + length)]);
}

/** Half of the mutations are in the footer (thrift: schema, row groups, offsets), which is small. */
function mutateParquet(bytes: Buffer, dice: Dice): Buffer {
  if (dice.chance(0.5)) return mutateBytes(bytes, dice);
  const length = bytes.readUInt32LE(bytes.length - 8);
  const start = bytes.length - 8 - length;
  const footer = mutateBytes(bytes.subarray(start, bytes.length - 8), dice);
  const end = Buffer.alloc(8);
  end.writeUInt32LE(footer.length, 0);
  end.write("PAR1", 4);
  return Buffer.concat([bytes.subarray(0, start), footer, end]);
}

const YAML_LINES = [
  "- a",
  "? a",
  ": b",
  "a: &a [*a]",
  "<<: *x",
  "!!binary x",
  "--- ",
  "...",
  "\tbeta: 1",
  "%YAML 9.9",
  "{",
  "key: |",
  '"\\x1b[2J": 1',
  "beta: .inf",
  "beta: .nan",
  "seed: 0x10",
  "seed: 1_000",
  "max_steps: 1e400",
  "env: [1]",
  "env: { A: { b: 1 } }",
  "data_files: 7",
  "data_files: { train: { a: 1 } }",
  "data_files: [[]]",
  "__proto__: { a: 1 }",
  "model_init_kwargs: { revision: [1] }",
  "lora_target_modules: [null]",
  "lora_target_modules: { a: b }",
  "output_dir: 5",
  "output_dir: [a]",
  "loss_type: [[sigmoid]]",
  "toString: 1",
  "constructor: 2",
  "evaluation_strategy: {}",
];
const YAML_VALUES = [
  "",
  "null",
  "~",
  "{}",
  "[]",
  "[1, [2]]",
  "{a: {b: c}}",
  "1e999",
  "-1",
  "yes",
  "|",
  "'x",
  '"',
  "&a b",
];

function yamlBomb(dice: Dice): string {
  if (dice.chance(0.5)) return `a: ${"[".repeat(4000)}${"]".repeat(4000)}\n`;
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]`);
  return ["l0: &l0 [lol]", ...levels].join("\n");
}

function mutateYaml(text: string, dice: Dice): string {
  if (dice.chance(0.03)) return text + yamlBomb(dice);
  const lines = text.split("\n");
  for (let changes = 1 + dice.below(3); changes > 0; changes--) {
    const at = dice.below(lines.length);
    const line = lines[at];
    const key = /^([^:]+):/.exec(line)?.[1] ?? "key";
    const edits = [
      () => lines.splice(at, 1),
      () => lines.splice(at, 0, line),
      () => lines.splice(at, 0, dice.pick(YAML_LINES)),
      () => lines.splice(at, 1, `${key}: ${dice.pick(YAML_VALUES)}`),
      () => lines.splice(at, 1, `${key}: ${mutateJson('{"a":[1,"b",null]}', dice)}`),
      () => lines.splice(at, 1, `${" ".repeat(dice.below(5))}${line}`),
      () => lines.splice(at, 1, line.replace(/[a-z]/, dice.pick(["", "x", "_"]))),
    ];
    dice.pick(edits)();
  }
  return lines.join("\n");
}

/** A damaged copy of a file of this format. */
export function mutate(format: Format, bytes: Buffer, dice: Dice): Buffer {
  if (format === "safetensors") return mutateSafetensors(bytes, dice);
  if (format === "parquet") return mutateParquet(bytes, dice);
  if (format === "jinja") return mutateJinja(bytes, dice);
  if (format === "text" || dice.chance(0.3)) return mutateBytes(bytes, dice);
  const text = bytes.toString();
  if (format === "yaml") return Buffer.from(mutateYaml(text, dice));
  return Buffer.from(format === "json" ? mutateJson(text, dice) : mutateJsonLines(text, dice));
}
