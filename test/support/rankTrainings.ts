/**
 * @file Trainings on several ranks, and the same ones in one process: N ranks of a batch of B are N micro-batches of B
 * of one process (gradient_accumulation_steps). The same pairs, dropout masks and losses belong to each of them, so
 * that loss, gradient norm, rewards, evaluations and weights must be equal but for the rounding of sums.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry } from "../../src/checkpoints/trainerState.ts";
import type { BitsAndBytesConfigInput, DPOConfigInput, LoraConfigInput } from "../../src/index.ts";
import { ADAPTER_KINDS, PISSA_KINDS } from "./adapterKinds.ts";
import { builtPackage } from "./builtPackage.ts";
import { byteTokenizer } from "./byteTokenizer.ts";
import { jsonLines } from "./furnish.ts";
import { randomGpt2 } from "./randomGpt2.ts";
import { finished, type LAUNCHERS, type RankEnd, runCommandOnRanks } from "./startRanks.ts";

export interface RankTraining {
  args?: Omit<DPOConfigInput, "output_dir">;
  peft_config?: LoraConfigInput | null;
  quantization_config?: BitsAndBytesConfigInput;
  /** Passes compute_metrics, which reports the rows that it has seen; of a set that fills no round of the ranks. */
  seesPairs?: boolean;
  /** Of an EarlyStoppingCallback. */
  patience?: number;
  /** One process evaluates batches of a rank's size: the loss of a batch is no mean over its pairs. */
  evaluatesAsRank?: boolean;
}

const LORA = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: ["c_attn", "c_proj"] };
const lora = (more: object): RankTraining => ({ peft_config: { ...LORA, ...more } as LoraConfigInput });
const set = (args: Record<string, unknown>): RankTraining => ({ args: args as DPOConfigInput });
const four = (more: object) => ({ quantization_config: { load_in_4bit: true, ...more } as BitsAndBytesConfigInput });
const named = <T>(kind: string, values: readonly T[], make: (value: T) => RankTraining) =>
  Object.fromEntries(values.map((value) => [`${kind} ${value}`, make(value)]));

/** Rows of the evaluation set of trainings with `seesPairs`. */
export const UNEVEN_ROWS = 7;

/** Stands for a folder of the job. */
const CACHE = "CACHE";

const OPTIMIZERS = ["adamw_torch", "adamw_8bit", "adafactor", "adagrad", "rmsprop", "sgd", "lion_32bit"];
const LOSSES = ["hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "apo_zero", "apo_down"];
const OTHERS = ["discopop", "sigmoid_norm", "cdpo", "dpop", "simpo"];
const SMOOTHED = new Set(["exo_pair", "robust", "cdpo"]);
/** They sort a batch, or have a mean over its tokens; in an evaluation it is that of a rank. */
const BY_BATCH = ["aot", "aot_unpaired", "sft", "orpo", "cpo"];

const KINDS: Record<string, RankTraining> = {
  "an adapter": {},
  "all weights": { peft_config: null },
  "4 bits": four({ bnb_4bit_quant_type: "nf4" }),
  "4 bits, fp4, quantized twice": four({ bnb_4bit_quant_type: "fp4", bnb_4bit_use_double_quant: true }),
  "8 bits": { quantization_config: { load_in_8bit: true } },
  "gradient checkpointing": set({ gradient_checkpointing: true }),
  "gradient checkpointing, all weights": { peft_config: null, ...set({ gradient_checkpointing: true }) },
  "a moving reference": set({ sync_ref_model: true, ref_model_sync_steps: 2 }),
  "a moving reference, all weights": { peft_config: null, ...set({ sync_ref_model: true, ref_model_sync_steps: 2 }) },
  "dropout of the adapter": { ...lora({ lora_dropout: 0.3 }), ...set({ disable_dropout: false }) },
  "dropout of the model": { peft_config: null, ...set({ disable_dropout: false }) },
  ...named("optimizer", OPTIMIZERS, (optim) => ({
    // adafactor scales a tensor's update by its size: the keys' bias, whose gradient is rounding, would move the others
    peft_config: optim === "adafactor" ? LORA : null,
    args: { optim } as DPOConfigInput,
  })),
  ...named("loss", [...LOSSES, ...OTHERS], (loss_type) =>
    set({ loss_type: [loss_type], label_smoothing: SMOOTHED.has(loss_type) ? 0.1 : 0 }),
  ),
  ...named("loss", BY_BATCH, (loss_type) => ({ ...set({ loss_type: [loss_type] }), evaluatesAsRank: true })),
  "several losses": {
    ...set({ loss_type: ["sigmoid", "bco_pair", "sft"], loss_weights: [0.8, 0.2, 1] }),
    evaluatesAsRank: true,
  },
  "weighted pairs": set({ use_weighting: true }),
  "a clipped gradient": set({ max_grad_norm: 0.05 }),
  "label smoothing, another divergence, ld_alpha": set({
    loss_type: ["robust"],
    label_smoothing: 0.1,
    f_divergence_type: "js_divergence",
    ld_alpha: 0.5,
  }),
  NEFTune: { peft_config: null, ...set({ neftune_noise_alpha: 5 }) },
  "precomputed reference": set({ precompute_ref_log_probs: true, precompute_ref_cache: false }),
  "precomputed reference, into a cache": set({ precompute_ref_log_probs: true, precompute_ref_cache: CACHE }),
  "precomputed reference, from the cache": set({ precompute_ref_log_probs: true, precompute_ref_cache: CACHE }),
  compute_metrics: { ...set({ include_for_metrics: ["loss"] }), seesPairs: true },
  "compute_metrics by batch": { ...set({ batch_eval_metrics: true }), seesPairs: true },
  "early stopping": {
    patience: 1,
    args: {
      max_steps: 4,
      learning_rate: 0,
      eval_strategy: "steps",
      eval_steps: 1,
      save_strategy: "steps",
      save_steps: 1,
      load_best_model_at_end: true,
      metric_for_best_model: "rewards/margins",
    },
  },
  "the best model": set({
    metric_for_best_model: "rewards/margins",
    greater_is_better: false, // it rises: the best is the first
    eval_steps: 1,
    save_strategy: "steps",
    save_steps: 1,
    save_total_limit: 1,
    load_best_model_at_end: true,
  }),
  "a rate that follows evaluations": set({
    lr_scheduler_type: "reduce_lr_on_plateau",
    lr_scheduler_kwargs: { patience: 0, threshold: 10 },
    eval_steps: 1,
    max_steps: 4,
  }),
  // not group_by_length: groups are of a rank's pairs per step, as in transformers, which accumulation changes
  "a random order": set({ train_sampling_strategy: "random" }),
};

const adapters = Object.entries({ ...ADAPTER_KINDS, ...PISSA_KINDS }).map(
  ([name, kind]) => [name, lora(kind)] as const,
);

export const RANK_TRAININGS: Readonly<Record<string, RankTraining>> = { ...KINDS, ...Object.fromEntries(adapters) };

/** Rows of different lengths. */
export const rankRows = (count: number, first: number) =>
  Array.from({ length: count }, (_, i) => ({
    prompt: `What is ${"x".repeat((5 * (i + first)) % 7)}${i + first}?`,
    chosen: ` ${i + first}: here it is${"!".repeat((3 * i) % 5)}`,
    rejected: ` no ${"at all ".repeat((i + first) % 3)}`,
  }));

/** A tiny model, with dropout that the trainings turn off, and rows of different lengths. */
export async function furnishRanks(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const dropout = { attn_pdrop: 0.2, resid_pdrop: 0.2, embd_pdrop: 0.2 };
  await randomGpt2(join(folder, "model"), { vocab_size: 257, n_embd: 16, n_head: 2, ...dropout });
  for (const [name, bytes] of byteTokenizer().files) writeFileSync(join(folder, "model", name), bytes);
  writeFileSync(join(folder, "train.jsonl"), jsonLines(rankRows(12, 0)));
  const files = { first: 5, second: 4, third: 7 };
  for (const [name, count] of Object.entries(files))
    writeFileSync(join(folder, `${name}.jsonl`), jsonLines(rankRows(count, count)));
  writeFileSync(join(folder, "eval.jsonl"), jsonLines(rankRows(12, 20)));
  writeFileSync(join(folder, "uneven.jsonl"), jsonLines(rankRows(UNEVEN_ROWS, 20)));
}

export interface Trained {
  name: string;
  log: LogEntry[];
  flos: number;
  lines: string[];
  /** Of compute_metrics: rows of each call. */
  seen: number[][];
  error?: string;
}

const BATCH = 2;

/** @param size of the job; `micro` of them share the pairs of a step. */
function jobOf(folder: string, names: readonly string[], { place, ranks, micro }: JobSizes) {
  const trainings = names.map((name, i) => {
    const { args = {}, evaluatesAsRank, ...training } = RANK_TRAININGS[name];
    const common: DPOConfigInput = {
      output_dir: join(place, `${i}`),
      overwrite_output_dir: true,
      bf16: false,
      max_length: 64,
      max_steps: 3,
      learning_rate: 1e-3,
      train_sampling_strategy: "sequential",
      logging_steps: 1,
      eval_strategy: "steps",
      eval_steps: 2,
      save_strategy: "no",
      gradient_checkpointing: false,
      per_device_train_batch_size: BATCH,
      gradient_accumulation_steps: micro / ranks,
      per_device_eval_batch_size: evaluatesAsRank ? BATCH : (BATCH * micro) / ranks,
    };
    const cached = args.precompute_ref_cache === CACHE ? { precompute_ref_cache: join(place, "cache") } : {};
    return { name, peft_config: LORA, ...training, args: { ...common, ...args, ...cached } };
  });
  return { folder, trainings };
}

interface JobSizes {
  /** Folder of the outputs. */
  place: string;
  ranks: number;
  /** Micro-batches of a step, shared by the ranks. */
  micro: number;
}

/**
 * Runs trainings one after the other in one job; a process alone if `ranks` is 1.
 * @returns the results of each rank.
 */
export async function trainOnRanks(
  folder: string,
  names: readonly string[],
  { by, ...sizes }: JobSizes & { by?: keyof typeof LAUNCHERS },
): Promise<Trained[][]> {
  const { ranks, place } = sizes;
  mkdirSync(place, { recursive: true });
  const job = join(place, "job.json");
  writeFileSync(job, JSON.stringify(jobOf(folder, names, sizes)));
  const program = new URL("rankProgram.mjs", import.meta.url).pathname;
  const words = [program, await builtPackage(), job];
  const end: RankEnd =
    ranks === 1
      ? await finished(process.execPath, words, { cwd: folder, env: { PREFINE_NUM_THREADS: "1" } })
      : await runCommandOnRanks(words, { size: ranks, cwd: folder, by });
  if (end.code !== 0) throw new Error(`${ranks} ranks ended with ${end.code}:\n${end.stderr}`);
  const read = (rank: number) => JSON.parse(readFileSync(`${job}.results-${rank}.json`, "utf8")) as Trained[];
  return Array.from({ length: ranks }, (_, rank) => read(rank));
}
