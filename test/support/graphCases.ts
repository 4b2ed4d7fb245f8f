/**
 * @file Every kind of graph that prefine opens, for every family: opened by the same functions as in a run, on a device
 * that records them (recordingDevice.ts). A case is a model in some precision, an adapter or none, and a task.
 */
import { languageModelGraph } from "../../scripts/demo/languageModel.ts";
import type { LossName } from "../../src/config/options/lossTypes.ts";
import { createLearner } from "../../src/dpo/engineLearner.ts";
import type { LearnerOptions } from "../../src/dpo/learnerOptions.ts";
import { losses } from "../../src/dpo/losses/losses.ts";
import type { Objective } from "../../src/dpo/losses/objective.ts";
import type { Device } from "../../src/engine/runtime/device.ts";
import { mergeWeights } from "../../src/exporting/mergeWeights.ts";
import { createDecoder } from "../../src/generation/createDecoders.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { keepNarrow } from "../../src/models/precision/keepNarrow.ts";
import { quantizedUnder } from "../../src/models/precision/quantize.ts";
import { adapterConfig } from "./graphAdapters.ts";
import { FAMILIES, modelOf, quantized, VARIANTS } from "./graphModels.ts";
import { objective } from "./objective.ts";
import { ADAMW } from "./randomGpt2.ts";

export interface GraphCase {
  /** The model. */
  model: string;
  /** Unique for the model. */
  name: string;
  /** Opens the graphs. */
  run(device: Device): Promise<unknown>;
}

type Config = Record<string, unknown>;
type Precision = (config: Config) => LoadedModel;

const float32: Precision = (config) => modelOf(config);
const PRECISIONS: Record<string, Precision> = {
  "4 bits, nested": (config) =>
    quantized(modelOf(config, "BF16"), { load_in_4bit: true, bnb_4bit_use_double_quant: true }),
  "4 bits, fp4, some layers": (config) => {
    const skipped = { llm_int8_skip_modules: ["c_fc", "o_proj"] };
    return quantized(modelOf(config), { load_in_4bit: true, bnb_4bit_quant_type: "fp4", ...skipped });
  },
  "8 bits": (config) => quantized(modelOf(config, "F16"), { load_in_8bit: true }),
  float16: (config) => modelOf(config, "F16"),
  bfloat16: (config) => modelOf(config, "BF16"),
};

interface Training extends Partial<Omit<LearnerOptions, "objective" | "model" | "adapter">> {
  loss?: LossName;
  objective?: Partial<Objective>;
  /** Null: all weights. */
  adapter: string | null;
  precision?: string;
  /** The reference is another model: one with an adapter. */
  otherReference?: boolean;
}

const TRAININGS: Record<string, Training> = {
  "LoRA, plain": { adapter: "LoRA" },
  "LoRA, checkpointing": { adapter: "LoRA", gradientCheckpointing: true },
  "LoRA, dropout, noise": { adapter: "LoRA", dropout: true, noiseAlpha: 5 },
  "LoRA, dropout, noise, checkpointing": {
    adapter: "LoRA",
    dropout: true,
    noiseAlpha: 5,
    gradientCheckpointing: true,
  },
  "LoRA on some layers": { adapter: "LoRA on some" },
  "LoRA, use_weighting, ld_alpha": { adapter: "LoRA", objective: { useWeighting: true, ldAlpha: 0.5 } },
  "LoRA, two passes": { adapter: "LoRA", loss: "aot" },
  "LoRA, two passes, dropout, noise, checkpointing, use_weighting, ld_alpha": {
    adapter: "LoRA",
    loss: "aot_unpaired",
    dropout: true,
    noiseAlpha: 5,
    gradientCheckpointing: true,
    objective: { useWeighting: true, ldAlpha: 0.25 },
  },
  "LoRA, another reference with an adapter": { adapter: "LoRA", otherReference: true },
  "all weights": { adapter: null },
  "all weights, checkpointing, dropout": { adapter: null, gradientCheckpointing: true, dropout: true },
  "all weights, two passes": { adapter: null, loss: "aot" },
  "all weights, noise, use_weighting": { adapter: null, noiseAlpha: 5, objective: { useWeighting: true } },
  DoRA: { adapter: "DoRA" },
  "DoRA, checkpointing, dropout": { adapter: "DoRA", gradientCheckpointing: true, dropout: true },
  "DoRA, drawn without a neutral start": { adapter: "drawn without a neutral start, DoRA" },
  "biases and a norm, checkpointing": { adapter: "biases and a norm", gradientCheckpointing: true },
  "the embedding": { adapter: "the embedding" },
  "the embedding, DoRA, dropout": { adapter: "the embedding, DoRA", dropout: true },
  "embedding and unembedding in full": { adapter: "embedding and unembedding in full" },
  "unembedding in full, checkpointing": { adapter: "unembedding in full", gradientCheckpointing: true },
  "tokens, two passes": { adapter: "tokens", loss: "aot" },
  "tokens, others of the head": { adapter: "tokens, others of the head" },
  "LoRA, 4 bits": { adapter: "LoRA", precision: "4 bits, nested" },
  "DoRA, 4 bits, checkpointing, dropout": {
    adapter: "DoRA",
    precision: "4 bits, nested",
    gradientCheckpointing: true,
    dropout: true,
  },
  "LoRA, 4 bits in some layers, two passes": { adapter: "LoRA", precision: "4 bits, fp4, some layers", loss: "aot" },
  "LoRA, 8 bits": { adapter: "LoRA", precision: "8 bits" },
  "DoRA, 8 bits, checkpointing": { adapter: "DoRA", precision: "8 bits", gradientCheckpointing: true },
  "LoRA, float16": { adapter: "LoRA", precision: "float16" },
  "tokens, others of the head, bfloat16, checkpointing": {
    adapter: "tokens, others of the head",
    precision: "bfloat16",
    gradientCheckpointing: true,
  },
  "the embedding, DoRA, bfloat16": { adapter: "the embedding, DoRA", precision: "bfloat16" },
  "PiSSA, float16": { adapter: "PiSSA", precision: "float16" },
};

/** Cases for each relative of Llama; they differ in the description of their family (DecoderFamily). */
const FOR_MEMBERS = [
  "LoRA, plain",
  "LoRA, dropout, noise, checkpointing",
  "all weights",
  "all weights, checkpointing, dropout",
  "LoRA, two passes, dropout, noise, checkpointing, use_weighting, ld_alpha",
  "LoRA, 4 bits",
  "DoRA, 4 bits, checkpointing, dropout",
  "DoRA, 8 bits, checkpointing",
  "the embedding, DoRA, dropout",
  "tokens, others of the head, bfloat16, checkpointing",
  "embedding and unembedding in full",
  "tokens, others of the head",
];
const FOR_LLAMA = [
  ...FOR_MEMBERS,
  "LoRA, dropout, noise",
  "LoRA, another reference with an adapter",
  "all weights, two passes",
  "DoRA, drawn without a neutral start",
  "biases and a norm, checkpointing",
  "tokens, two passes",
  "unembedding in full, checkpointing",
  "LoRA, 4 bits in some layers, two passes",
  "LoRA, 8 bits",
  "the embedding, DoRA, bfloat16",
  "PiSSA, float16",
];
const TRAININGS_OF: Record<string, readonly string[]> = { gpt2: Object.keys(TRAININGS), llama: FOR_LLAMA };
/** Cases for variants of a family. */
const FOR_VARIANTS = [
  "LoRA, dropout, noise, checkpointing",
  "all weights",
  "tokens, others of the head",
  "DoRA, 4 bits, checkpointing, dropout",
  "LoRA, float16",
];

const OF_LOSSES: Record<string, Training> = {
  ...Object.fromEntries(
    (Object.keys(losses) as LossName[]).map((loss) => {
      return [`loss ${loss}`, { adapter: "LoRA on some", loss, objective: { labelSmoothing: 0.125 } }];
    }),
  ),
  ...Object.fromEntries(
    (["forward_kl", "js_divergence", "alpha_divergence"] as const).map((type) => {
      return [type, { adapter: "LoRA on some", objective: { divergence: { type, alpha: 0.75 } } }];
    }),
  ),
  "two losses, weighted": {
    adapter: "LoRA on some",
    objective: {
      ...weighted([
        ["sigmoid", 0.75],
        ["sft", 1],
        ["bco_pair", 0.25],
      ]),
      useWeighting: true,
    },
  },
};

function weighted(shares: [LossName, number][]): Pick<Objective, "losses"> {
  return { losses: shares.map(([type, weight]) => ({ type, weight })) };
}

/** The model in the precision of training, and its adapter. */
function prepared(config: Config, { precision, adapter: kind }: Pick<Training, "precision" | "adapter">) {
  const model = (precision === undefined ? float32 : PRECISIONS[precision])(config);
  if (kind === null) return { model, adapter: null };
  const adapter = loraAdapter(model.architecture, adapterConfig(config, kind));
  const missing = adapter.warnings.find((line) => /no layer is called|has no module/.test(line));
  if (missing)
    throw new Error(`${config.model_type}, ${kind}: ${missing} (modulesOf in test/support/graphAdapters.ts)`);
  return { model: keepNarrow(quantizedUnder(model, adapter), adapter), adapter };
}

function trainingCase(where: string, name: string, config: Config): GraphCase {
  const {
    loss,
    objective: changes,
    precision,
    adapter,
    otherReference,
    ...options
  } = TRAININGS[name] ?? OF_LOSSES[name];
  const reference = () => {
    const { model, adapter: shape } = prepared(config, { adapter: "the embedding, DoRA" });
    return { referenceModel: model, ...(shape ? { referenceAdapter: { adapter: shape, weights: new Map() } } : {}) };
  };
  const run = (device: Device) => {
    const learned: LearnerOptions = {
      ...prepared(config, { precision, adapter }),
      objective: objective(loss, changes),
      dropout: false,
      seed: 3,
      optimizer: { settings: ADAMW, weightDecay: () => 0 },
      ...(otherReference ? reference() : {}),
      ...options,
    };
    return createLearner(learned, device);
  };
  return { model: where, name: `training: ${name}`, run };
}

/** The decoder's graph, and the one that picks rows into a cache of another size. */
function generationCase(where: string, config: Config, using: Pick<Training, "precision" | "adapter">): GraphCase {
  const name = `generation: ${using.adapter ?? "no adapter"}, ${using.precision ?? "float32"}`;
  const run = async (device: Device) => {
    const adapter = using.adapter === null ? null : adapterConfig(config, using.adapter);
    // with little memory the decoder keeps 16 bits; here it does so regardless of the memory
    const model = keepNarrow((using.precision === undefined ? float32 : PRECISIONS[using.precision])(config));
    const lora = adapter && loraAdapter(model.architecture, adapter);
    const decoder = await createDecoder({ ...model, adapter: lora && { lora, weights: new Map() } }, device);
    await decoder.step(new Int32Array(2), new Int32Array(2), { batch: 1, length: 2 });
    await decoder.step(new Int32Array(2), new Int32Array(2), { batch: 2, length: 1, rows: new Int32Array(2) });
  };
  return { model: where, name, run };
}

function mergingCase(
  where: string,
  config: Config,
  using: Pick<Training, "precision"> & { adapter: string },
): GraphCase {
  const run = async (device: Device) => {
    const model = (using.precision === undefined ? float32 : PRECISIONS[using.precision])(config);
    const adapter = loraAdapter(model.architecture, adapterConfig(config, using.adapter));
    await mergeWeights(device, quantizedUnder(model, adapter), adapter);
  };
  return { model: where, name: `merging: ${using.adapter}, ${using.precision ?? "float32"}`, run };
}

const GENERATING: Pick<Training, "precision" | "adapter">[] = [
  ...[null, "LoRA", "DoRA", "the embedding, DoRA", "unembedding in full"].map((adapter) => ({ adapter })),
  ...Object.keys(PRECISIONS).map((precision) => ({ adapter: null, precision })),
  { adapter: "DoRA", precision: "8 bits" },
  { adapter: "tokens, others of the head", precision: "bfloat16" },
  { adapter: "LoRA", precision: "4 bits, nested" },
];
const MERGING = [
  ...["LoRA on some", "DoRA", "the embedding, DoRA", "tokens, others of the head"].map((adapter) => ({ adapter })),
  { adapter: "DoRA", precision: "4 bits, nested" },
  { adapter: "LoRA on some", precision: "8 bits" },
];

/** The graph with which scripts/demo trains the demo's model. */
function pretrainingCase(where: string, config: Config): GraphCase {
  const run = (device: Device) =>
    device.open(languageModelGraph(modelOf(config).architecture, { rows: 4, length: 24 }), "language-model");
  return { model: where, name: "pretraining", run };
}

export function graphCases(): GraphCase[] {
  const ofFamilies = Object.entries(FAMILIES).flatMap(([where, config]) => [
    ...(TRAININGS_OF[where] ?? FOR_MEMBERS).map((name) => trainingCase(where, name, config)),
    ...GENERATING.map((using) => generationCase(where, config, using)),
    ...(where in TRAININGS_OF ? MERGING : []).map((using) => mergingCase(where, config, using)),
  ]);
  const ofVariants = Object.entries(VARIANTS).flatMap(([where, config]) => [
    ...FOR_VARIANTS.map((name) => trainingCase(where, name, config)),
    generationCase(where, config, { adapter: null }),
    generationCase(where, config, { adapter: "LoRA", precision: "4 bits, nested" }),
  ]);
  const ofLosses = Object.keys(OF_LOSSES).map((name) => trainingCase("gpt2", name, FAMILIES.gpt2));
  return [...ofFamilies, ...ofVariants, ...ofLosses, pretrainingCase("gpt2", FAMILIES.gpt2)];
}
