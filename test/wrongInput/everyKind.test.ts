/** @file Every kind of value, given to every argument of the public API: a PrefineError, or a value that is meant. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { PrefineError } from "../../src/errors.ts";
import * as api from "../../src/index.ts";
import { DATA, MODEL, makeObjects, ROWS } from "../support/apiObjects.ts";

class Other {
  a = 1;
}
const KINDS: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  promise: Promise.resolve({}),
  text: "abc",
  "empty text": "",
  number: 5,
  NaN: Number.NaN,
  list: [1],
  "empty list": [],
  function: () => 1,
  class: Other,
  instance: new Other(),
  Map: new Map([["a", 1]]),
  Set: new Set([1]),
  Date: new Date(0),
  Error: new Error("a"),
  URL: new URL("file:///a"),
  bytes: new Uint8Array(3),
  bool: true,
  bigint: 5n,
  symbol: Symbol("a"),
  options: { wibble: 1 },
  "no prototype": Object.assign(Object.create(null), { wibble: 1 }),
  LoraConfig: new api.LoraConfig(),
};

const rows = api.Dataset.from_list([...ROWS, ...ROWS, ...ROWS]);
let { model, tokenizer, splits, generate } = {} as Awaited<ReturnType<typeof makeObjects>>;
beforeAll(async () => {
  ({ model, tokenizer, splits, generate } = await makeObjects());
});

const trainer = (option: string) => (value: never) =>
  new api.DPOTrainer({ model: MODEL, train_dataset: ROWS, [option]: value } as never);
const call = (option: string) => (value: never) => model.generate("a", { max_new_tokens: 1, [option]: value } as never);
const SHORT = { max_new_tokens: 1 };
const PREFERENCE = { file: join(tmpdir(), "every-kind", "pairs.jsonl"), prompt: "Q", chosen: "A", rejected: "B" };

/** Arguments, and the kinds that are accepted: all others must be refused. */
const ARGUMENTS: [name: string, use: (value: never) => unknown, accepted: readonly string[]][] = [
  ["new DPOConfig", (value) => new api.DPOConfig(value), ["undefined"]],
  ["new LoraConfig", (value) => new api.LoraConfig(value), ["undefined", "LoraConfig"]],
  ["new GenerationConfig", (value) => new api.GenerationConfig(value), ["undefined"]],
  ["new BitsAndBytesConfig", (value) => new api.BitsAndBytesConfig(value), ["undefined"]],
  ["new EarlyStoppingCallback", (value) => new api.EarlyStoppingCallback(value), ["undefined"]],
  ["createLogger", (value) => api.createLogger(value), ["undefined"]],
  ["new Tokenizer", (value) => new api.Tokenizer(value), []],
  ["new Dataset", (value) => new api.Dataset(value), []],
  ["new DPOTrainer", (value) => new api.DPOTrainer(value), []],
  ["args", trainer("args"), ["undefined", "null"]],
  ["train_dataset", trainer("train_dataset"), ["empty list", "Set"]],
  ["eval_dataset", trainer("eval_dataset"), ["undefined", "null", "empty list", "Set"]],
  ["processing_class", trainer("processing_class"), ["undefined", "null"]],
  ["callbacks", trainer("callbacks"), ["undefined", "null", "empty list"]],
  ["compute_metrics", trainer("compute_metrics"), ["undefined", "null", "function"]],
  ["logger", trainer("logger"), ["undefined"]],
  ["max_length", trainer("max_length"), ["undefined", "null", "number"]],
  ["model", trainer("model"), ["text"]],
  ["ref_model", trainer("ref_model"), ["undefined", "null", "text"]],
  ["from_pretrained", (value) => api.AutoModelForCausalLM.from_pretrained(MODEL, value), ["undefined"]],
  ["AutoTokenizer.from_pretrained", (value) => api.AutoTokenizer.from_pretrained(MODEL, value), ["undefined"]],
  ["loadDataset", (value) => api.loadDataset(DATA, value), ["undefined"]],
  ["data_files", (value) => api.loadDataset("json", { data_files: value }), []],
  ["generate's options", (value) => model.generate("a", value), ["undefined"]],
  ["max_new_tokens", call("max_new_tokens"), ["undefined", "null", "number"]],
  ["signal", call("signal"), ["undefined"]],
  ["onText", call("onText"), ["undefined", "function"]],
  ["generation_config", call("generation_config"), ["undefined", "null"]],
  ["input_ids", (value) => model.generate({ input_ids: value, ...SHORT } as never), ["list", "bytes"]],
  [
    "pipeline's tokenizer",
    (value) => api.pipeline("text-generation", { model, tokenizer: value }),
    ["undefined", "null"],
  ],
  ["pipeline's signal", (value) => api.pipeline("text-generation", { model, signal: value }), ["undefined"]],
  ["a call of a pipeline", (value) => generate("a", value), ["undefined"]],
  ["tokenizer", (value) => tokenizer(value), ["text", "empty text", "empty list"]],
  ["tokenizer's options", (value) => tokenizer("a", value), ["undefined"]],
  ["decode", (value) => tokenizer.decode(value), ["number", "list", "empty list", "bytes"]],
  ["decode's options", (value) => tokenizer.decode([1], value), ["undefined"]],
  ["parseRun", (value) => api.parseRun(value), []],
  ["runFrom", (value) => api.runFrom(value), []],
  ["train", (value) => api.train(value), []],
  ["plotRunFolders", (value) => api.plotRunFolders(value), []],
  ["plotRuns", (value) => api.plotRuns(value), []],
  ["plotTerminal", (value) => api.plotTerminal(value), []],
  ["readTrainerState", (value) => api.readTrainerState(value), []],
  ["merge_and_unload", (value) => api.merge_and_unload(value), []],
  ["Dataset.from_list", (value) => api.Dataset.from_list(value), ["empty list"]],
  ["Dataset.concatenate", (value) => api.Dataset.concatenate(value, "a"), ["empty list"]],
  ["map", (value) => rows.map(value), []],
  ["map's options", (value) => rows.map((row) => row, value), ["undefined"]],
  [
    "a mapped row",
    (value) => rows.map(() => value as never),
    ["undefined", "null", "promise", "instance", "options", "no prototype", "LoraConfig"],
  ],
  ["filter", (value) => rows.filter(value), ["function"]],
  ["select", (value) => rows.select(value), ["empty list", "list", "Set", "bytes"]],
  ["a selected row", (value) => rows.select([value]), []],
  ["shuffle", (value) => rows.shuffle(value), []],
  ["a seed", (value) => rows.shuffle({ seed: value }), ["number"]],
  ["train_test_split", (value) => rows.train_test_split(value), []],
  ["test_size", (value) => rows.train_test_split({ test_size: value, seed: 1 }), ["undefined", "null"]],
  ["take", (value) => rows.take(value), []],
  ["skip", (value) => rows.skip(value), ["number"]],
  ["at", (value) => rows.at(value), []],
  ["sort's options", (value) => rows.sort("prompt", value), ["undefined"]],
  ["unique", (value) => rows.unique(value), []],
  ["rename_column", (value) => rows.rename_column(value, "a"), []],
  ["rename_column's new name", (value) => rows.rename_column("prompt", value), ["text"]],
  ["rename_columns", (value) => rows.rename_columns(value), []],
  ["remove_columns", (value) => rows.remove_columns(value), ["empty list"]],
  ["add_column", (value) => rows.add_column("a", value), []],
  ["split", (value) => splits.split(value), []],
  ["recordPreference", (value) => api.recordPreference(value), []],
  ["recordPreference's file", (value) => api.recordPreference({ file: value, undo: "1" }), []],
  [
    "recordPreference's prompt",
    (value) => api.recordPreference({ ...PREFERENCE, prompt: value }),
    ["text", "empty text"],
  ],
  [
    "recordPreference's chosen",
    (value) => api.recordPreference({ ...PREFERENCE, chosen: value }),
    ["text", "empty text"],
  ],
  ["winRate", (value) => api.winRate(value, { of: "a" }), []],
  ["winRate's options", (value) => api.winRate("a.jsonl", value), []],
  ["preferenceStatistics", (value) => api.preferenceStatistics(value), []],
];

/** What a call does with a value: refuses it, accepts it, or fails in another way. */
async function outcomeOf(use: (value: never) => unknown, value: unknown): Promise<string> {
  try {
    const result = await use(value as never);
    await (result as { dispose?: () => Promise<void> } | undefined)?.dispose?.();
    return "accepted";
  } catch (error) {
    return error instanceof PrefineError ? "refused" : inspect(error).slice(0, 200);
  }
}

describe("every kind of value", () => {
  it.each(ARGUMENTS)("given to %s is refused by a PrefineError, or meant", async (_, use, accepted) => {
    const outcomes: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const [kind, value] of Object.entries(KINDS)) {
      outcomes[kind] = await outcomeOf(use, value);
      expected[kind] = accepted.includes(kind) ? "accepted" : "refused";
    }
    expect(outcomes).toEqual(expected);
  });
});
