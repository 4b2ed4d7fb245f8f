/** @file Targets of the fuzzer: every type of input file, with the function that reads it. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { saveAdapter } from "../../src/checkpoints/adapter.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../../src/checkpoints/checkpoint.ts";
import { newestValidCheckpoint } from "../../src/checkpoints/runDirectory.ts";
import type { NamedTensor } from "../../src/checkpoints/tensors.ts";
import { newTrainerState } from "../../src/checkpoints/trainerState.ts";
import { parseRun } from "../../src/config/run.ts";
import { loadDataset } from "../../src/data/datasets/loadDataset.ts";
import { tokenizePairs } from "../../src/data/preferences/tokenizePairs.ts";
import { AutoTokenizer } from "../../src/data/tokenizers/loadTokenizer.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { generationSettings } from "../../src/generation/settings.ts";
import { plotRunFolders } from "../../src/plots/plotRunFolders.ts";
import { AutoModelForCausalLM } from "../../src/pretrained/autoModel.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { newLoopState, readLoopState } from "../../src/training/loopState.ts";
import { byteTokenizer } from "../../test/support/byteTokenizer.ts";
import { toFormat } from "../../test/support/damage.ts";
import { furnish, jsonLines, PAIRS } from "../../test/support/furnish.ts";
import { randomGpt2 } from "../../test/support/randomGpt2.ts";
import { DATA_FILES, furnishDataFiles } from "./dataFiles.ts";
import { LISTING, listing, readListing } from "./hubTarget.ts";
import type { Format } from "./mutateFormats.ts";
import { furnishShapes, readShapes } from "./shapes.ts";
import { furnishCards, furnishGguf, readSmallGguf } from "./smallFiles.ts";
import { furnishTemplate, readTemplate } from "./templates.ts";

export interface Target {
  name: string;
  /** The file to damage, in the prepared folder. */
  file: string;
  format: Format;
  /** Reads the file and its dependents; must finish or throw a PrefineError. Checks invariants of the result. */
  read(): Promise<void>;
  /** A command that also reads it, for a sample of the mutants. */
  command: string[];
}

const fixtures = fileURLToPath(new URL("../../test/fixtures", import.meta.url));
const TEXTS = ["", "What is rain?", "  bread\n\t日本 🙂 e\u0301", "<|endoftext|>x", "\ud800", "it's 12 o'clock"];

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`a wrong answer: ${what}`);
}

async function readModel(folder: string): Promise<void> {
  const { weights, architecture } = await loadModel(folder);
  for (const [name, shape] of architecture.parameters) {
    const range = weights.get(name);
    const widths: Record<string, number> = { F32: 4, F16: 2, BF16: 2, F64: 8 };
    const width = widths[range?.as ?? "F32"];
    const size = shape.reduce<number>((product, dim) => product * Number(dim), width);
    demand(range !== undefined && range.end - range.start === size, `${name} has ${range?.start} to ${range?.end}`);
    demand(readFileSync(range!.file).length >= range!.end, `${name} ends beyond its file`);
  }
}

async function readTokenizer(folder: string): Promise<void> {
  const tokenizer = await AutoTokenizer.from_pretrained(folder);
  for (const text of TEXTS) {
    const ids = tokenizer.encode(text);
    demand(
      ids.every((id) => Number.isSafeInteger(id) && id >= 0),
      `ids ${ids}`,
    );
    demand(typeof tokenizer.decode(ids) === "string", "decode gives no text");
    tokenizer.decode(ids, { skip_special_tokens: true });
    const { shared, continued } = tokenizer.encodeBranches(text, [" yes", " no"]);
    demand([...shared, ...continued[0]].every(Number.isSafeInteger), "branches without ids");
  }
  demand(
    [...tokenizer.files.values()].every((bytes) => bytes.length > 0),
    "an empty file",
  );
  await tokenizePairs(PAIRS, tokenizer, { max_length: 32 });
}

/** @param isFlat whether its rows are pairs of texts, to tokenize. */
async function readDataset(path: string, isFlat = true): Promise<void> {
  const splits = await loadDataset(path);
  for (const name of splits.splitNames) {
    const dataset = splits.split(name);
    let rows = 0;
    for await (const row of dataset.rows()) {
      demand(typeof row === "object" && row !== null && !Array.isArray(row), `row ${rows} is ${typeof row}`);
      rows++;
    }
    demand(rows === dataset.num_rows, `${rows} rows, ${dataset.num_rows} promised`);
    if (rows > 0) await dataset.at(-1);
    if (isFlat) await tokenizePairs(dataset.rows(), byteTokenizer(), { max_length: 64 });
  }
}

async function readSettings(): Promise<void> {
  const { generationConfig } = await loadModel("model");
  const { settings } = generationSettings({ model: generationConfig });
  demand(Number.isFinite(settings.seed) && settings.eosTokenIds.every(Number.isInteger), "settings without numbers");
}

async function readRun(): Promise<void> {
  const { run } = parseRun({ file: { name: "run.yaml", text: readFileSync("run.yaml", "utf8") } });
  demand(typeof run.args.output_dir === "string" && Number.isFinite(run.args.learning_rate), "a run without settings");
}

async function readAdapter(): Promise<void> {
  const { adapter, loaded } = await AutoModelForCausalLM.from_pretrained("adapter");
  demand((adapter?.weights.size ?? 0) > 0 && loaded.weights.size > 0, "an adapter without weights");
}

const plotRun = async () => void (await plotRunFolders(["dpo"]));

async function readRunFolder(): Promise<void> {
  const newest = await newestValidCheckpoint(folderAt("dpo")); // skips a damaged one
  const { weights, loop } = await readCheckpoint(folderAt("dpo/checkpoint-1"), "adapter"); // reports its defect
  readLoopState(loop, "dpo/checkpoint-1");
  demand(newest !== undefined && weights.size > 0, "a checkpoint that is read, but not found");
}

const generate = (model: string) => ["generate", model, "--prompt", "What is rain?", "--max_new_tokens", "2"];
const train = ["train", "--config", "run.yaml", "--max_steps", "1", "--overwrite_output_dir"];

type File = [name: string, file: string, format: Format, read: () => Promise<void>, command: string[]];
const FILES: File[] = [
  ["weights", "model/model.safetensors", "safetensors", () => readModel("model"), generate("model")],
  ["shard", "shards/model-00001-of-00001.safetensors", "safetensors", () => readModel("shards"), generate("shards")],
  ["weights-index", "shards/model.safetensors.index.json", "json", () => readModel("shards"), generate("shards")],
  ["config", "model/config.json", "json", () => readModel("model"), [...train]],
  ["generation-config", "model/generation_config.json", "json", readSettings, generate("model")],
  ["tokenizer", "model/tokenizer.json", "json", () => readTokenizer("model"), [...train]],
  ["tokenizer-config", "model/tokenizer_config.json", "json", () => readTokenizer("model"), generate("model")],
  ["tokenizer-other", "other/tokenizer.json", "json", () => readTokenizer("other"), generate("other")],
  ["vocab", "gpt2/vocab.json", "json", () => readTokenizer("gpt2"), generate("gpt2")],
  ["merges", "gpt2/merges.txt", "text", () => readTokenizer("gpt2"), generate("gpt2")],
  ["added-tokens", "gpt2/added_tokens.json", "json", () => readTokenizer("gpt2"), generate("gpt2")],
  ["special-tokens", "gpt2/special_tokens_map.json", "json", () => readTokenizer("gpt2"), generate("gpt2")],
  ["adapter", "adapter/adapter_model.safetensors", "safetensors", readAdapter, generate("adapter")],
  ["adapter-config", "adapter/adapter_config.json", "json", readAdapter, generate("adapter")],
  ["template", "chat/chat_template.jinja", "jinja", readTemplate, generate("chat")],
  ["parquet", "pairs.parquet", "parquet", () => readDataset("pairs.parquet"), ["data", "pairs.parquet"]],
  [
    "parquet-nested",
    "nested.parquet",
    "parquet",
    () => readDataset("nested.parquet", false),
    ["data", "nested.parquet"],
  ],
  ["jsonl", "train.jsonl", "jsonLines", () => readDataset("train.jsonl"), [...train]],
  ["gzip", "rows.jsonl.gz", "text", () => readDataset("rows.jsonl.gz"), ["data", "rows.jsonl.gz"]],
  ...DATA_FILES.map(([name, file]): File => [name, file, "text", () => readDataset(file, false), ["data", file]]),
  ["gguf", "small.gguf", "text", readSmallGguf, generate("small.gguf")],
  ["hub", LISTING, "json", readListing, ["data", "org/name"]],
  ["training-args", "dpo/training_args.json", "json", plotRun, ["plot", "dpo"]],
  ["json", "pairs.json", "json", () => readDataset("pairs.json"), ["data", "pairs.json", "--full"]],
  ["shapes", "shapes.jsonl", "jsonLines", readShapes, ["data", "shapes.jsonl"]],
  ["card", "cards/README.md", "yaml", () => readDataset("cards"), ["data", "cards"]],
  ["run-file", "run.yaml", "yaml", readRun, [...train]],
  ["trainer-state", "dpo/trainer_state.json", "json", plotRun, ["plot", "dpo"]],
  ["checkpoint-state", "dpo/checkpoint-1/trainer_state.json", "json", readRunFolder, ["plot", "dpo/checkpoint-1"]],
  [
    "resume-state",
    "dpo/checkpoint-1/prefine_state.json",
    "json",
    readRunFolder,
    [...train.slice(0, -1), "--resume_from_checkpoint"],
  ],
  [
    "optimizer",
    "dpo/checkpoint-1/optimizer.safetensors",
    "safetensors",
    readRunFolder,
    ["compare", "dpo", "--prompt", "x"],
  ],
];

export const TARGETS: Target[] = FILES.map(([name, file, format, read, command]) => ({
  name,
  file,
  format,
  read,
  command,
}));

/** Writes all seed files into the working directory. */
export async function furnishTargets(): Promise<void> {
  await furnish(".");
  writeFileSync(
    "model/generation_config.json",
    JSON.stringify({ eos_token_id: 256, do_sample: true, top_k: 5, temperature: 0.7, _from_model_config: true }),
  );
  writeFileSync("pairs.json", JSON.stringify(PAIRS, null, 1));
  const columns = (["prompt", "chosen", "rejected"] as const).map((name) => ({
    name,
    data: PAIRS.map((row) => row[name]),
  }));
  writeFileSync("pairs.parquet", new Uint8Array(parquetWriteBuffer({ columnData: columns })));
  cpSync(join(fixtures, "preferences.parquet"), "nested.parquet");
  writeFileSync("rows.jsonl.gz", gzipSync(jsonLines(PAIRS)));
  mkdirSync("org");
  writeFileSync(LISTING, JSON.stringify(listing()));
  furnishGguf();
  furnishDataFiles();
  furnishCards();
  furnishShapes();
  await furnishModels();
  await furnishAdapter();
  await furnishRun();
}

async function furnishModels(): Promise<void> {
  cpSync("model", "shards", { recursive: true });
  cpSync("shards/model.safetensors", "shards/model-00001-of-00001.safetensors");
  rmSync("shards/model.safetensors");
  const shard = "model-00001-of-00001.safetensors";
  const map = { weight_map: { "transformer.wte.weight": shard, "transformer.wpe.weight": shard } };
  writeFileSync("shards/model.safetensors.index.json", JSON.stringify({ metadata: { total_size: 1 }, ...map }));
  furnishTemplate("chat");
  cpSync("model", "other", { recursive: true });
  const json = JSON.parse(readFileSync("other/tokenizer.json", "utf8"));
  writeFileSync("other/tokenizer.json", JSON.stringify({ ...json, normalizer: { type: "NFC" } }));
  mkdirSync("gpt2");
  const gpt2 = { vocab_size: 422, n_embd: 16, n_head: 2 };
  await randomGpt2("gpt2", gpt2);
  for (const name of ["vocab.json", "merges.txt"]) cpSync(join(fixtures, "tokenizer", name), join("gpt2", name));
  writeFileSync("gpt2/added_tokens.json", JSON.stringify({ "<a>": 420, "<b>": 421 }));
  const end = { content: "<|endoftext|>", lstrip: false, normalized: true };
  writeFileSync("gpt2/special_tokens_map.json", JSON.stringify({ bos_token: end, eos_token: end, unk_token: "<a>" }));
  writeFileSync("gpt2/tokenizer_config.json", JSON.stringify({ model_max_length: 64, add_bos_token: true }));
}

function adapterTensors(): Map<string, NamedTensor> {
  return new Map(
    [0, 1].flatMap((layer): [string, NamedTensor][] => {
      const name = `base_model.model.transformer.h.${layer}.attn.c_attn`;
      return [
        [`${name}.lora_A.weight`, { shape: [2, 16], data: new Float32Array(32).fill(0.1) }],
        [`${name}.lora_B.weight`, { shape: [48, 2], data: new Float32Array(96).fill(0.1) }],
      ];
    }),
  );
}

const adapterConfig = () => ({
  r: 2,
  lora_alpha: 4,
  lora_dropout: 0,
  target_modules: ["c_attn"],
  fan_in_fan_out: true,
  base_model_name_or_path: "model",
  task_type: "CAUSAL_LM",
  revision: null,
});

async function furnishAdapter(): Promise<void> {
  await saveAdapter(folderAt("adapter"), { config: adapterConfig(), weights: adapterTensors() });
}

/** A run stopped after its first step. */
async function furnishRun(): Promise<void> {
  const weights = adapterTensors();
  const moments = ["exp_avg", "exp_avg_sq"].flatMap((moment) =>
    [...weights].map(([name, tensor]) => [`${moment}.${name}`, tensor] as const),
  );
  const entry = { loss: 0.69, grad_norm: 1, learning_rate: 1e-6, "rewards/margins": 0, epoch: 0.5, step: 1 };
  const evaluation = { eval_loss: 0.69, "eval_rewards/margins": 0.1, epoch: 1, step: 2 };
  const log_history = [entry, evaluation, { ...entry, step: 3 }];
  const state = { ...newTrainerState(), global_step: 1, max_steps: 3, log_history };
  const loop = { ...newLoopState(), progress: { stage: "stepEvaluated", skippedSteps: 0 } };
  const checkpoint: Checkpoint = {
    weights,
    optimizer: new Map(moments),
    optimizerStep: 1,
    state,
    loop,
    fingerprint: { data: { train_dataset: "6 pairs" }, objective: { beta: 0.1 }, schedule: {} },
    referenceLogps: new Map([["train", new Float64Array(12).fill(-40)]]),
  };
  const extra = [...byteTokenizer().files].map(([name, bytes]) => [name, [bytes]] as const);
  await writeCheckpoint(folderAt("dpo/checkpoint-1"), checkpoint, {
    model: { kind: "adapter", config: adapterConfig() },
    extra,
  });
  toFormat(2, "dpo/checkpoint-1"); // without hashes: with them, nothing else would look at a damaged file
  writeFileSync("dpo/trainer_state.json", JSON.stringify(state));
  writeFileSync("dpo/training_args.json", JSON.stringify({ beta: 0.1, loss_type: ["sigmoid"], learning_rate: 1e-6 }));
}
