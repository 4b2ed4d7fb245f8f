/**
 * @file The structure of an adapter under PEFT's names: which layers get LoRA (arXiv 2106.09685) or DoRA (arXiv
 * 2402.09353), with which rank and scale, and which parameters are also trained in full. Values are elsewhere.
 */
import { PrefineError } from "../../errors.ts";
import { HEAD_MODULE } from "../network.ts";
import {
  findTargets,
  type ModelModules,
  savedModules,
  type Target,
  type TargetSettings,
  type Targets,
} from "./loraTargets.ts";
import { fullMatch } from "./pythonPattern.ts";
import { type TokenRows, type TrainableTokens, tokenRows } from "./tokenRows.ts";

export interface LoraLayer extends Target {
  r: number;
  /** lora_alpha / r; lora_alpha / sqrt(r) with use_rslora. */
  scaling: number;
  /** PEFT's file keys. */
  nameA: string;
  nameB: string;
  shapeA: [r: number, inFeatures: number];
  shapeB: [outFeatures: number, r: number];
  /**
   * With use_dora: file key of the norms [outFeatures] of the weight's rows (its columns, for Conv1D and embeddings).
   */
  magnitude: string | null;
}

/** A parameter of the model that is trained in full: modules_to_save, biases. */
export interface SavedParameter {
  /** PEFT's file key. */
  name: string;
  shape: readonly number[];
  /** The model's parameter whose value it starts from. */
  from: string;
}

/**
 * true, null: A Kaiming-uniform, B zero; false: both as nn.Linear initializes; the others as in PEFT. On embeddings
 * A zero, B normal; false: both normal.
 */
export type InitLoraWeights = boolean | string | null;

export interface LoraAdapter {
  dropout: number;
  layers: ReadonlyMap<string, LoraLayer>;
  /** By the name that the network reads: the parameter's own, `lm_head.weight` for the unembedding. */
  saved: ReadonlyMap<string, SavedParameter>;
  /** Rows of embeddings that are trained individually. */
  tokens: readonly TokenRows[];
  /** Frozen parameters that PEFT saves with the adapter, by their file keys. */
  frozen: ReadonlyMap<string, string>;
  init: InitLoraWeights;
  /** target_modules as PEFT writes it. */
  targetModules: string[] | string;
  /** Warnings about the settings. */
  warnings: readonly string[];
}

/** The part of PEFT's LoraConfig that determines an adapter's structure. */
export interface LoraSettings extends TargetSettings {
  r: number;
  lora_alpha: number;
  lora_dropout: number;
  use_rslora?: boolean;
  use_dora?: boolean;
  /** Ranks and alphas by pattern: the first one that matches the end of a layer's name applies. */
  rank_pattern?: Readonly<Record<string, number>> | null;
  alpha_pattern?: Readonly<Record<string, number>> | null;
  bias?: "none" | "all" | "lora_only";
  init_lora_weights?: InitLoraWeights;
  trainable_token_indices?: TrainableTokens;
}

const PREFIX = "base_model.model.";

/**
 * @throws PrefineError("config") if no layer is a target, a target can't be adapted, or a pattern is invalid.
 */
export function loraAdapter(model: ModelModules, settings: LoraSettings): LoraAdapter {
  const targets = findTargets(model, settings);
  const start = startOf(settings.init_lora_weights ?? true);
  refuseTiedPissa(model, targets.layers, start.init);
  const names = targets.layers.map(({ layer }) => layer.name);
  const ranks = patternReader(settings.rank_pattern, "rank_pattern", names);
  const alphas = patternReader(settings.alpha_pattern, "alpha_pattern", names);
  const layers = targets.layers.map((target) => {
    const { layer } = target;
    const r = ranks.of(layer.name) ?? settings.r;
    if (!(Number.isInteger(r) && r > 0)) {
      throw new PrefineError("config", `rank_pattern: expected whole numbers above 0, found ${r} for ${layer.name}`);
    }
    return loraLayer(target, { r, alpha: alphas.of(layer.name) ?? settings.lora_alpha, settings });
  });
  const saved = savedParameters(model, settings, names);
  const taken = new Set([...names, ...saved.keys(), ...names.map((name) => `${name}.weight`)]);
  const tokens = tokenRows(model, settings.trainable_token_indices, taken);
  return {
    dropout: settings.lora_dropout,
    layers: new Map(layers.map((entry) => [entry.layer.name, entry])),
    saved,
    tokens,
    frozen: settings.trainable_token_indices ? new Map() : frozenParameters(targets.saved, model.head),
    init: start.init,
    targetModules: targets.targetModules,
    warnings: [...start.warnings, ...targets.warnings, ...ranks.warnings, ...alphas.warnings],
  };
}

/**
 * PEFT's fast PiSSA draws random numbers for N rounds of power iteration (torch.svd_lowrank), so no two runs start
 * alike, and they differ more from each other than from the exact result, which costs a second per layer here.
 */
function startOf(init: InitLoraWeights): { init: InitLoraWeights; warnings: string[] } {
  if (typeof init !== "string" || !init.startsWith("pissa_niter_")) return { init, warnings: [] };
  if (!/^pissa_niter_\d+$/.test(init)) {
    throw new PrefineError("config", `init_lora_weights: expected a number after pissa_niter_, found "${init}"`);
  }
  return { init: "pissa", warnings: [`init_lora_weights: ${init} is computed exactly, like pissa`] };
}

/** PiSSA takes components from the weight, which is the embedding's too: both would change. */
function refuseTiedPissa({ head }: ModelModules, layers: readonly Target[], init: InitLoraWeights): void {
  const isHead = layers.some(({ layer }) => layer.name === HEAD_MODULE);
  if (init !== "pissa" || !isHead || head === `${HEAD_MODULE}.weight`) return;
  const message = `init_lora_weights pissa: expected no adapter on ${HEAD_MODULE}, which is tied to the embedding`;
  throw new PrefineError("config", message, `Remove ${HEAD_MODULE} from target_modules, or start another way.`);
}

interface LayerSettings {
  r: number;
  alpha: number;
  settings: LoraSettings;
}

function loraLayer({ layer, isEmbedding }: Target, { r, alpha, settings }: LayerSettings): LoraLayer {
  const prefix = PREFIX + layer.name;
  const nameOf = (side: "A" | "B") => `${prefix}.${isEmbedding ? `lora_embedding_${side}` : `lora_${side}.weight`}`;
  return {
    layer,
    isEmbedding,
    r,
    scaling: settings.use_rslora ? alpha / Math.sqrt(r) : alpha / r,
    nameA: nameOf("A"),
    nameB: nameOf("B"),
    shapeA: [r, layer.inFeatures],
    shapeB: [layer.outFeatures, r],
    magnitude: settings.use_dora ? `${prefix}.lora_magnitude_vector` : null,
  };
}

/** Each is tried on each layer. */
const MOST_PATTERNS = 5000;

/** Values by pattern: `(.*\.)?(pattern)$`; the first match wins. */
function patternReader(
  patterns: Readonly<Record<string, number>> | null | undefined,
  where: string,
  layers: readonly string[],
) {
  const given = Object.entries(patterns ?? {});
  if (given.length > MOST_PATTERNS) {
    const message = `${where}: expected at most ${MOST_PATTERNS} patterns, found ${given.length}`;
    throw new PrefineError("config", message, "Layers need one each at most: drop those that match none.");
  }
  const entries = given.map(([pattern, value]) => {
    return { pattern, value, matches: fullMatch(pattern, where, { before: "(?:.*\\.)?" }) };
  });
  const idle = entries.filter(({ matches }) => !layers.some(matches));
  return {
    of: (name: string) => entries.find(({ matches }) => matches(name))?.value,
    warnings: idle.map(
      ({ pattern }) => `${where}: no adapted layer matches ${JSON.stringify(pattern)}; it has no effect`,
    ),
  };
}

/** PEFT does not save them if tokens are trained individually. */
function frozenParameters(embeddings: Targets["saved"], head: string): Map<string, string> {
  const parameterOf = (name: string) => (name === HEAD_MODULE ? head : `${name}.weight`);
  return new Map(embeddings.map(({ name }) => [`${PREFIX}${name}.base_layer.weight`, parameterOf(name)]));
}

/** Parameters trained in full, by the name that the network reads. */
function savedParameters(
  model: ModelModules,
  { modules_to_save, bias = "none" }: LoraSettings,
  layers: readonly string[],
): Map<string, SavedParameter> {
  const { modules } = savedModules(model, modules_to_save ?? []);
  const adapted = new Set(layers);
  const parameters = new Map<string, SavedParameter>();
  for (const [name, shape] of model.parameters) {
    const module = name.slice(0, name.lastIndexOf("."));
    const isSaved = modules.some((saved) => name.startsWith(`${saved}.`));
    const isTrainedBias = name.endsWith(".bias") && (bias === "all" || (bias === "lora_only" && adapted.has(module)));
    if (!isSaved && !isTrainedBias) continue;
    const key = adapted.has(module) ? `${module}.base_layer.bias` : name;
    parameters.set(name, { name: PREFIX + key, shape: shape as readonly number[], from: name });
  }
  const head = `${HEAD_MODULE}.weight`;
  if (modules.includes(HEAD_MODULE) && !parameters.has(head)) {
    const shape = model.parameters.get(model.head) as readonly number[];
    parameters.set(head, { name: PREFIX + head, shape, from: model.head });
  }
  return parameters;
}

export interface AdapterTensor {
  /** PEFT's file key. */
  name: string;
  shape: readonly number[];
}

/** Every trained tensor, which are those in the adapter's file. */
export function adapterTensors(adapter: LoraAdapter): AdapterTensor[] {
  const ofLayers = [...adapter.layers.values()].flatMap(({ nameA, nameB, shapeA, shapeB, magnitude }) => [
    { name: nameA, shape: shapeA },
    { name: nameB, shape: shapeB },
    ...(magnitude === null ? [] : [{ name: magnitude, shape: [shapeB[0]] }]),
  ]);
  const others = [...adapter.saved.values(), ...adapter.tokens];
  return [...ofLayers, ...others.map(({ name, shape }) => ({ name, shape }))];
}
