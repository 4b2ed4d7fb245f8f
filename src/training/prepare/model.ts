/** @file What the caller named -> what is trained: base model, adapter, reference, and the way they are saved. */
import type { Adapter } from "../../checkpoints/adapter.ts";
import type { AdapterConfig } from "../../checkpoints/adapterConfig.ts";
import type { SavedModel } from "../../checkpoints/modelFiles.ts";
import { BitsAndBytesConfig } from "../../config/BitsAndBytesConfig.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { LoraConfig } from "../../config/LoraConfig.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import type { Storage } from "../../disk/storage.ts";
import type { LearnerOptions } from "../../dpo/learnerOptions.ts";
import { PrefineError } from "../../errors.ts";
import { adapterTensors, type LoraAdapter, loraAdapter } from "../../models/adapters/lora.ts";
import type { LoadedModel } from "../../models/loadedModel.ts";
import type { LinearLayer } from "../../models/network.ts";
import { keepNarrow } from "../../models/precision/keepNarrow.ts";
import { alreadyQuantized, quantizedUnder, quantizeModel } from "../../models/precision/quantize.ts";
import { decays } from "../../optim/optimizer.ts";
import { optimizerSettings } from "../../optim/optimizers.ts";
import { objectiveOf, usesReference } from "../objective.ts";
import type { Platform } from "../platform.ts";

/** A model that `AutoModelForCausalLM.from_pretrained` or `loadModel` gave, or its hub id or folder. */
export type ModelInput =
  | string
  | LoadedModel
  | { readonly loaded: LoadedModel; readonly adapter?: Adapter | undefined };

export interface TrainedModel {
  base: LoadedModel;
  /** Null: all weights are trained. */
  lora: LoraAdapter | null;
  /** Weights that an adapter starts from; absent: PEFT's initialization. */
  start: Adapter | undefined;
  reference: LoadedModel | undefined;
  /** An adapter on the reference model. */
  referenceAdapter: Adapter | undefined;
  /** Branch, tag or commit that model_init_kwargs asks for. */
  revision: string | undefined;
  saved: SavedModel;
  /** What a person should hear about the model's files and the adapter's settings. */
  warnings: readonly string[];
}

interface Named {
  loaded: LoadedModel;
  adapter?: Adapter | undefined;
}

async function load(input: ModelInput, { revision, quantization, onWarning, platform }: Loading): Promise<Named> {
  if (typeof input === "string") {
    const loaded = await platform.loadModel(input, { ...(revision ? { revision } : {}), onWarning });
    if (quantization && loaded.quantization) onWarning(alreadyQuantized(loaded, input));
    return { loaded: quantization ? quantizeModel(loaded, quantization) : loaded };
  }
  if (!("loaded" in input)) return { loaded: input };
  const { loaded, adapter } = input;
  return { loaded: adapter ? quantizedUnder(loaded, adapterOn(loaded, adapter).adapter) : loaded, adapter };
}

interface Loading {
  revision: string | undefined;
  quantization: BitsAndBytesConfig | null;
  onWarning: (line: string) => void;
  platform: Platform;
}

export interface ModelRequest {
  platform: Platform;
  model: ModelInput;
  ref_model: ModelInput | null;
  peft_config: LoraConfig | null;
  quantization_config?: BitsAndBytesConfig | null;
  args: DPOConfig;
}

/**
 * @throws PrefineError("config") when an adapter that is there already meets a peft_config, output_dir is the model's
 *   own folder, or a reference model meets losses without one.
 */
export async function prepareModel(request: ModelRequest): Promise<TrainedModel> {
  const { model, ref_model, peft_config, args, platform } = request;
  const asked = args.model_init_kwargs?.revision;
  const revision = typeof asked === "string" ? asked : undefined;
  const quantization = quantizationOf(request);
  const told: string[] = [];
  const onWarning = (line: string) => void told.push(line);
  const { loaded, adapter: start } = await load(model, { revision, quantization, onWarning, platform });
  if (start && peft_config) {
    const hint = "Leave peft_config out: the adapter's own settings count.";
    throw new PrefineError("config", "peft_config: expected none for a model that has an adapter already", hint);
  }
  const { wholePath } = platform.storage;
  if (wholePath(args.output_dir) === wholePath(loaded.directory)) {
    const found = `output_dir ${args.output_dir}: expected another folder than the model's own`;
    throw new PrefineError("config", found, "Choose another output_dir.");
  }
  if (ref_model !== null && !usesReference(args)) {
    const losses = args.loss_type.join(", ");
    const found = `ref_model: expected none with loss_type ${losses}, which uses no reference model`;
    throw new PrefineError("config", found, "Leave ref_model out.");
  }
  const settings = start?.config ?? peft_config;
  const lora = settings && loraAdapter(loaded.architecture, settings);
  const base = trainedBase(loaded, lora);
  if (ref_model !== null && ref_model === model && typeof model !== "string") {
    const hint = "Leave ref_model out: the reference is then the model as it is at the start.";
    throw new PrefineError("config", "ref_model: expected another object than model, found the same", hint);
  }
  const other =
    ref_model === null ? undefined : await load(ref_model, { revision: undefined, quantization, onWarning, platform });
  const { loaded: reference, adapter: referenceAdapter } = other ?? {};
  const saved = savedModel({ base, lora, settings, revision, nameOfBase: nameOfBase(base, platform.storage) });
  const warnings = [...told, ...(lora?.warnings ?? [])];
  return { base, lora, start, reference, referenceAdapter, revision, saved, warnings };
}

/** @throws PrefineError("config") where quantized weights are to be trained themselves, which transformers refuses. */
function trainedBase(loaded: LoadedModel, lora: LoraAdapter | null): LoadedModel {
  if (lora || !loaded.architecture.quantized) return quantizedUnder(loaded, lora);
  const hint = "Train an adapter: pass a peft_config (use_peft: true), or leave the quantization out.";
  throw new PrefineError("config", "model: expected an adapter on quantized weights, which are frozen", hint);
}

/** @throws PrefineError("config") where it is asked for twice, or for a model that is loaded already, as in TRL. */
function quantizationOf({ model, args, quantization_config }: ModelRequest): BitsAndBytesConfig | null {
  const inArguments = typeof model === "string" ? args.model_init_kwargs?.quantization_config : null;
  if (!quantization_config) return inArguments ? BitsAndBytesConfig(inArguments) : null;
  if (typeof model === "string" && !inArguments) return quantization_config;
  const found = inArguments ? "another in args.model_init_kwargs" : "a model that is loaded already";
  const hint = "Give it to AutoModelForCausalLM.from_pretrained, or name the model by its id or folder.";
  throw new PrefineError("config", `quantization_config: expected it in one place, found ${found}`, hint);
}

interface Saving extends Pick<TrainedModel, "base" | "lora" | "revision"> {
  settings: AdapterConfig | LoraConfig | null;
  nameOfBase: string;
}

function savedModel({ base, lora, settings, revision, nameOfBase }: Saving): SavedModel {
  if (!lora || !settings) return { kind: "full", config: base.config, generationConfig: base.generationConfig };
  const linears = [...lora.layers.values()].flatMap(({ isEmbedding, layer }) => (isEmbedding ? [] : [layer]));
  const isConv1d = ({ name, layout }: LinearLayer) => layout === "in,out" && !base.architecture.quantized?.has(name);
  const { r, lora_alpha, lora_dropout, use_rslora, use_dora, bias } = settings;
  const { exclude_modules, layers_to_transform, layers_pattern, modules_to_save } = settings;
  const { trainable_token_indices = null } = settings;
  const config: AdapterConfig = {
    ...{ r, lora_alpha, lora_dropout, use_rslora, use_dora, bias },
    ...{ exclude_modules, layers_to_transform, layers_pattern, modules_to_save, trainable_token_indices },
    rank_pattern: settings.rank_pattern ?? {},
    alpha_pattern: settings.alpha_pattern ?? {},
    init_lora_weights: lora.init,
    target_modules: lora.targetModules,
    base_model_name_or_path: nameOfBase,
    fan_in_fan_out: linears.length > 0 && linears.every(isConv1d),
    task_type: settings.task_type,
    revision: "revision" in settings ? settings.revision : (revision ?? null),
  };
  return { kind: "adapter", config };
}

/** A folder or file by its whole path, so that the run finds it from anywhere; a hub id as it is. */
function nameOfBase({ nameOrPath, directory, configFile }: LoadedModel, { wholePath }: Storage): string {
  const path = wholePath(nameOrPath);
  return path === wholePath(directory) || path === wholePath(configFile) ? path : nameOrPath;
}

/** TRL mirrors the tokenizer's padding token into the configs that it saves. */
export function withPadToken(saved: SavedModel, tokenizer: Tokenizer): SavedModel {
  return saved.kind === "full" ? { ...saved, padTokenId: tokenizer.pad_token_id } : saved;
}

/** What `createLearner` needs to know. */
export function learnerOptions(trained: TrainedModel, args: DPOConfig): LearnerOptions {
  const { base, lora, start, reference, referenceAdapter } = trained;
  const other = reference && referenceAdapter ? adapterOn(reference, referenceAdapter) : undefined;
  // with all weights in training, the reference may be mixed with them: both are float32
  const frozen = (model: LoadedModel, adapter: LoraAdapter | null) => (lora ? keepNarrow(model, adapter) : model);
  return {
    model: frozen(base, lora),
    adapter: lora,
    ...(reference ? { referenceModel: frozen(reference, other?.adapter ?? null) } : {}),
    ...(start ? { adapterWeights: start.weights } : {}),
    ...(other ? { referenceAdapter: other } : {}),
    objective: objectiveOf(args),
    optimizer: {
      settings: optimizerSettings(args),
      weightDecay: (name) => (decays(name) ? args.weight_decay : 0),
    },
    dropout: !args.disable_dropout,
    seed: args.seed,
    ...(args.neftune_noise_alpha === null ? {} : { noiseAlpha: args.neftune_noise_alpha }),
  };
}

function adapterOn({ architecture }: LoadedModel, { config, weights }: Adapter) {
  return { adapter: loraAdapter(architecture, config), weights };
}

/** Parameters that transformers counts for total_flos: all but the embeddings, the adapter's included. */
export function countParameters({ base, lora }: TrainedModel): number {
  const isEmbedding = (name: string) => /(^|\.)(wte|wpe|embed_tokens)\.weight$/.test(name);
  const counted = [...base.architecture.parameters].filter(([name]) => !isEmbedding(name));
  const shapes: (readonly number[])[] = counted.map(([, shape]) => shape);
  for (const { shape } of lora ? adapterTensors(lora) : []) shapes.push(shape);
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
