/** @file Loads what the caller names: base model, adapter and reference, and decides how they are saved. */
import type { SavedAdapter } from "../../checkpoints/adapter.ts";
import { PREFIX } from "../../checkpoints/adapterKeys.ts";
import type { SavedModel } from "../../checkpoints/modelFiles.ts";
import { BitsAndBytesConfig } from "../../config/BitsAndBytesConfig.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { LoraConfig } from "../../config/LoraConfig.ts";
import type { LearnerOptions } from "../../dpo/learnerOptions.ts";
import type { Objective } from "../../dpo/losses/objective.ts";
import { PrefineError } from "../../errors.ts";
import { pushAll } from "../../lists.ts";
import { adapterTensors, type LoraAdapter, loraAdapter } from "../../models/adapters/lora.ts";
import type { LoadedModel } from "../../models/loadedModel.ts";
import { HEAD_MODULE } from "../../models/network.ts";
import { keepNarrow } from "../../models/precision/keepNarrow.ts";
import { alreadyQuantized, quantizedUnder, quantizeModel } from "../../models/precision/quantize.ts";
import { decays } from "../../optim/optimizer.ts";
import { optimizerSettings } from "../../optim/optimizers.ts";
import type { Platform } from "../platform.ts";
import { usesReference } from "../reference/reference.ts";
import { nameOfBase, savedModel } from "./savedModel.ts";

/** A model from `AutoModelForCausalLM.from_pretrained` or `loadModel`, or a hub id or folder. */
export type ModelInput =
  | string
  | LoadedModel
  | { readonly loaded: LoadedModel; readonly adapter?: SavedAdapter | undefined };

const HEAD = `${HEAD_MODULE}.weight`;

export interface TrainedModel {
  base: LoadedModel;
  /** Null: all weights are trained. */
  adapter: LoraAdapter | null;
  /** Adapter that the training starts from; undefined: PEFT's initialization. */
  start: SavedAdapter | undefined;
  referenceModel: LoadedModel | undefined;
  /** An adapter on the reference model. */
  referenceAdapter: SavedAdapter | undefined;
  /** Branch, tag or commit from model_init_kwargs. */
  revision: string | undefined;
  savedAs: SavedModel;
  /** Warnings about the model's files and the adapter's settings, for the user. */
  warnings: readonly string[];
}

interface Named {
  loaded: LoadedModel;
  adapter?: SavedAdapter | undefined;
}

interface Loading {
  revision: string | undefined;
  quantization: BitsAndBytesConfig | null;
  onWarning: (line: string) => void;
  signal: AbortSignal | undefined;
  platform: Platform;
}

async function load(
  input: ModelInput,
  { revision, quantization, onWarning, signal, platform }: Loading,
): Promise<Named> {
  if (typeof input === "string") {
    const loaded = await platform.loadModel(input, { revision, onWarning, signal });
    if (quantization && loaded.quantization) onWarning(alreadyQuantized(loaded, input));
    return { loaded: quantization ? quantizeModel(loaded, quantization) : loaded };
  }
  if (!("loaded" in input)) return { loaded: input };
  const { loaded, adapter: saved } = input;
  return {
    loaded: saved ? quantizedUnder(loaded, loraAdapter(loaded.architecture, saved.config)) : loaded,
    adapter: saved,
  };
}

export interface ModelRequest {
  platform: Platform;
  model: ModelInput;
  ref_model: ModelInput | null;
  peft_config: LoraConfig | null;
  quantization_config?: BitsAndBytesConfig | null;
  args: DPOConfig;
  /** Ends downloads. */
  signal?: AbortSignal | undefined;
}

/**
 * @throws PrefineError("config") when the model has an adapter and there is also a peft_config, when output_dir is the
 *   model's own folder, or when there is a reference model but no loss uses one.
 */
export async function loadModels(request: ModelRequest): Promise<TrainedModel> {
  const { model, ref_model, peft_config, args, platform } = request;
  const { revision: named } = args.model_init_kwargs ?? {};
  const revision = typeof named === "string" ? named : undefined;
  const warnings: string[] = [];
  const onWarning = (line: string) => void warnings.push(line);
  const loading = { quantization: quantizationOf(request), onWarning, signal: request.signal, platform };
  const { loaded, adapter: start } = await load(model, { ...loading, revision });
  checkRequest(request, { loaded, adapter: start });
  const settings = start?.config ?? peft_config;
  const adapter = settings && withSavedBase(loraAdapter(loaded.architecture, settings), start, loaded);
  refuseHeadDropout(adapter, args);
  const base = trainedBase(loaded, adapter);
  const reference = ref_model === null ? undefined : await load(ref_model, { ...loading, revision: undefined });
  pushAll(warnings, adapter?.warnings ?? []);
  const savedAs = savedModel({ base, adapter, settings, revision, nameOfBase: nameOfBase(base, platform.storage) });
  const { loaded: referenceModel, adapter: referenceAdapter } = reference ?? {};
  return { base, adapter, start, referenceModel, referenceAdapter, revision, savedAs, warnings };
}

/** Checks for options that conflict with the loaded model: its adapter, its folder. */
function checkRequest(
  { model, ref_model, peft_config, args, platform }: ModelRequest,
  { loaded, adapter }: Named,
): void {
  if (adapter?.config.init_lora_weights === "mica") {
    const message = "init_lora_weights mica: its lora_B stays frozen in training, which prefine does not support yet";
    throw new PrefineError("not-yet", message, "Start a new adapter, or train this one with PEFT.");
  }
  if (adapter && peft_config) {
    const hint = "Leave peft_config out: the adapter's own settings are used.";
    throw new PrefineError("config", "peft_config: expected none for a model that already has an adapter", hint);
  }
  const { wholePath } = platform.storage;
  if (wholePath(args.output_dir) === wholePath(loaded.directory)) {
    const message = `output_dir ${args.output_dir}: expected a folder other than the model's own`;
    throw new PrefineError("config", message, "Choose another output_dir.");
  }
  if (ref_model !== null && !usesReference(args)) {
    const losses = args.loss_type.join(", ");
    const message = `ref_model: expected none with loss_type ${losses}, which uses no reference model`;
    throw new PrefineError("config", message, "Leave ref_model out.");
  }
  if (ref_model !== null && ref_model === model && typeof model !== "string") {
    const hint = "Leave ref_model out: the reference is then the model before the first step.";
    throw new PrefineError("config", "ref_model: expected an object other than model, found the same", hint);
  }
}

/** Weights of the base model that came with the adapter (resized embeddings) are saved with it again, as PEFT does. */
function withSavedBase(adapter: LoraAdapter, start: SavedAdapter | undefined, { architecture }: LoadedModel) {
  const frozen = new Map(adapter.frozen);
  for (const name of start?.embeddings?.keys() ?? []) {
    const parameter = name === HEAD ? architecture.head : name;
    const module = name.slice(0, name.lastIndexOf("."));
    const hasTokens = adapter.tokens.some(({ from }) => from === name);
    const isInFull = adapter.saved.has(name);
    const wrapped = hasTokens ? ".token_adapter.base_layer" : isInFull ? ".original_module" : "";
    const wrapper = adapter.layers.has(module) ? ".base_layer" : wrapped;
    frozen.set(`${PREFIX}${module}${wrapper}.weight`, parameter);
  }
  return { ...adapter, frozen };
}

/** Training merges the unembedding with its adapter, so there is no input of the adapter alone to drop from. */
function refuseHeadDropout(adapter: LoraAdapter | null, { disable_dropout }: DPOConfig): void {
  if (!adapter?.layers.has(HEAD_MODULE) || disable_dropout || adapter.dropout === 0) return;
  const message = `lora_dropout: ${adapter.dropout} is not built for an adapter on ${HEAD_MODULE}`;
  throw new PrefineError("not-yet", message, "Set disable_dropout: true, as TRL's default, or lora_dropout: 0.");
}

/** @throws PrefineError("config") for training quantized weights without an adapter, which transformers refuses too. */
function trainedBase(loaded: LoadedModel, adapter: LoraAdapter | null): LoadedModel {
  if (adapter || !loaded.architecture.quantized) return quantizedUnder(loaded, adapter);
  const hint = "Train an adapter: pass a peft_config (use_peft: true), or leave the quantization out.";
  throw new PrefineError("config", "model: expected an adapter on quantized weights, which are frozen", hint);
}

/** @throws PrefineError("config") when it is given twice, or with a model that is already loaded, as in TRL. */
function quantizationOf({ model, args, quantization_config }: ModelRequest): BitsAndBytesConfig | null {
  const inArguments = typeof model === "string" ? args.model_init_kwargs?.quantization_config : null;
  if (!quantization_config) return inArguments ? BitsAndBytesConfig(inArguments) : null;
  if (typeof model === "string" && !inArguments) return quantization_config;
  const other = inArguments ? "another in args.model_init_kwargs" : "a model that is already loaded";
  const hint = "Pass it to AutoModelForCausalLM.from_pretrained, or name the model by its id or folder.";
  throw new PrefineError("config", `quantization_config: expected it in one place, found ${other}`, hint);
}

/** The objective of a config. */
export function objectiveOf(args: DPOConfig): Objective {
  return {
    losses: args.loss_type.map((type, i) => ({ type, weight: args.loss_weights?.[i] ?? 1 })),
    beta: args.beta,
    labelSmoothing: args.label_smoothing,
    divergence: { type: args.f_divergence_type, alpha: args.f_alpha_divergence_coef },
    ldAlpha: args.ld_alpha,
    useWeighting: args.use_weighting,
    discopopTau: args.discopop_tau,
    dpopLambda: args.dpop_lambda,
    simpoGamma: args.simpo_gamma,
    cpoAlpha: args.cpo_alpha,
  };
}

/** Options of `createLearner`. */
export function learnerOptions(trained: TrainedModel, args: DPOConfig): LearnerOptions {
  const { base, adapter, start, referenceModel, referenceAdapter: saved } = trained;
  const referenceAdapter =
    referenceModel && saved
      ? { adapter: loraAdapter(referenceModel.architecture, saved.config), weights: saved.weights }
      : undefined;
  // when all weights are trained, the reference may be mixed with them: both are float32
  const frozen = (model: LoadedModel, on: LoraAdapter | null) => (adapter ? keepNarrow(model, on) : model);
  return {
    model: frozen(base, adapter),
    adapter,
    adapterWeights: start?.weights,
    referenceModel: referenceModel && frozen(referenceModel, referenceAdapter?.adapter ?? null),
    referenceAdapter,
    objective: objectiveOf(args),
    optimizer: {
      settings: optimizerSettings(args),
      weightDecay: (name) => (decays(name) ? args.weight_decay : 0),
    },
    dropout: !args.disable_dropout,
    seed: args.seed,
    noiseAlpha: args.neftune_noise_alpha ?? undefined,
  };
}

/**
 * Number of parameters that transformers counts for total_flos: all but the embeddings, the adapter's included; those
 * of an adapter to start from twice, as TRL adds a copy of it for the reference.
 */
export function countParameters({ base, adapter, start, referenceModel }: TrainedModel): number {
  const isEmbedding = (name: string) => /(^|\.)(wte|wpe|embed_tokens|embed_in)\.weight$/.test(name);
  const counted = [...base.architecture.parameters].filter(([name]) => !isEmbedding(name));
  const shapes: (readonly number[])[] = counted.map(([, shape]) => shape);
  const isCopied = start !== undefined && referenceModel === undefined;
  for (const { shape } of adapter ? adapterTensors(adapter) : []) shapes.push(shape, ...(isCopied ? [shape] : []));
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Numbers of trained and of all parameters, those added to the base model included. @param trainable their tensors. */
export function countAll({ base }: TrainedModel, trainable: readonly { name: string; shape: readonly number[] }[]) {
  const { parameters } = base.architecture;
  const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
  const sum = (shapes: readonly (readonly number[])[]) => shapes.reduce((total, shape) => total + size(shape), 0);
  const added = trainable.filter(({ name }) => !parameters.has(name));
  const trained = sum(trainable.map(({ shape }) => shape));
  return { trained, all: sum([...parameters.values()]) + sum(added.map(({ shape }) => shape)) };
}
