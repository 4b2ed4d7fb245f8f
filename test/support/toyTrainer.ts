/** @file A DPOTrainer with the toy learner: everything except the model and the tokenizer is real. */
import type { LogEntry } from "../../src/checkpoints/trainerState.ts";
import { trainingArgsFile } from "../../src/checkpoints/trainingArgs.ts";
import { DPOConfig, type DPOConfigInput, publicArguments } from "../../src/config/DPOConfig.ts";
import type { PackedPair } from "../../src/data/preferences/types.ts";
import { DPOTrainer } from "../../src/dpoTrainer.ts";
import { PrefineError } from "../../src/errors.ts";
import type { Logger } from "../../src/terminal/logging.ts";
import type { CallbackInput } from "../../src/training/callbacks/callbacks.ts";
import { adapterIdentity, describePairs, fingerprintOf } from "../../src/training/fingerprint.ts";
import { type ComputeMetrics, pairsInMemory, type ReferenceCache } from "../../src/training/run.ts";
import { ToyLearner, type ToyOptions } from "./toyLearner.ts";
import { toyPairs } from "./toyPairs.ts";

export interface ToyRun {
  args: DPOConfigInput;
  rows?: number;
  /** 0: no evaluation split. */
  evalRows?: number;
  toy?: ToyOptions;
  /** Another seed, other training pairs. */
  dataSeed?: number;
  /** Changes the training pairs, as an edit of their file does. */
  edit?: ((pairs: PackedPair[]) => PackedPair[]) | undefined;
  /** Several evaluation sets: their names and rows; overrides evalRows. */
  evalSets?: Record<string, number>;
  callbacks?: readonly CallbackInput[];
  compute_metrics?: ComputeMetrics;
  referenceCache?: ReferenceCache;
  /** Writes training_args.json, as a run with a model does. */
  savesArguments?: boolean;
  /** The base model's name; default: toy. */
  base?: string;
  /** tokenizer.json. */
  tokenizer?: string;
  /** The settings of models. */
  models?: Record<string, Record<string, unknown>>;
  /** Hashes of the weights that the run begins with, or "gone": their files can't be read. */
  weights?: Record<string, string> | "gone";
}

/** A logger that records its lines. */
export function keepingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const none = () => {};
  const logger = { start: none, step: none, status: none, metrics: none, end: none, close: none };
  return {
    lines,
    logger: { ...logger, info: (line) => lines.push(line), warn: (line) => lines.push(`warning: ${line}`) },
  };
}

export function toyTrainer({
  args,
  rows = 7,
  evalRows = 3,
  toy = {},
  dataSeed = 1,
  edit = (pairs) => pairs,
  evalSets,
  referenceCache,
  savesArguments = false,
  weights,
  base = "toy",
  tokenizer = "{}\n",
  models,
  ...extra
}: ToyRun): {
  trainer: DPOTrainer;
  learner: ToyLearner;
  lines: string[];
} {
  const config = DPOConfig({ bf16: false, learning_rate: 0.05, ...args });
  const learner = new ToyLearner({ beta: config.beta, weightDecay: config.weight_decay, ...toy });
  const { logger, lines } = keepingLogger();
  const train = edit(toyPairs(rows, dataSeed)).map((pair, index) => ({ ...pair, index }));
  const sets = Object.entries(evalSets ?? (evalRows > 0 ? { "": evalRows } : {}));
  const evals = new Map(sets.map(([name, count], i) => [name ? `eval_${name}` : "eval", toyPairs(count, 2 + i)]));
  const tokens = (pairs: typeof train) =>
    pairs.map((pair) => ({ prompt_ids: Array.from(pair.tokens), chosen_ids: [], rejected_ids: [] }));
  const adapter = {
    r: 2,
    lora_alpha: 2,
    lora_dropout: 0,
    target_modules: ["proj"],
    base_model_name_or_path: base,
    fan_in_fan_out: false,
    task_type: null,
    revision: null,
  };
  const trainer = new DPOTrainer({
    model: "toy",
    args: config,
    train_dataset: [],
    logger,
    ...extra,
    prepared: async (observer) => {
      const sets = new Map<string, string>();
      for (const [prefix, pairs] of evals) sets.set(prefix, await describePairs(tokens(pairs)));
      return {
        parts: {
          args: config,
          learner,
          train: pairsInMemory(train),
          evals: new Map([...evals].map(([prefix, pairs]) => [prefix, pairsInMemory(pairs)])),
          savedAs: { kind: "adapter", config: adapter },
          files: [
            ["tokenizer.json", tokenizer],
            ...(savesArguments ? [trainingArgsFile(publicArguments(config))] : []),
          ],
          weights: weights && (async () => hashesOf(weights)),
          fingerprint: await fingerprintOf({
            args: config,
            maxLength: 8,
            train: await describePairs(tokens(train)),
            evals: sets,
            adapter: adapterIdentity(adapter, null),
            trainable: learner.trainable,
            models,
          }),
          parameters: 121,
          referenceFacts: { description: "the toy from before the first step", tiesAtStart: true },
          referenceCache,
          observer,
        },
        facts: {
          base_model: { name: "toy", isOnHub: false },
          dataset: null,
          isOnGguf: false,
          hasChatTemplate: false,
          adapter,
          versions: { prefine: "0", node: "0", onnxruntime: "0" },
        },
      };
    },
  });
  return { trainer, learner, lines };
}

/** The log without timings. */
export function withoutTimings(log: readonly LogEntry[]): LogEntry[] {
  const isTiming = (name: string) => /runtime|per_second/.test(name);
  return log.map((entry) => Object.fromEntries(Object.entries(entry).filter(([name]) => !isTiming(name))));
}

function hashesOf(weights: Record<string, string> | "gone"): Record<string, string> {
  if (weights === "gone") throw new PrefineError("io", "base: gone");
  return weights;
}
