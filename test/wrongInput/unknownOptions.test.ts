/** @file Unknown options of the public API: every export refuses them, all at once, and says where they belong. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import * as api from "../../src/index.ts";
import { DATA, LOG, MODEL, makeObjects, ROWS, refusal } from "../support/apiObjects.ts";

let { model, tokenizer, splits, rows, trainer, generate } = {} as Awaited<ReturnType<typeof makeObjects>>;
beforeAll(async () => {
  ({ model, tokenizer, splits, rows, trainer, generate } = await makeObjects());
});

type Call = (...values: never[]) => unknown;

/** All that take an object of options: name -> a call with these options, and the correct arguments before them. */
const WITH_OPTIONS: Record<string, (options: object) => unknown> = {
  DPOConfig: (options) => new api.DPOConfig(options),
  LoraConfig: (options) => new api.LoraConfig(options),
  GenerationConfig: (options) => new api.GenerationConfig(options),
  BitsAndBytesConfig: (options) => new api.BitsAndBytesConfig(options),
  runFrom: (options) => api.runFrom({ model_name_or_path: MODEL, dataset_name: DATA, ...options }),
  parseRun: (options) => api.parseRun({ flags: [], ...options }),
  train: (options) => api.train(api.runFrom({ model_name_or_path: MODEL, dataset_name: DATA }), options),
  DPOTrainer: (options) => new api.DPOTrainer({ model, train_dataset: rows, ...options }),
  "trainer.train": (options) => trainer.train(options),
  "trainer.prepare": (options) => trainer.prepare(options),
  EarlyStoppingCallback: (options) => new api.EarlyStoppingCallback(options),
  "AutoModelForCausalLM.from_pretrained": (options) => api.AutoModelForCausalLM.from_pretrained(MODEL, options),
  "AutoTokenizer.from_pretrained": (options) => api.AutoTokenizer.from_pretrained(MODEL, options),
  "GPT2Tokenizer.from_pretrained": (options) => api.GPT2Tokenizer.from_pretrained(MODEL, options),
  tokenizer: (options) => tokenizer("Hi", options),
  "tokenizer.encode": (options) => tokenizer.encode("Hi", options),
  "tokenizer.decode": (options) => tokenizer.decode([1], options),
  "tokenizer.batch_decode": (options) => tokenizer.batch_decode([[1]], options),
  generate: (options) => model.generate("Hi", options),
  generateStream: (options) => model.generateStream("Hi", options).next(),
  pipeline: (options) => api.pipeline("text-generation", { model, ...options }),
  "pipeline, 3 arguments": (options) => api.pipeline("text-generation", MODEL, options),
  "a pipeline's call": (options) => generate("Hi", options),
  loadDataset: (options) => api.loadDataset(DATA, options),
  "IterableDataset.from_generator": (options) => api.IterableDataset.from_generator(() => ROWS as never, options),
  "IterableDataset.shuffle": (options) =>
    api.IterableDataset.from_generator(() => ROWS as never).shuffle({ seed: 1, ...options }),
  "dataset.map": (options) => rows.map((row) => row, options),
  "dataset.sort": (options) => rows.sort("prompt", options),
  "dataset.shuffle": (options) => rows.shuffle({ seed: 1, ...options }),
  "dataset.train_test_split": (options) => rows.train_test_split({ seed: 1, ...options }),
  "dataset.to_json": (options) => rows.to_json(join(tmpdir(), "never.json"), options),
  "splits.map": (options) => splits.map((row) => row, options),
  "splits.sort": (options) => splits.sort("prompt", options),
  "splits.shuffle": (options) => splits.shuffle({ seed: 1, ...options }),
  toPreferences: (options) => api.toPreferences(rows, options),
  doctor: (options) => api.doctor(rows, options),
  merge_and_unload: (options) => api.merge_and_unload(MODEL, options),
  plotRuns: (options) => api.plotRuns([{ name: "a", log_history: LOG }], options),
  plotRunFolders: (options) => api.plotRunFolders(["nowhere"], options),
  plotTerminal: (options) => api.plotTerminal(LOG, options),
  createLogger: (options) => api.createLogger(options),
  createServer: (options) => api.createServer(options as api.ServerOptions),
  recordPreference: (options) => api.recordPreference(options as api.PreferenceInput),
  winRate: (options) => api.winRate("nothing.jsonl", options as api.WinRateOptions),
};

/** Exports that take no options. */
const WITHOUT_OPTIONS = [
  "Dataset",
  "PrefineError",
  "Tokenizer",
  "preferenceStatistics",
  "readTrainerState",
  "renderPng",
  "ultrafeedback",
].toSorted();

it("every export is called here", () => {
  const called = Object.keys(WITH_OPTIONS).map((name) => name.split(".")[0]);
  expect(
    Object.keys(api)
      .filter((name) => !called.includes(name))
      .toSorted(),
  ).toEqual(WITHOUT_OPTIONS);
});

describe("unknown options", () => {
  it.each(Object.keys(WITH_OPTIONS))("%s refuses all of them at once", async (name) => {
    const message = await refusal(() => WITH_OPTIONS[name]({ frobnicate: 1, wibble_wobble: true }));
    expect(message).toMatch(/frobnicate: unknown (option|key)/);
    expect(message).toMatch(/wibble_wobble: unknown (option|key)/);
  });

  it.each(Object.keys(WITH_OPTIONS))("%s takes undefined as absent", async (name) => {
    const call = () => WITH_OPTIONS[name]({ frobnicate: undefined, wibble: 1 });
    expect(await refusal(call)).not.toContain("frobnicate");
  });

  it.each(Object.keys(WITH_OPTIONS).filter((name) => !/^(runFrom|parseRun|DPOTrainer|pipeline|splits)/.test(name)))(
    "%s refuses what is no object",
    async (name) => {
      const call = WITH_OPTIONS[name] as Call;
      for (const value of [Promise.resolve({}), "text", 5, null, [], true]) {
        if (/shuffle|train_test_split/.test(name)) continue; // they spread what they are given here
        expect(await refusal(() => call(value as never))).toMatch(/expected an object|expected options/);
      }
    },
  );

  it.each<[string, object, string]>([
    ["DPOTrainer", { beta: 0.1 }, "beta: unknown option; it belongs to DPOTrainer's args (DPOConfig)"],
    ["DPOTrainer", { r: 8 }, "r: unknown option; it belongs to DPOTrainer's peft_config (LoraConfig)"],
    ["DPOTrainer", { lora_r: 8 }, "lora_r: unknown option; it belongs to a run file (runFrom)"],
    ["DPOTrainer", { learnign_rate: 8 }, "did you mean learning_rate, which belongs to DPOTrainer's args"],
    ["DPOTrainer", { train_datset: ROWS }, "train_datset: unknown option; did you mean train_dataset?"],
    ["DPOTrainer", { dataset: ROWS }, "dataset: unknown option; did you mean train_dataset?"],
    ["DPOTrainer", { reference_model: "x" }, "did you mean ref_model?"],
    ["DPOTrainer", { lora_config: {} }, "did you mean peft_config?"],
    ["DPOTrainer", { lr: 1 }, "lr: unknown option; learning_rate belongs to DPOTrainer's args (DPOConfig)"],
    ["DPOTrainer", { data_collator: () => {} }, "data_collator: not yet: prefine collates the pairs itself"],
    ["DPOTrainer", { max_new_tokens: 5 }, "max_new_tokens: unknown option; it belongs to generate"],
    ["train", { learning_rate: 1 }, "it belongs to DPOTrainer's args (DPOConfig)"],
    ["trainer.train", { learning_rate: 1 }, "it belongs to DPOTrainer's args (DPOConfig)"],
    ["trainer.train", { resume_from: "x" }, "did you mean resume_from_checkpoint?"],
    ["DPOConfig", { max_new_tokens: 1 }, "it belongs to generate"],
    ["DPOConfig", { r: 1 }, "it belongs to DPOTrainer's peft_config (LoraConfig)"],
    ["LoraConfig", { beta: 1 }, "it belongs to DPOTrainer's args (DPOConfig)"],
    ["LoraConfig", { rank: 1 }, "did you mean r?"],
    ["GenerationConfig", { max_tokens: 1 }, "did you mean max_new_tokens?"],
    ["generate", { max_tokens: 5 }, "max_tokens: unknown option; did you mean max_new_tokens?"],
    ["generate", { streamer: () => {} }, "did you mean onText?"],
    ["generate", { learning_rate: 1 }, "it belongs to DPOTrainer's args"],
    ["AutoModelForCausalLM.from_pretrained", { max_new_tokens: 5 }, "it belongs to generate"],
    ["AutoModelForCausalLM.from_pretrained", { cache_dir: "x" }, "did you mean cacheDir?"],
    [
      "AutoModelForCausalLM.from_pretrained",
      { load_in_4bit: true },
      "pass quantization_config: { load_in_4bit: true }",
    ],
    ["AutoModelForCausalLM.from_pretrained", { revison: "x" }, "did you mean revision?"],
    ["AutoTokenizer.from_pretrained", { local_files_only: true }, "did you mean offline?"],
    ["tokenizer", { padding: true }, "padding: not yet: texts are not padded"],
    ["tokenizer", { add_special_token: false }, "did you mean add_special_tokens?"],
    ["tokenizer.decode", { skip_special: true }, "skip_special: unknown option"],
    ["pipeline", { learning_rate: 1 }, "it belongs to DPOTrainer's args"],
    ["a pipeline's call", { max_length_: 1 }, "did you mean max_length?"],
    ["loadDataset", { splits: "train" }, "did you mean split?"],
    ["loadDataset", { subset: "x", streming: true }, "streming: unknown option; did you mean streaming?"],
    ["dataset.map", { batched: true }, "batched: not yet"],
    ["dataset.map", { remove_columns: ["a"] }, "remove_columns: not yet"],
    ["dataset.train_test_split", { test: 0.1 }, "did you mean test_size?"],
    ["merge_and_unload", { output: "x" }, "did you mean output_dir?"],
    ["plotRuns", { metric: "loss" }, "did you mean metrics?"],
    ["plotRunFolders", { output: "x" }, "did you mean out?"],
    ["EarlyStoppingCallback", { patience: 1 }, "did you mean early_stopping_patience?"],
    ["createLogger", { lines_per_second: true }, "lines_per_second: unknown option"],
    ["createServer", { api_key: "x" }, "did you mean apiKey?"],
  ])("%s %j", async (name, options, advice) => {
    expect(await refusal(() => WITH_OPTIONS[name](options))).toContain(advice);
  });

  it("apply_chat_template refuses names that its template does not read", async () => {
    const chatting = await api.AutoTokenizer.from_pretrained(MODEL);
    chatting.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}{{ enable_thinking }}";
    const ask = (options: api.ChatOptions) => chatting.apply_chat_template([{ role: "user", content: "Hi" }], options);
    expect(await refusal(() => ask({ add_generation_promt: true }))).toContain("did you mean add_generation_prompt?");
    expect(await refusal(() => ask({ max_new_tokens: 5 }))).toContain("it belongs to generate");
    expect(ask({ enable_thinking: "yes", tokenize: false })).toBe("Hiyes");
    expect(ask({ a_variable_of_other_templates: 1, tokenize: false })).toBe("Hi");
  });

  it("a template that refuses a role: what it is called", async () => {
    const chatting = await api.AutoTokenizer.from_pretrained(MODEL);
    chatting.chat_template = "{% for m in messages %}{{ raise_exception('only user and assistant') }}{% endfor %}";
    const ask = (role: string) => refusal(() => chatting.apply_chat_template([{ role, content: "Hi" }]));
    expect(await ask("human")).toContain('A message has the role "human": rename it to user.');
    expect(await ask("gpt")).toContain("rename it to assistant.");
    expect(await ask("wizard")).toContain("expected system, user, assistant or tool.");
    expect(await ask("user")).toContain("Does the template support the roles");
  });

  it("names without effect here are accepted, with a line", async () => {
    const lines: string[] = [];
    const options = { torch_dtype: "bfloat16", device_map: "auto", onWarning: (line: string) => lines.push(line) };
    await api.AutoModelForCausalLM.from_pretrained(MODEL, options);
    expect(lines).toEqual([
      "from_pretrained: no effect: torch_dtype, device_map (prefine computes in float32 on the CPU)",
    ]);
  });
});
