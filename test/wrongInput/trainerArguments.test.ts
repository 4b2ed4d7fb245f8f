/** @file Arguments of a wrong kind given to DPOTrainer and its methods, and its use without `new`. */
import { beforeAll, describe, expect, it } from "vitest";
import * as api from "../../src/index.ts";
import { DATA, MODEL, makeObjects, refusal } from "../support/apiObjects.ts";

let { model, splits, rows, trainer } = {} as Awaited<ReturnType<typeof makeObjects>>;
beforeAll(async () => {
  ({ model, splits, rows, trainer } = await makeObjects());
});

type Call = (...values: never[]) => unknown;

describe("values of a wrong kind", () => {
  const trainOn = (options: object) => new api.DPOTrainer({ model, train_dataset: rows, ...options });

  it.each<[string, () => unknown, string]>([
    [
      "no options",
      () => new (api.DPOTrainer as unknown as new () => object)(),
      "DPOTrainer: expected an object with options, found nothing",
    ],
    [
      "no options and no new",
      () => (api.DPOTrainer as unknown as () => object)(),
      "DPOTrainer: expected an object with options, found nothing",
    ],
    ["a promise", () => new api.DPOTrainer(Promise.resolve({}) as never), "found a promise: await it"],
    [
      "no model",
      () => trainOn({ model: undefined }),
      "model: expected a model from AutoModelForCausalLM.from_pretrained, a hub id or a folder, found nothing",
    ],
    ["a promise of a model", () => trainOn({ model: Promise.resolve(model) }), "found a promise: await it"],
    ["a number as model", () => trainOn({ model: 5 }), "a hub id or a folder, found 5"],
    [
      "no rows",
      () => trainOn({ train_dataset: undefined }),
      "train_dataset: expected a Dataset or a list of rows, found nothing",
    ],
    ["a DatasetDict", () => trainOn({ train_dataset: splits }), "found a DatasetDict (train_prefs, train_sft, "],
    [
      "a path",
      () => trainOn({ train_dataset: "a.jsonl" }),
      'found the text "a.jsonl"; load it: (await loadDataset("a.jsonl")).train',
    ],
    [
      "columns",
      () => trainOn({ train_dataset: { prompt: ["a"], chosen: ["b"] } }),
      "found columns (prompt, chosen); pass Dataset.from_dict(columns)",
    ],
    [
      "a promise of rows",
      () => trainOn({ train_dataset: api.loadDataset(DATA) }),
      "train_dataset: expected a Dataset or a list of rows, found a promise: await it",
    ],
    ["a list of texts", () => trainOn({ train_dataset: ["a"] }), 'a list of which the first is "a"'],
    [
      "a promise to evaluate on",
      () => trainOn({ eval_dataset: api.loadDataset(DATA) }),
      "eval_dataset: expected a Dataset or a list of rows, found a promise: await it",
    ],
    ["a path to evaluate on", () => trainOn({ eval_dataset: "a.jsonl" }), "eval_dataset: expected"],
    [
      "columns to evaluate on",
      () => trainOn({ eval_dataset: { prompt: ["a"], chosen: ["b"] } }),
      "eval_dataset: expected a Dataset or a list of rows, found columns",
    ],
    ["a path in a set", () => trainOn({ eval_dataset: { a: rows, b: "x" } }), "eval_dataset.b: expected"],
    [
      "a promise as tokenizer",
      () => trainOn({ processing_class: api.AutoTokenizer.from_pretrained(MODEL) }),
      "processing_class: expected a tokenizer from AutoTokenizer.from_pretrained, or null, found a promise: await it",
    ],
    [
      "a text as args",
      () => trainOn({ args: "run.yaml" }),
      'args: expected a DPOConfig, or an object with its options, or null, found "run.yaml"',
    ],
    [
      "a text as peft_config",
      () => trainOn({ peft_config: "lora" }),
      'peft_config: expected a LoraConfig, or an object with its options, or null, found "lora"',
    ],
    [
      "one callback",
      () => trainOn({ callbacks: new api.EarlyStoppingCallback() }),
      "callbacks: expected a list of callbacks, or null, found an EarlyStoppingCallback",
    ],
    ["no callbacks", () => trainOn({ callbacks: [5] }), "callbacks: expected an object with events"],
    ["a null callback", () => trainOn({ callbacks: [null] }), "callbacks: expected an object with events"],
    ["a function as callback", () => trainOn({ callbacks: [() => {}] }), "callbacks: expected an object with events"],
    ["a promise as callback", () => trainer.add_callback(Promise.resolve({}) as never), "found a promise: await it"],
    ["a checkpoint", () => trainer.train("checkpoint-5" as never), 'train({ resume_from_checkpoint: "checkpoint-5" })'],
    [
      "a dataset to evaluate",
      () => (trainer.evaluate as Call)(rows as never),
      "evaluate: expected no argument, found a Dataset",
    ],
    ["a folder that is none", () => trainer.save_model(5 as never), "save_model: expected a text, found 5"],
    [
      "several problems",
      () => trainOn({ beta: 1, args: 5, train_dataset: splits, wibble: 1 }),
      "wibble: unknown option",
    ],
  ])("DPOTrainer: %s", async (_, call, expected) => {
    expect(await refusal(call)).toContain(expected);
  });
});

describe("without new", () => {
  it("classes work as in Python", () => {
    const made = api.DPOTrainer({ model, train_dataset: rows, callbacks: [api.EarlyStoppingCallback()] });
    expect(made).toBeInstanceOf(api.DPOTrainer);
    expect(api.EarlyStoppingCallback({ early_stopping_patience: 2 }).early_stopping_patience).toBe(2);
    class Own extends api.DPOTrainer {}
    expect(new Own({ model, train_dataset: rows })).toBeInstanceOf(Own);
    expect(new Own({ model, train_dataset: rows })).toBeInstanceOf(api.DPOTrainer);
  });
});
