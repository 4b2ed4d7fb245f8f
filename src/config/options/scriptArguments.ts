/** @file What to train on: trl.ScriptArguments, DatasetMixtureConfig, the launcher's flags, prefine's own. */
import {
  above,
  atLeast,
  bool,
  either,
  float,
  int,
  json,
  type Kind,
  listOf,
  names,
  nullable,
  type OneOrMore,
  oneOf,
  path,
  string,
} from "../kinds.ts";
import { differs, group, noEffect, notYet, own, type RunTable, same } from "../option.ts";
import { DATA_FORMATS, dataFormatOf, PAIRINGS, TIES } from "./dataFormats.ts";
import { READER_OPTIONS } from "./readerOptions.ts";
import { RECIPE_OPTIONS } from "./recipes.ts";

type FilesInput = OneOrMore<string> | Readonly<Record<string, OneOrMore<string>>>;

/** Files by split, as datasets.load_dataset takes them: `{ train: [path] }`; files without a split are split train. */
const files: Kind<Record<string, string[]>, FilesInput> = {
  expected: "a path, a list of paths, or paths by split",
  placeholder: "PATH...",
  words: "many",
  schema: {
    anyOf: [listOf(path).schema, { type: "object", additionalProperties: listOf(path).schema }],
  },
  types: {
    value: "Record<string, string[]>",
    input: "OneOrMore<string> | Readonly<Record<string, OneOrMore<string>>>",
  },
  read(value) {
    const bySplit = json.read(value) ?? { train: value };
    const entries = Object.entries(bySplit).map(([split, paths]) => [split, listOf(path).read(paths)] as const);
    const isComplete = entries.length > 0 && entries.every(([, paths]) => paths !== undefined && paths.length > 0);
    return isComplete ? (Object.fromEntries(entries) as Record<string, string[]>) : undefined;
  },
};

/** A format by its name, or by Axolotl's short one. */
const format: Kind<string> = {
  ...string,
  expected: "the name of a format (docs/data-formats.md lists them)",
  placeholder: "NAME",
  choices: DATA_FORMATS,
  read: (value) => (typeof value === "string" ? dataFormatOf(value) : undefined),
};

/** Columns by the name that a format has for them: `{ prompt: "question" }`, or words `prompt=question`. */
const columnMap: Kind<Record<string, string>, OneOrMore<string> | Readonly<Record<string, string>>> = {
  expected: "column=column, such as prompt=question",
  placeholder: "NAME=COLUMN...",
  words: "many",
  schema: {
    anyOf: [listOf(string).schema, { type: "object", additionalProperties: { type: "string" } }],
  },
  types: { value: "Record<string, string>", input: "OneOrMore<string> | Readonly<Record<string, string>>" },
  read(value) {
    const words = [value].flat();
    const isWords = words.every((word) => typeof word === "string" && /^[^=]+=./.test(word));
    const entries: [string, unknown][] = isWords
      ? (words as string[]).map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)])
      : Object.entries(json.read(value) ?? { "": undefined });
    const isNamed = entries.length > 0 && entries.every(([to, from]) => to !== "" && typeof from === "string" && from);
    return isNamed ? (Object.fromEntries(entries) as Record<string, string>) : undefined;
  },
};

/** How rows are read, also per dataset of a mixture. */
const reading = {
  data_format: same(nullable(format), null, "Format of the rows; unset: recognized from the first rows.", {
    onResume: "data",
    common: true,
  }),
  map: same(nullable(columnMap), null, "Columns under the names of the format: prompt=question.", {
    onResume: "data",
    common: true,
    literal: true,
    repeats: true,
  }),
  data_format_options: same(
    nullable(json),
    null,
    "Settings of the format: LLaMA-Factory's columns and tags, Axolotl's field_prompt, ...",
    { onResume: "data", literal: true },
  ),
  pairing: same(
    nullable(oneOf(...PAIRINGS)),
    null,
    "Pairs from a list of answers: the best with the worst, neighbors, or all; unset: best-worst.",
    { onResume: "data" },
  ),
  pairing_margin: same(nullable(atLeast(0, float)), null, "Smallest difference of the ratings of a pair.", {
    onResume: "data",
  }),
  ties: same(nullable(oneOf(...TIES)), null, "Rows without a winner: skip them, or train on both orders.", {
    onResume: "data",
  }),
};

const data = group("Data", {
  dataset_name: same(nullable(string), null, "Dataset: hub id, folder, or a parquet, jsonl or json file.", {
    onResume: "data",
    common: true,
  }),
  dataset_train_split: same(string, "train", "Training split.", { onResume: "data", common: true }),
  dataset_test_split: differs(names, "test", "Evaluation split, or several; not loaded if eval_strategy is no.", {
    onResume: "data",
    common: true,
    note: "a list makes several evaluation sets, with metrics eval_SPLIT_loss and so on",
  }),
  dataset_config: same(nullable(string), null, "Dataset configuration (subset).", {
    onResume: "data",
  }),
  dataset_streaming: same(bool, false, "Read rows as they are needed, in the order of the files; needs max_steps.", {
    onResume: "data",
  }),
  datasets: same(listOf(json), [], "Datasets to mix, each with path, split, columns, fraction, ... (run file only).", {
    onResume: "data",
    literal: true,
  }),
  streaming: notYet(bool, false, "Stream the dataset mixture."),
  test_split_size: differs(
    nullable(above(0, float)),
    null,
    "Rows of the mixture to hold out for evaluation: a fraction or a number.",
    {
      onResume: "data",
      note: "drawn with data_seed or seed, so that a resumed run holds out the same rows",
    },
  ),
  ignore_bias_buffers: noEffect(bool, false, "Workaround for distributed PyTorch.", "prefine has no such buffers"),
});

const launcher = group("Launcher (accelerate)", {
  accelerate_config: notYet(nullable(string), null, "Launch profile of accelerate.", {
    ready: ["single_gpu"],
  }),
  num_processes: same(nullable(atLeast(1, int)), null, "Number of processes; mpirun starts them on this computer.", {
    onResume: "free",
  }),
});

/** Fields of TRL's own dataclasses; the rest of the script's table is prefine's or accelerate's. */
export const SCRIPT_OPTIONS = {
  ...data,
  ...launcher,
  ...group(
    "Data",
    own({
      data_files: same(
        nullable(files),
        null,
        "Files by split: --data_files.train FILE; a single path is split train.",
        { onResume: "data", common: true, dotted: true, literal: true },
      ),
      process: same(
        nullable(string),
        null,
        "Function applied to every row: ultrafeedback (built in), or the path of a module's default export.",
        { onResume: "data", common: true },
      ),
      ...reading,
      token: differs(nullable(string), null, "Hugging Face access token.", {
        onResume: "free",
        note: "defaults to HF_TOKEN or the token of `hf auth login`; never saved or printed",
        secret: true,
        common: true,
      }),
    }),
  ),
  ...RECIPE_OPTIONS,
} satisfies RunTable;

/** An entry of `datasets`: trl's DatasetConfig (1.16). */
export const DATASET_OPTIONS = group("DatasetConfig", {
  path: same(
    nullable(path),
    null,
    "Hub id, folder, data file, or a format (csv, json, parquet, text) with data_files.",
  ),
  name: same(nullable(string), null, "Dataset configuration (subset)."),
  data_dir: same(nullable(string), null, "Folder with the files in the dataset."),
  data_files: same(nullable(either(json, listOf(path))), null, "Files, or files by split."),
  split: same(string, "train", "Split or slice: train[:1000], train[10%:20%], train+test, or all splits together."),
  columns: same(nullable(listOf(string)), null, "Columns to keep; unset: all."),
  fraction: same(nullable(atLeast(0, float)), null, "Sampling weight in the mixture, relative to the other datasets."),
  ...own(reading),
  ...own(READER_OPTIONS),
});
