/** @file The table of options against the dataclasses of TRL, transformers and PEFT (trl-options.json). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { committedFiles, readText } from "../../test/support/sourceFiles.ts";
import { TRAINING_OPTIONS } from "./DPOConfig.ts";
import { GENERATION_DEFAULTS } from "./GenerationConfig.ts";
import type { Kind } from "./kinds.ts";
import type { Option, Table } from "./option.ts";
import { ACCELERATOR_OPTIONS, ACCUMULATION_OPTIONS } from "./options/accelerator.ts";
import { GENERATION_OPTIONS } from "./options/generation.ts";
import { LORA_OPTIONS } from "./options/lora.ts";
import { MODEL_OPTIONS } from "./options/modelConfig.ts";
import { QUANTIZATION_OPTIONS } from "./options/quantization.ts";
import { READER_OPTIONS } from "./options/readerOptions.ts";
import { RECIPE_OPTIONS } from "./options/recipes.ts";
import { RENAMED_RUN_NAMES } from "./options/renamedNames.ts";
import { DATASET_OPTIONS, SCRIPT_OPTIONS } from "./options/scriptArguments.ts";
import { RUN_OPTIONS } from "./run.ts";

interface PythonField {
  kinds: string[];
  default: unknown;
  choices: string[] | null;
}
type PythonTable = Record<string, PythonField>;

const fixture = JSON.parse(readFileSync(new URL("../../test/fixtures/trl-options.json", import.meta.url), "utf8"));
const versions = Object.entries(fixture.versions).map(([name, version]) => `${name} ${version}`);

/** Values that every Python type accepts; 0.5 and 3 are within the bounds of all numbers here. */
const SAMPLES: Record<string, unknown> = {
  bool: true,
  int: 3,
  float: 0.5,
  dict: { a: 1 },
  "list[int]": [3],
  "list[float]": [0.5],
};
/** Options that are free text in Python but a choice in prefine. */
const LISTED = { loss_type: "sigmoid", report_to: "wandb", include_num_input_tokens_seen: "all" };

function takes(
  kind: Kind<unknown, unknown>,
  pythonKind: string,
  name: string,
  { kinds, choices }: PythonField,
): boolean {
  if (pythonKind === "None") return kind.read(null) === null;
  if (pythonKind === "str" && kinds.includes("dict")) return kind.read('{"a": 1}') !== undefined;
  if (pythonKind in SAMPLES) return kind.read(SAMPLES[pythonKind]) !== undefined;
  const word = choices?.at(-1) ?? (LISTED as Record<string, string>)[name] ?? kind.choices?.[0] ?? "some text";
  if (["str", "enum"].includes(pythonKind)) return kind.read(word) !== undefined;
  if (pythonKind.startsWith("list["))
    return kind.read([pythonKind === "list[DatasetConfig]" ? {} : word]) !== undefined;
  return kind.read({ a: 1 }) !== undefined; // a dataclass of PEFT or accelerate: a mapping here
}

/** Options whose default prefine stores in another form, or whose note says that it differs. */
const SAME_DEFAULT: Record<string, [python: unknown, here: unknown]> = {
  report_to: ["none", ["none"]],
  debug: ["", [""]],
  gradient_checkpointing: [true, null],
  runtime_config: [{ python: "LoraRuntimeConfig" }, null],
};

/** How rows are read: prefine's own, of a run and of each dataset of a mixture. */
const READING = ["data_format", "map", "data_format_options", "pairing", "pairing_margin", "ties"];

/** @param launchers options of accelerate's launcher, which is not a dataclass. */
function expectEqualTables(table: Table, python: PythonTable, own: string[], launchers: string[] = []): void {
  const advice = "an option that Python lacks belongs in own({ ... }) in its table, and by name in this test";
  expect(Object.keys(table).toSorted(), advice).toEqual([...Object.keys(python), ...own, ...launchers].toSorted());
  const flagged = Object.keys(table).filter((name) => table[name].own);
  expect(flagged.toSorted(), advice).toEqual(own.toSorted());
  for (const [name, field] of Object.entries(python)) {
    const option = table[name];
    const [pythonDefault, here] = SAME_DEFAULT[name] ?? [field.default, field.default];
    expect(field.default, `${name} in Python`).toEqual(pythonDefault);
    expect(option.default, name).toEqual(here);
    if (field.choices) expect(option.kind.choices, name).toEqual(field.choices);
    for (const kind of field.kinds) expect(takes(option.kind, kind, name, field), `${name} takes ${kind}`).toBe(true);
  }
}

describe(`options of ${versions.join(", ")}`, () => {
  it("DPOConfig, including TrainingArguments: same names, defaults, kinds and choices", () => {
    expectEqualTables(TRAINING_OPTIONS, fixture.DPOConfig, [
      "cpo_alpha",
      "dpop_lambda",
      "drop_degenerate",
      "logging_dir",
      "max_prompt_length",
      "overwrite_output_dir",
      "precompute_ref_cache",
      "simpo_gamma",
      "token_cache",
    ]);
  });

  it("ScriptArguments and DatasetMixtureConfig", () => {
    const python = { ...fixture.ScriptArguments, ...fixture.DatasetMixtureConfig };
    const launchers = ["accelerate_config", "num_processes"];
    const handbook = Object.keys(RECIPE_OPTIONS);
    expect(handbook).toHaveLength(5);
    expectEqualTables(SCRIPT_OPTIONS, python, ["data_files", "process", "token", ...READING, ...handbook], launchers);
  });

  it("ModelConfig", () => {
    const handbook = ["base_model_revision", "chat_template", "tokenizer_name_or_path"];
    expectEqualTables(MODEL_OPTIONS, fixture.ModelConfig, ["adapter_name_or_path", ...handbook]);
  });

  it("LoraConfig", () => {
    // "pissa_niter_[number of iters]" is not a literal choice; prefine has one kind of adapter.
    const { init_lora_weights, peft_type, ...rest } = fixture.LoraConfig;
    const open = {
      init_lora_weights: { ...init_lora_weights, choices: null },
      peft_type: { ...peft_type, choices: null },
    };
    expectEqualTables(LORA_OPTIONS, { ...rest, ...open }, []);
  });

  it("DatasetConfig, except that a path is required", () => {
    expectEqualTables(DATASET_OPTIONS, fixture.DatasetConfig, [...READING, ...Object.keys(READER_OPTIONS)]);
  });

  it("AcceleratorConfig and GradientAccumulationPlugin", () => {
    expectEqualTables(ACCELERATOR_OPTIONS, fixture.AcceleratorConfig, []);
    expectEqualTables(ACCUMULATION_OPTIONS, fixture.GradientAccumulationPlugin, []);
  });

  it("BitsAndBytesConfig: same names and defaults", () => {
    const defaults = Object.entries<Option<unknown>>(QUANTIZATION_OPTIONS).map(([name, option]) => [
      name,
      option.default,
    ]);
    expect(Object.fromEntries(defaults)).toEqual(fixture.BitsAndBytesConfig);
  });

  it("GenerationConfig: same names, all unset, and transformers' defaults", () => {
    expect(Object.keys(GENERATION_OPTIONS).toSorted()).toEqual([...fixture.GenerationConfig, "seed"].toSorted());
    for (const [name, option] of Object.entries(GENERATION_OPTIONS)) expect(option.default, name).toBeNull();
    for (const [name, value] of Object.entries(GENERATION_DEFAULTS)) {
      expect(value, name).toEqual(fixture.generation_defaults[name]);
    }
  });

  it("no name is in two tables, or both present and renamed", () => {
    const names = [MODEL_OPTIONS, SCRIPT_OPTIONS, TRAINING_OPTIONS, RENAMED_RUN_NAMES].flatMap(Object.keys);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(RUN_OPTIONS)).toHaveLength(names.length - Object.keys(RENAMED_RUN_NAMES).length);
  });

  it("every option that works is read somewhere", () => {
    const isRead = (path: string) => /^src\/(?!config\/(options|generated)\/).*(?<!\.test)\.ts$/.test(path);
    const code = committedFiles({ withNew: true }).filter(isRead).map(readText).join("\n");
    const words = new Set(code.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").match(/\w+/g));
    const options = Object.entries<Option<unknown>>(RUN_OPTIONS);
    const working = options.filter(([, { support }]) => support === "same" || support === "differs");
    const unread = working.map(([name]) => name).filter((name) => !words.has(name));
    // a non-finite loss always stops the run; columns that training does not need are never read
    expect(unread.toSorted(), "use it where it acts, or it is noEffect").toEqual([
      "logging_nan_inf_filter",
      "remove_unused_columns",
    ]);
  });

  it("every option has one line of help, and a note if it differs", () => {
    for (const [name, option] of Object.entries({
      ...RUN_OPTIONS,
      ...LORA_OPTIONS,
      ...QUANTIZATION_OPTIONS,
      ...GENERATION_OPTIONS,
      ...ACCELERATOR_OPTIONS,
      ...ACCUMULATION_OPTIONS,
      ...DATASET_OPTIONS,
    })) {
      expect(option.help, name).toMatch(/^[A-Z$].{3,115}\.$/);
      expect(option.group, name).not.toBe("");
      if (option.support === "differs" || option.support === "no-effect") expect(option.note, name).toBeTruthy();
      expect(option.kind.read(option.default), name).toEqual(option.default);
    }
  });
});
