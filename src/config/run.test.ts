/** @file Run files and flags: a file made for `trl dpo --config` runs unchanged; flags are read as by TRL's parser. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { thrown } from "../../test/support/outcomes.ts";
import { warningOf } from "./DPOConfig.ts";
import { checkAdapterAgrees, parseRun, type RunConfig, runFrom } from "./run.ts";

const FILE = `
# Made for: trl dpo --config dpo.yaml
env:
  TOKENIZERS_PARALLELISM: false
model_name_or_path: openai-community/gpt2
dataset_name: BarraHome/ultrafeedback_binarized
dataset_train_split: train_prefs
dataset_test_split: test_prefs
dtype: bfloat16
attn_implementation: sdpa
use_peft: yes
lora_r: 4
lora_alpha: 8
lora_target_modules: [c_attn, c_proj]
learning_rate: 1e-5
lr_scheduler_type: cosine
warmup_ratio: 0.1
eval_strategy: no
report_to: wandb
gradient_checkpointing_kwargs:
  use_reentrant: false
max_length: ~
bf16: true
`;

const parse = (text: string, ...flags: string[]) => parseRun({ file: { name: "dpo.yaml", text }, flags });
const flagged = (...flags: string[]) =>
  parseRun({ flags: ["--model_name_or_path", "gpt2", "--dataset_name", "rows.jsonl", ...flags] }).run;

const messageOf = (make: () => unknown) => thrown(make).message;

describe("run files", () => {
  it("reads a file made for trl dpo", () => {
    const { run, env } = parse(FILE);
    expect(env).toEqual({ TOKENIZERS_PARALLELISM: "false" });
    expect(run.model).toMatchObject({
      model_name_or_path: "openai-community/gpt2",
      use_peft: true,
      lora_dropout: 0.05,
    });
    expect(run.script).toMatchObject({ dataset_train_split: "train_prefs", data_files: null });
    expect(run.args).toMatchObject({ learning_rate: 1e-5, warmup_steps: 0.1, eval_strategy: "no", max_length: null });
    expect(run.peft_config).toMatchObject({
      r: 4,
      lora_alpha: 8,
      target_modules: ["c_attn", "c_proj"],
      task_type: "CAUSAL_LM",
    });
    const keys = run.advice.map((line) => line.split(":")[0]);
    expect(keys).toEqual(["warmup_ratio", "dtype", "attn_implementation", "gradient_checkpointing_kwargs", "bf16"]);
    expect(warningOf(run.args)).toMatch(/^no effect: report_to: wandb \(/);
  });

  it("lets flags win over the file, under old names too", () => {
    const { run } = parse(FILE, "--lora_r", "2", "--evaluation_strategy=steps", "--eval-steps", "5");
    expect(run.peft_config?.r).toBe(2);
    expect(run.args).toMatchObject({ eval_strategy: "steps", eval_steps: 5 });
  });

  it("reads JSON and YAML 1.1's numbers and booleans", () => {
    const { run } = parse('{"model_name_or_path": "gpt2", "dataset_name": "d", "beta": "5e-1", "max_steps": 1000}');
    expect(run.args).toMatchObject({ beta: 0.5, max_steps: 1000 });
    const text =
      "model_name_or_path: gpt2\ndataset_name: d\nmax_steps: 1_000\nlogging_first_step: on\ndisable_dropout: off";
    expect(parse(text).run.args).toMatchObject({ max_steps: 1000, logging_first_step: true, disable_dropout: false });
  });

  it("reports all problems of file and flags together", () => {
    const text = "learning_rte: 1\nload_in_4bit: true\ndataset_name: a\nlora_target_modules: []";
    expect(messageOf(() => parse(text, "stray", "--betta", "3", "--max_steps")).split("\n  ")).toEqual([
      "dpo.yaml:",
      "stray: expected a flag such as --output_dir; a value with spaces needs quotes",
      "--betta: unknown flag; did you mean --beta?",
      "--max_steps: expected an integer, found no value",
      "learning_rte: unknown key; did you mean learning_rate?",
      "model_name_or_path: expected a hub id or a folder, found nothing",
      "load_in_4bit: expected use_peft: true with it: quantized weights can't be trained",
      "lora_target_modules: expected the names of layers, found none",
    ]);
  });

  it("reads a mixture of datasets, and reports all its problems", () => {
    const mixture = (text: string, ...flags: string[]) => parse(`model_name_or_path: gpt2\n${text}`, ...flags);
    const entries = "datasets:\n  - path: a\n    split: train[:9]\n    columns: chosen\n  - path: b\n";
    const { script } = mixture(`${entries}eval_strategy: steps\ntest_split_size: 0.1`).run;
    expect(script.test_split_size).toBe(0.1);
    expect(script.datasets).toMatchObject([
      { path: "a", split: "train[:9]", columns: ["chosen"], fraction: null },
      { path: "b", split: "train", columns: null },
    ]);
    const wrong = "datasets:\n  - spilt: x\n    fraction: 0.5\n  - path: b\ndataset_train_split: train_prefs\n";
    const flags = ["--eval_strategy", "steps", "--data_files", "x.jsonl"];
    expect(messageOf(() => mixture(wrong, ...flags)).split("\n  ")).toEqual([
      "dpo.yaml:",
      "datasets[0].spilt: unknown key; did you mean split?",
      "datasets[0].path: expected a hub id, a folder or a file, found nothing",
      "datasets: expected a fraction for all datasets or for none, at least one of them above 0, found 0.5, none",
      "--data_files: expected in an entry of datasets, found at the top level",
      "dataset_train_split: expected train with datasets, found train_prefs",
      "test_split_size: expected a share or a number of rows to evaluate on (or eval_strategy no), found nothing",
    ]);
    const { advice } = mixture(`dataset_name: a\n${entries}bf16: false`).run;
    expect(advice).toEqual(["dataset_name: no effect with datasets, as in TRL"]);
    const alone = mixture("dataset_name: a\ntest_split_size: 5\nbf16: false").run;
    expect(alone.advice).toEqual(["test_split_size: no effect without datasets, as in TRL"]);
  });

  it("names the file and the line of broken YAML", () => {
    expect(messageOf(() => parse("beta: [1"))).toMatch(/^dpo\.yaml: not valid YAML: .* line 1/);
    expect(messageOf(() => parse("beta: 1\nbeta: 2"))).toMatch(/^dpo\.yaml: not valid YAML: .*unique.* line 2/);
    expect(messageOf(() => parse("- a"))).toBe("dpo.yaml: expected keys and values, found a list");
  });

  it("needs no model if an adapter names it, and advises about unused lora_ keys", () => {
    const { run } = parseRun({ flags: ["--adapter_name_or_path", "run", "--use_peft", "--dataset_name", "d"] });
    expect(run).toMatchObject({ peft_config: null, model: { model_name_or_path: null, adapter_name_or_path: "run" } });
    expect(flagged("--lora_r", "4").advice).toContain(
      "--lora_r: no effect without use_peft: true; all weights are trained",
    );
  });

  it("builds TRL's quantization_config from its flags", () => {
    expect(flagged().quantization_config).toBeUndefined(); // not set: a resumed run keeps its quantization
    expect(flagged("--load_in_4bit", "false").quantization_config).toBeNull();
    const four = flagged("--use_peft", "--load_in_4bit", "--use_bnb_nested_quant").quantization_config;
    expect(four).toMatchObject({ load_in_4bit: true, bnb_4bit_quant_type: "nf4", bnb_4bit_use_double_quant: true });
    expect(flagged("--use_peft", "--load_in_8bit").quantization_config).toMatchObject({ load_in_8bit: true });
    const both = () => flagged("--use_peft", "--load_in_8bit", "--load_in_4bit");
    expect(messageOf(both)).toContain("--load_in_4bit: expected one of 4 and 8 bits, found both");
    const model_init_kwargs = { quantization_config: { load_in_4bit: true } };
    const names = { model_name_or_path: "m", dataset_name: "d", use_peft: true };
    expect(runFrom({ ...names, model_init_kwargs }).quantization_config).toMatchObject({ bnb_4bit_quant_type: "fp4" });
    expect(messageOf(() => runFrom({ ...names, model_init_kwargs, load_in_8bit: true }))).toContain(
      "load_in_8bit: expected one quantization, found another in model_init_kwargs.quantization_config",
    );
  });

  it("reads the same run from an object", () => {
    const run = runFrom({
      model_name_or_path: "gpt2",
      data_files: "a.jsonl",
      use_peft: true,
      beta: 0.3,
      torch_dtype: "auto",
    });
    expect(run.script.data_files).toEqual({ train: ["a.jsonl"] });
    expect(run).toMatchObject({ args: { beta: 0.3 }, peft_config: { r: 16 }, model: { dtype: "auto" } });
    expect(
      runFrom({ model_name_or_path: "m", dataset_name: "d", model_init_kwargs: { revision: "v1" } }).model
        .model_revision,
    ).toBe("v1");
  });
});

describe("flags", () => {
  it("reads bare, negated and explicit booleans", () => {
    expect(flagged("--use_peft").model.use_peft).toBe(true);
    expect(flagged("--use_peft", "False").model.use_peft).toBe(false);
    expect(flagged("--no_use_peft").model.use_peft).toBe(false);
    expect(flagged("--no-remove-unused-columns").args.remove_unused_columns).toBe(false);
    expect(flagged("--bf16=no", "--beta", "1").args).toMatchObject({ bf16: false, beta: 1 });
    expect(messageOf(() => flagged("--use_peft", "perhaps"))).toContain(
      '--use_peft: expected true or false, found "perhaps"',
    );
  });

  it("reads lists up to the next flag; the last of several wins", () => {
    expect(flagged("--lora_target_modules", "c_attn", "c_proj", "--beta", "1").model.lora_target_modules).toEqual([
      "c_attn",
      "c_proj",
    ]);
    expect(flagged("--beta", "1", "--beta", "2").args.beta).toBe(2);
  });

  it("reads negative numbers, null and JSON", () => {
    const { args } = flagged("--max_steps", "-1", "--max_length", "none", "--lr_scheduler_kwargs", '{"num_cycles": 2}');
    expect(args).toMatchObject({ max_steps: -1, max_length: null, lr_scheduler_kwargs: { num_cycles: 2 } });
  });

  it("reads files by split, over those of the run file", () => {
    const flags = ["--data_files.train", "a.parquet", "b.parquet", "--data_files.test=c.jsonl"];
    expect(flagged(...flags).script.data_files).toEqual({ train: ["a.parquet", "b.parquet"], test: ["c.jsonl"] });
    expect(flagged("--data_files", "a.jsonl").script.data_files).toEqual({ train: ["a.jsonl"] });
    const text = "model_name_or_path: gpt2\ndata_files:\n  train: x\n  test: y";
    expect(parse(text, "--data_files.test", "z").run.script.data_files).toEqual({ train: ["x"], test: ["z"] });
  });

  it("takes resume_from_checkpoint bare or with a path", () => {
    expect(flagged("--resume_from_checkpoint").args.resume_from_checkpoint).toBe(true);
    expect(flagged("--resume_from_checkpoint", "dpo/checkpoint-10").args.resume_from_checkpoint).toBe(
      "dpo/checkpoint-10",
    );
  });
});

const fixture = JSON.parse(readFileSync(new URL("../../test/fixtures/trl-options.json", import.meta.url), "utf8"));

describe(`TRL's own parser (trl ${fixture.versions.trl}; made by ${fixture.maker})`, () => {
  const cases: { file: string | null; flags: string[]; values: Record<string, unknown> }[] = fixture.parsed;
  const needed = ["--model_name_or_path", "gpt2", "--dataset_name", "d"];

  it.each(cases)("$file $flags", ({ file, flags, values }) => {
    const source = file === null ? undefined : { name: "run.yaml", text: file };
    const { run } = parseRun({ file: source, flags: [...needed, ...flags] });
    expect({ ...run.script, ...run.model, ...run.args }).toMatchObject(values);
  });

  it("has cases", () => expect(cases.length).toBeGreaterThanOrEqual(10));
});

describe("an adapter to start from", () => {
  const file = "old/adapter_config.json";
  const adapter = { r: 4, lora_alpha: 8, target_modules: ["c_proj", "c_attn"] };
  const run = (...flags: string[]): RunConfig => flagged("--adapter_name_or_path", "old", ...flags);

  it("may not be contradicted by the run's settings", () => {
    checkAdapterAgrees(run(), adapter, file);
    checkAdapterAgrees(run("--lora_r", "4", "--lora_target_modules", "c_attn", "c_proj"), adapter, file);
    expect(messageOf(() => checkAdapterAgrees(run("--lora_r", "8", "--lora_alpha", "16"), adapter, file))).toBe(
      `lora_r: the run says 8, ${file} says 4\n  lora_alpha: the run says 16, ${file} says 8`,
    );
  });
});
