/** @file Values of a wrong kind given to the functions of the public API, besides the trainer. */
import { beforeAll, describe, expect, it } from "vitest";
import * as api from "../../src/index.ts";
import { DATA, LOG, MODEL, makeObjects, ROWS, refusal } from "../support/apiObjects.ts";

let { model, tokenizer, splits, rows, generate } = {} as Awaited<ReturnType<typeof makeObjects>>;
beforeAll(async () => {
  ({ model, tokenizer, splits, rows, generate } = await makeObjects());
});

type Call = (...values: never[]) => unknown;

describe("values of a wrong kind", () => {
  it.each<[string, () => unknown, string]>([
    ["train", () => (api.train as Call)(), "train: expected a run, found nothing"],
    ["train, flat options", () => (api.train as Call)({ model_name_or_path: "gpt2" } as never), "Pass runFrom({"],
    ["runFrom", () => (api.runFrom as Call)(Promise.resolve({}) as never), "found a promise: await it"],
    ["parseRun", () => (api.parseRun as Call)("run.yaml" as never), "parseRun: expected an object with options"],
    ["loadDataset, a promise", () => api.loadDataset(Promise.resolve("x") as never), "found a promise: await it"],
    ["loadDataset, null", () => api.loadDataset(null as never), "expected a dataset, found none"],
    [
      "loadDataset, options only",
      () => api.loadDataset({ data_files: "a.jsonl" } as never),
      "loadDataset(undefined, { data_files })",
    ],
    ["loadDataset, a name", () => api.loadDataset(DATA, "config" as never), '{ name: "config" }'],
    [
      "loadDataset, a list",
      () => api.loadDataset([DATA] as never),
      "expected a hub id, a folder or a file, found a list",
    ],
    ["from_list, columns", () => api.Dataset.from_list({ a: [1] } as never), "Dataset.from_dict"],
    ["from_list, nothing", () => (api.Dataset.from_list as Call)(), "found nothing"],
    ["from_list, texts", () => api.Dataset.from_list(["a"] as never), 'found row 0: "a"'],
    ["from_list, a promise", () => api.Dataset.from_list(Promise.resolve(ROWS) as never), "a promise: await it"],
    ["from_dict, rows", () => api.Dataset.from_dict(ROWS as never), "Dataset.from_list"],
    ["from_dict, values", () => api.Dataset.from_dict({ a: 1 } as never), "expected a to be a list, found 1"],
    ["fromRows", () => (api.Dataset.fromRows as Call)(), "found nothing"],
    [
      "concatenate",
      () => api.Dataset.concatenate(rows as never, "x"),
      "expected a list, each a Dataset, found a Dataset",
    ],
    ["concatenate, a DatasetDict", () => api.Dataset.concatenate([splits] as never, "x"), "dataset.train"],
    ["map, a path", () => rows.map("./map.js" as never), "map: expected a function or a module with one"],
    ["map, nothing", () => (rows.map as Call)(), "map: expected a function"],
    ["filter", () => rows.filter("x" as never), "filter: expected a function"],
    [
      "filter, options",
      () => (rows.filter as Call)((() => true) as never, { num_proc: 2 } as never),
      "expected no argument",
    ],
    ["select", () => rows.select(5 as never), "select: expected a list of row numbers, found 5"],
    ["select_columns", () => rows.select_columns(undefined as never), "found nothing"],
    ["remove_columns", () => rows.remove_columns([1] as never), "found 1"],
    ["rename_columns", () => rows.rename_columns(undefined as never), "rename_columns: expected an object"],
    ["add_column", () => rows.add_column("x", null as never), "add_column: expected a list of values, found null"],
    ["sort", () => rows.sort(undefined as never), "found nothing"],
    ["unique", () => rows.unique(null as never), "found null"],
    ["shuffle", () => (rows.shuffle as Call)(), "shuffle({ seed: 42 })"],
    ["shuffle, a number", () => rows.shuffle(42 as never), "shuffle({ seed: 42 })"],
    ["shuffle, no seed", () => rows.shuffle({} as never), "shuffle: seed: expected a whole number, found nothing"],
    ["splits.shuffle", () => (splits.shuffle as Call)(), "shuffle({ seed: 42 })"],
    ["train_test_split", () => rows.train_test_split(0.1 as never), "train_test_split({ test_size: 0.1, seed: 42 })"],
    ["split", () => (splits.split as Call)(), "no split nothing"],
    ["to_csv", () => (rows.to_csv as Call)(), "to_csv: expected a text, found nothing"],
    ["ultrafeedback", () => (api.ultrafeedback as Call)(), "dataset.map(ultrafeedback)"],
    [
      "AutoModelForCausalLM",
      () => api.AutoModelForCausalLM.from_pretrained(Promise.resolve("x") as never),
      "a promise: await it",
    ],
    [
      "AutoModelForCausalLM, nothing",
      () => (api.AutoModelForCausalLM.from_pretrained as Call)(),
      "expected a hub id or a folder, found nothing",
    ],
    [
      "AutoTokenizer",
      () => (api.AutoTokenizer.from_pretrained as Call)(5 as never),
      "expected a hub id or a folder, found 5",
    ],
    ["tokenizer, a number", () => tokenizer(5 as never), "tokenizer: expected a string, found 5"],
    ["tokenizer, null", () => tokenizer(null as never), "found null"],
    ["tokenizer, nothing", () => (tokenizer as unknown as Call)(), "found nothing"],
    ["tokenizer, a promise", () => tokenizer.encode(Promise.resolve("x") as never), "a promise: await it"],
    ["tokenizer, messages", () => tokenizer([{ role: "user", content: "x" }] as never), "apply_chat_template"],
    ["decode, a text", () => tokenizer.decode("text" as never), 'decode: expected a list of token ids, found "text"'],
    ["decode, nothing", () => (tokenizer.decode as Call)(), "found nothing"],
    ["decode, several", () => tokenizer.decode([[1]] as never), "batch_decode"],
    ["decode, an encoding", () => tokenizer.decode(tokenizer("Hi") as never), "Pass input_ids"],
    ["batch_decode", () => tokenizer.batch_decode(5 as never), "expected a list of lists"],
    ["convert_tokens_to_ids", () => tokenizer.convert_tokens_to_ids(["a"] as never), "expected a token"],
    ["apply_chat_template", () => (tokenizer.apply_chat_template as Call)(), "expected messages"],
    ["apply_chat_template, a text", () => tokenizer.apply_chat_template("Hi" as never), 'found "Hi"'],
    [
      "apply_chat_template, one message",
      () => tokenizer.apply_chat_template({ role: "user", content: "Hi" } as never),
      "into a list",
    ],
    ["save_pretrained", () => (tokenizer.save_pretrained as Call)(), "save_pretrained: expected a text"],
    ["generate, nothing", () => (model.generate as Call)(), "generate: expected a text, messages"],
    ["generate, null", () => model.generate(null as never), "found null"],
    ["generate, a promise", () => model.generate(Promise.resolve("x") as never), "a promise: await it"],
    ["generate, a number", () => model.generate(5 as never), "found 5"],
    ["generate, an object", () => model.generate({ prompt: "x" } as never), "found an object with prompt"],
    ["generate, one message", () => model.generate({ role: "user", content: "x" } as never), "into a list"],
    ["generate, a list with null", () => model.generate(["a", null] as never), "found null"],
    ["generate, no ids", () => model.generate({ input_ids: undefined } as never), "found nothing"],
    [
      "generate, a mask",
      () => model.generate({ input_ids: [1], attention_mask: 5 } as never),
      "attention_mask: expected",
    ],
    [
      "generate, a tokenizer",
      () => model.generate("x", { tokenizer: Promise.resolve() as never }),
      "tokenizer: expected a tokenizer",
    ],
    [
      "generate, all at once",
      () => model.generate("x", { temperature: 0, wibble: 1, signal: 5 } as never),
      "temperature: expected a number above 0",
    ],
    [
      "pipeline, a promise",
      () => api.pipeline("text-generation", Promise.resolve(model) as never),
      "a promise: await it",
    ],
    ["pipeline, a number", () => api.pipeline("text-generation", 5 as never), "pipeline: expected a model, found 5"],
    [
      "pipeline, no model",
      () => (api.pipeline as Call)("text-generation" as never),
      "pipeline: expected a model, found nothing",
    ],
    ["a call, nothing", () => (generate as unknown as Call)(), "pipeline: expected a text"],
    ["a call, a promise", () => generate(Promise.resolve("x") as never), "a promise: await it"],
    ["a call, one message", () => generate({ role: "user", content: "x" } as never), "into a list"],
    ["merge_and_unload", () => (api.merge_and_unload as Call)(), "merge_and_unload: expected a run's folder or id"],
    ["merge_and_unload, a promise", () => api.merge_and_unload(Promise.resolve("x") as never), "a promise: await it"],
    ["plotRuns, nothing", () => (api.plotRuns as Call)(), "plotRuns: expected a list of runs"],
    ["plotRuns, folders", () => api.plotRuns(["dpo"] as never), "readTrainerState(folder)"],
    [
      "plotRuns, a log",
      () => api.plotRuns(LOG as never),
      "runs[0]: expected { name, log_history }, found an object with loss",
    ],
    [
      "plotRuns, no log",
      () => api.plotRuns([{ name: "a", log_history: "x" }] as never),
      "log_history: expected a list",
    ],
    ["plotRunFolders", () => api.plotRunFolders("dpo" as never), 'plotRunFolders(["dpo"])'],
    ["readTrainerState", () => (api.readTrainerState as Call)(), "readTrainerState: expected the folder of a run"],
    ["renderPng", () => (api.renderPng as Call)(), "renderPng: expected an SVG text, found nothing"],
    [
      "renderPng, options",
      () => (api.renderPng as Call)("<svg/>" as never, { width: 5 } as never),
      "expected no argument",
    ],
    ["renderPng, broken", () => api.renderPng("<svg"), "can't be drawn"],
    ["plotTerminal", () => (api.plotTerminal as Call)(), "plotTerminal: expected a list of log entries"],
    [
      "EarlyStoppingCallback",
      () => new api.EarlyStoppingCallback(3 as never),
      "expected an object with options, found 3",
    ],
    ["createLogger", () => api.createLogger({ stream: "stderr" } as never), "stream: expected a stream"],
  ])("%s", async (_, call, expected) => {
    expect(await refusal(call)).toContain(expected);
  });

  it("never shows a token", async () => {
    const call = () => api.AutoTokenizer.from_pretrained(MODEL, { token: ["hf_secret"] as never });
    expect(await refusal(call)).toBe(
      "AutoTokenizer.from_pretrained: token: expected a text or one of false, found another value",
    );
  });
});
