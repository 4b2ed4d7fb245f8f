/**
 * @file Writes src/config/generated/ from the table of options: the configs as interfaces whose help, default and
 * TRL compatibility editors show on hover: `npx tsx scripts/interfaces.ts`; a test checks that it is up to date.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { TRAINING_OPTIONS } from "../src/config/DPOConfig.ts";
import type { Option, Table } from "../src/config/option.ts";
import { GENERATION_DEFAULTS, GENERATION_OPTIONS } from "../src/config/options/generation.ts";
import { LORA_OPTIONS } from "../src/config/options/lora.ts";
import { MODEL_OPTIONS } from "../src/config/options/modelConfig.ts";
import { QUANTIZATION_OPTIONS } from "../src/config/options/quantization.ts";
import { RENAMED_DPO_NAMES, RENAMED_RUN_NAMES } from "../src/config/options/renamedNames.ts";
import { SCRIPT_OPTIONS } from "../src/config/options/scriptArguments.ts";
import type { RenamedTable } from "../src/config/renamed.ts";
import { optionDoc, renamedDoc } from "./optionDoc.ts";

const COLUMNS = 120;
/** Separates files in the formatter's input. */
const CUT = "// --- cut ---";
const checkout = new URL("../", import.meta.url);

interface Interfaces {
  /** `DPOConfig`: the interface of the values; `DPOConfigInput` is the constructor's input. */
  name: string;
  /** The beginning of its doc comment. */
  about: string;
  /** The Python package of the class. */
  peer: string;
  table: Table;
  renamed?: RenamedTable;
  /** Values for options that are null, after the model's. */
  defaults?: Readonly<Record<string, unknown>>;
  /** Types of values that change when a config is read. */
  changed?: Readonly<Record<string, string>>;
}

const CONFIGS: readonly Interfaces[] = [
  {
    name: "DPOConfig",
    about: "trl.DPOConfig",
    peer: "TRL",
    table: TRAINING_OPTIONS,
    renamed: RENAMED_DPO_NAMES,
    changed: { output_dir: "string", report_to: 'readonly "tensorboard"[]' },
  },
  { name: "LoraConfig", about: "peft.LoraConfig", peer: "PEFT", table: LORA_OPTIONS },
  {
    name: "GenerationConfig",
    about: "transformers.GenerationConfig",
    peer: "transformers",
    table: GENERATION_OPTIONS,
    defaults: GENERATION_DEFAULTS,
  },
  {
    name: "BitsAndBytesConfig",
    about: "transformers.BitsAndBytesConfig",
    peer: "transformers",
    table: QUANTIZATION_OPTIONS,
  },
];

/** The generated files: path in the checkout -> formatted text. */
export function interfaceFiles(): Map<string, string> {
  const texts = CONFIGS.map((config): [string, string] => [
    `src/config/generated/${config.name}.ts`,
    fileHead(config.about, `${inputInterface(config)}\n${valueInterface(config)}`),
  ]);
  texts.push(["src/config/generated/RunInput.ts", runInput()]);
  return formatted(texts);
}

function fileHead(about: string, body: string): string {
  const imports = [
    body.includes("OneOrMore<") ? 'import type { OneOrMore } from "../kinds.ts";\n' : "",
    body.includes("extends DPOConfigInput") ? 'import type { DPOConfigInput } from "./DPOConfig.ts";\n' : "",
  ].join("");
  const file = `/** @file ${about} as interfaces. Written by \`npm run docs\`: edit the table of options. */`;
  return `${file}\n${imports}\n${body}`;
}

function inputInterface(config: Interfaces): string {
  const { name, about, table } = config;
  const missing = Object.keys(table).filter((option) => table[option].support === "not-yet");
  const doc = [
    `Input of {@link ${name}}: the options of ${about}, all optional; undefined is as left out.`,
    ...(missing.length > 0 ? [`Not built, and an error where they are set: ${missing.join(", ")}.`] : []),
  ];
  return `${comment(doc, "")}export interface ${name}Input {\n${inputs(config)}}\n`;
}

function inputs(config: Interfaces): string {
  const options = Object.entries(config.table)
    .filter(([, { support }]) => support !== "not-yet")
    .map(([key, option]) =>
      field(`${key}?`, `${typeText(option, "input")} | undefined`, optionDoc(key, option, config)),
    );
  const renamed = Object.entries(config.renamed ?? {}).map(([key, old]) =>
    field(`${key}?`, "unknown", [`@deprecated ${renamedDoc(old)}`]),
  );
  return [...options, ...renamed].join("");
}

function valueInterface(config: Interfaces): string {
  const { name, about, table, changed = {} } = config;
  const fields = Object.entries(table).map(([key, option]) =>
    field(key, changed[key] ?? typeText(option, "value"), optionDoc(key, option, config)),
  );
  const doc = comment([`${about}: all options, checked and complete; frozen.`], "");
  return `${doc}export interface ${name} {\n${fields.join("")}}\n`;
}

/** The flat names of a run: DPOConfig, model with adapter, and data. */
function runInput(): string {
  const own = { ...MODEL_OPTIONS, ...SCRIPT_OPTIONS };
  const renamed = Object.fromEntries(
    Object.entries(RENAMED_RUN_NAMES).filter(([name]) => !Object.hasOwn(RENAMED_DPO_NAMES, name)),
  );
  const doc = comment(["A run as an object: the flat names of a run file, as `trl dpo` reads it."], "");
  const fields = inputs({ name: "RunInput", about: "trl dpo", peer: "TRL", table: own, renamed });
  const body = `${doc}export interface RunInput extends DPOConfigInput {\n${fields}}\n`;
  return fileHead("The arguments of trl dpo", body);
}

function field(name: string, type: string, doc: readonly string[]): string {
  return `${comment(doc, "  ")}  readonly ${name}: ${type};\n`;
}

/** A doc comment of paragraphs, on one line if it is one short paragraph. */
function comment(paragraphs: readonly string[], indent: string): string {
  const texts = paragraphs.map((text) => text.replaceAll("*/", "*\\/"));
  const line = `${indent}/** ${texts.join(" ")} */`;
  if (texts.length === 1 && line.length <= COLUMNS) return `${line}\n`;
  const lines = texts.map((text) =>
    wrap(text, COLUMNS - indent.length - 3)
      .map((each) => `${indent} * ${each}\n`)
      .join(""),
  );
  return `${indent}/**\n${lines.join(`${indent} *\n`)}${indent} */\n`;
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The type of an option's values or inputs, without unsupported values. */
function typeText(option: Option<unknown, unknown>, side: "value" | "input"): string {
  const text = option.kind.types[side];
  const working = option.support === "not-yet" ? undefined : (option.offered ?? option.ready);
  if (!working) return text;
  const words = working.map((value) =>
    typeof value === "string" && value.endsWith("*") ? `\`${value.slice(0, -1)}\${string}\`` : JSON.stringify(value),
  );
  const union = words.join(" | ");
  const isNullable = option.kind.read(null) === null;
  const list = side === "input" ? `OneOrMore<${union}>` : `(${union})[]`;
  return `${/\[\]|OneOrMore/.test(text) ? list : union}${isNullable ? " | null" : ""}`;
}

/** Formats all files in one call, which takes as long as one file. */
function formatted(files: readonly [path: string, text: string][]): Map<string, string> {
  const biome = fileURLToPath(new URL("node_modules/@biomejs/biome/bin/biome", checkout));
  const output = execFileSync(process.execPath, [biome, "format", "--stdin-file-path=all.ts"], {
    cwd: checkout,
    input: files.map(([, text]) => text).join(`\n${CUT}\n\n`),
    encoding: "utf8",
  });
  const texts = output.split(`\n${CUT}\n\n`);
  return new Map(files.map(([path], i) => [path, `${texts[i].trimEnd()}\n`]));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [path, text] of interfaceFiles()) writeFileSync(new URL(path, checkout), text);
}
