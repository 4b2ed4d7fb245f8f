/**
 * @file The runs that the thresholds of a verdict are drawn from: settings, and what each run is. That was decided by
 * reading its log after it was made, not by what it was meant to be: some that were to overfit or to collapse did not.
 */
import type { LogEntry } from "../../src/checkpoints/trainerState.ts";
import { DPOConfig, type DPOConfigInput } from "../../src/config/DPOConfig.ts";
import { lossTraits } from "../../src/config/options/lossTypes.ts";
import { knownLosses, type RunFacts } from "../../src/verdict/facts.ts";
import type { VerdictKind } from "../../src/verdict/kinds.ts";

export type ModelName = "everyday-gpt2" | "tiny-gpt2" | "tiny-llama" | "gpt2-shape";

export interface Recipe {
  model: ModelName;
  /** What it is; "unclear": a verdict must not claim anything. */
  kind: VerdictKind;
  /** Rank of LoRA; 0: all weights are trained. */
  r: number;
  args: DPOConfigInput & { learning_rate: number; beta: number; max_steps: number };
  /** Training pairs, from the first row on; default: all. */
  rows?: number;
  /** Held-out pairs, evaluated at the start and five times; default: none. */
  held?: number;
  /** Every other pair has its answers swapped, the held-out ones too: what is learned by heart does not hold there. */
  swapped?: true;
}

export interface RecordedRun extends Recipe {
  log_history: LogEntry[];
  /** The error that ended it. */
  error?: string;
}

/** What a verdict knows of a recorded run besides its log. */
export function factsOf({ args, r, log_history, error }: RecordedRun): RunFacts {
  const { beta, loss_type, learning_rate, optim } = DPOConfig({ output_dir: "run", bf16: false, ...args });
  const losses = knownLosses(loss_type);
  const isFree = losses.every((name) => lossTraits(name).referenceFree);
  return {
    beta,
    loss_type: losses,
    learning_rate,
    optim,
    isAdapter: r > 0,
    reference: isFree ? "none" : "start",
    step: log_history.at(-1)?.step ?? 0,
    max_steps: args.max_steps,
    end: error === undefined ? "finished" : "not finite",
    best_step: null,
  };
}

type Extra = Partial<Omit<Recipe, "args" | "kind">> & { args?: DPOConfigInput };

/** Settings by name; the name says what is varied: model, LoRA or full, learning rate, beta, loss, seed. */
function recipe(kind: VerdictKind, learning_rate: number, beta: number, { args, ...extra }: Extra = {}): Recipe {
  const base = { model: "everyday-gpt2" as const, r: 4, kind };
  return { ...base, ...extra, args: { learning_rate, beta, max_steps: 40, ...args } };
}

const FULL = { r: 0 };
const TINY = { model: "tiny-gpt2" as const };
const LLAMA = { model: "tiny-llama" as const };
/** 16 steps: on two cores each takes seconds. */
const GPT2 = { model: "gpt2-shape" as const, rows: 16 };
const REAL_SIZE = { max_steps: 16, per_device_train_batch_size: 1 };
const MEMORIZED = { rows: 12, held: 8, swapped: true as const };
const FEW = { rows: 12 };

export const RECIPES: Record<string, Recipe> = {
  // learning rates on the demo's model, for the table of the docs
  "lora-1e-6": recipe("did not move", 1e-6, 0.1),
  "lora-1e-5": recipe("did not move", 1e-5, 0.1),
  "lora-1e-4": recipe("did not move", 1e-4, 0.1),
  "lora-1e-3": recipe("learning", 1e-3, 0.1),
  "full-1e-7": recipe("did not move", 1e-7, 0.1, FULL),
  "full-1e-6": recipe("did not move", 1e-6, 0.1, FULL),
  "full-1e-5": recipe("unclear", 1e-5, 0.1, FULL),
  "full-1e-4": recipe("learning", 1e-4, 0.1, FULL),
  // beta
  "lora-5e-4-beta-0.1": recipe("learning", 5e-4, 0.1, { held: 8 }),
  "lora-5e-4-beta-0.5": recipe("learning", 5e-4, 0.5, { held: 8 }),
  "lora-1e-6-beta-0.5": recipe("did not move", 1e-6, 0.5, { args: { seed: 7 } }),
  // more seeds, accumulation, rarer logs
  "lora-5e-4-accumulated": recipe("learning", 5e-4, 0.1, {
    args: { per_device_train_batch_size: 1, gradient_accumulation_steps: 4, logging_steps: 2, seed: 1 },
  }),
  "lora-3e-6-batch-1": recipe("did not move", 3e-6, 0.1, { args: { per_device_train_batch_size: 1, seed: 2 } }),
  // losses
  "lora-5e-4-ipo": recipe("learning", 5e-4, 0.1, { args: { loss_type: ["ipo"] } }),
  "lora-5e-4-hinge": recipe("learning", 5e-4, 0.1, { args: { loss_type: ["hinge"] } }),
  "lora-5e-4-apo_zero": recipe("learning", 5e-4, 0.1, { args: { loss_type: ["apo_zero"] } }),
  "lora-5e-4-sigmoid-sft": recipe("learning", 5e-4, 0.1, {
    args: { loss_type: ["sigmoid", "sft"], loss_weights: [1, 0.2] },
  }),
  "lora-1e-3-simpo": recipe("learning", 1e-3, 2, { held: 8, args: { loss_type: ["simpo"] } }),
  "lora-1e-3-orpo": recipe("learning", 1e-3, 0.1, { held: 8, args: { loss_type: ["orpo"] } }),
  "lora-1e-3-cpo": recipe("learning", 1e-3, 0.1, { held: 8, args: { loss_type: ["cpo"] } }),
  "lora-1e-6-simpo": recipe("did not move", 1e-6, 2, { held: 8, args: { loss_type: ["simpo"] } }),
  "lora-1e-6-orpo": recipe("did not move", 1e-6, 0.1, { held: 8, args: { loss_type: ["orpo"] } }),
  "lora-1e-6-ipo": recipe("did not move", 1e-6, 0.1, { args: { loss_type: ["ipo"] } }),
  "lora-1e-6-hinge": recipe("did not move", 1e-6, 0.1, { args: { loss_type: ["hinge"] } }),
  // the same few pairs again and again, half of them swapped, with others held out
  "half-swapped-lora-2e-3": recipe("learning", 2e-3, 0.1, MEMORIZED),
  "half-swapped-full-1e-4": recipe("learning", 1e-4, 0.1, { ...MEMORIZED, ...FULL }),
  "overfit-lora-5e-3": recipe("overfitting", 5e-3, 0.5, { ...MEMORIZED, args: { seed: 3 } }),
  "saturated-full-5e-4": recipe("saturated", 5e-4, 0.5, { ...MEMORIZED, ...FULL }),
  "half-swapped-lora-ipo": recipe("learning", 5e-3, 0.5, { ...MEMORIZED, args: { loss_type: ["ipo"] } }),
  "overfit-tiny-llama": recipe("overfitting", 3e-3, 0.5, { ...LLAMA, ...FULL, rows: 12, held: 8 }),
  "saturated-tiny-llama-lora": recipe("saturated", 1e-2, 0.5, { ...LLAMA, ...MEMORIZED, args: { seed: 7 } }),
  "overfit-tiny-gpt2": recipe("overfitting", 3e-2, 0.5, { ...TINY, ...MEMORIZED, args: { seed: 8 } }),
  // the same few pairs, and nothing held out to tell overfitting by; or held out and learned as well
  "saturated-lora-2e-3": recipe("saturated", 2e-3, 0.1, { ...FEW, args: { max_steps: 60 } }),
  "saturated-lora-2e-3-beta-0.5": recipe("saturated", 2e-3, 0.5, { ...FEW, args: { max_steps: 60, seed: 5 } }),
  "saturated-full-3e-4": recipe("saturated", 3e-4, 0.3, { ...FULL, ...FEW }),
  "saturated-hinge": recipe("saturated", 2e-3, 0.5, { ...FEW, args: { loss_type: ["hinge"] } }),
  "saturated-tiny-gpt2": recipe("saturated", 3e-2, 0.5, { ...TINY, ...FEW, args: { max_steps: 60 } }),
  "saturated-tiny-gpt2-held-out": recipe("saturated", 3e-2, 0.5, { ...TINY, ...FEW, held: 8 }),
  "saturated-tiny-llama": recipe("saturated", 1e-3, 0.5, { ...LLAMA, ...FULL }),
  // far too large steps
  "collapsed-lora-3e-2": recipe("collapsed", 3e-2, 0.1),
  "collapsed-lora-1e-1": recipe("collapsed", 1e-1, 0.1, { args: { seed: 9 } }),
  "collapsed-full-1e-2": recipe("collapsed", 1e-2, 0.1, FULL),
  "collapsed-full-3e-3": recipe("collapsed", 3e-3, 0.5, { ...FULL, args: { seed: 4 } }),
  "collapsed-lora-5e-1": recipe("collapsed", 5e-1, 0.1, { held: 8, args: { seed: 6 } }),
  "collapsed-simpo": recipe("collapsed", 1e-1, 2, { args: { loss_type: ["simpo"] } }),
  "collapsed-tiny-llama": recipe("collapsed", 1e-1, 0.1, { ...LLAMA, ...FULL }),
  // tiny models with random weights
  "tiny-gpt2-lora-1e-6": recipe("did not move", 1e-6, 0.1, TINY),
  "tiny-gpt2-lora-3e-3": recipe("saturated", 3e-3, 0.5, TINY),
  "tiny-gpt2-lora-3e-4": recipe("learning", 3e-4, 0.5, TINY),
  "tiny-llama-full-1e-7": recipe("did not move", 1e-7, 0.1, { ...LLAMA, ...FULL }),
  "tiny-llama-full-1e-5": recipe("learning", 1e-5, 0.5, { ...LLAMA, ...FULL }),
  // GPT-2's shape with random weights
  "gpt2-lora-1e-6": recipe("did not move", 1e-6, 0.1, { ...GPT2, args: REAL_SIZE }),
  "gpt2-lora-1e-3": recipe("unclear", 1e-3, 0.1, { ...GPT2, args: REAL_SIZE }),
  "gpt2-lora-1e-1": recipe("unclear", 1e-1, 0.1, { ...GPT2, args: REAL_SIZE }),
  "gpt2-lora-3e-4-rows-4": recipe("learning", 3e-4, 0.1, { ...GPT2, rows: 4, args: REAL_SIZE }),
  "gpt2-lora-3e-1-rows-4": recipe("unclear", 3e-1, 0.1, { ...GPT2, rows: 4, args: REAL_SIZE }),
  "gpt2-saturated-held-out": recipe("saturated", 3e-3, 0.5, {
    ...GPT2,
    rows: 3,
    held: 4,
    args: { ...REAL_SIZE, max_steps: 20 },
  }),
  "gpt2-saturated": recipe("saturated", 3e-3, 0.5, { ...GPT2, rows: 3, args: REAL_SIZE }),
};
