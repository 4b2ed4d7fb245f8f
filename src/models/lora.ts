/** @file LoRA (arXiv 2106.09685) on linear layers: y = W x + s B A drop(x), under PEFT's names. */
import { gemm, input, matmul, type Tensor } from "../engine/graph/index.ts";
import { nearestName, PrefineError } from "../errors.ts";
import type { LinearLayer } from "./network.ts";

export interface LoraLayer {
  layer: LinearLayer;
  /** PEFT's file keys. */
  nameA: string;
  nameB: string;
  shapeA: [r: number, inFeatures: number];
  shapeB: [outFeatures: number, r: number];
}

/** An adapter's shape: which layers, with which rank; the numbers are elsewhere. */
export interface LoraAdapter {
  r: number;
  /** lora_alpha / r. */
  scaling: number;
  dropout: number;
  layers: ReadonlyMap<string, LoraLayer>;
}

function loraLayer(layer: LinearLayer, r: number): LoraLayer {
  const prefix = `base_model.model.${layer.name}`;
  return {
    layer,
    nameA: `${prefix}.lora_A.weight`,
    nameB: `${prefix}.lora_B.weight`,
    shapeA: [r, layer.inFeatures],
    shapeB: [layer.outFeatures, r],
  };
}

/** PEFT's default targets by model type (its TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING). */
const DEFAULT_TARGETS: Record<string, string[]> = { gpt2: ["c_attn"] };

/**
 * @param options r, lora_alpha, lora_dropout, target_modules as in PEFT's LoraConfig: a layer is a target when its name
 *   equals one of the names or ends with "." and the name.
 * @throws PrefineError when a target names no layer (PEFT objects only if none of them does).
 */
export function loraAdapter(
  linears: readonly LinearLayer[],
  modelType: string,
  options: { r: number; lora_alpha: number; lora_dropout: number; target_modules: readonly string[] | null },
): LoraAdapter {
  const targets = options.target_modules ?? DEFAULT_TARGETS[modelType] ?? [];
  const matches = ({ name }: LinearLayer, target: string) => name === target || name.endsWith(`.${target}`);
  const missing = targets.filter((target) => !linears.some((layer) => matches(layer, target)));
  if (missing.length > 0 || targets.length === 0) throw unknownTargets(missing, linears);
  const chosen = linears.filter((layer) => targets.some((target) => matches(layer, target)));
  return {
    r: options.r,
    scaling: options.lora_alpha / options.r,
    dropout: options.lora_dropout,
    layers: new Map(chosen.map((layer) => [layer.name, loraLayer(layer, options.r)])),
  };
}

function unknownTargets(missing: readonly string[], linears: readonly LinearLayer[]): PrefineError {
  const names = [...new Set(linears.map(({ name }) => name.split(".").at(-1) as string))];
  const list = missing.map((name) => JSON.stringify(name)).join(", ");
  const nearest = missing.length > 0 ? nearestName(missing[0], names) : undefined;
  return new PrefineError(
    "config",
    `target_modules: no linear layer is called ${list || "nothing"}; this model has ${names.join(", ")}`,
    nearest ? `Did you mean ${JSON.stringify(nearest)}?` : "Choose among these names.",
  );
}

/** The adapter's term added to a layer's output y [M, out], for its input x [M, in] (already dropped out). */
export function addLora(
  y: Tensor,
  x: Tensor,
  { nameA, nameB, shapeA, shapeB }: LoraLayer,
  scaling: number,
  weights: LoraWeights,
): Tensor {
  const low = matmul(x, weights(nameA, shapeA), { transB: true }); // [M, r]
  return gemm(low, weights(nameB, shapeB), y, { transB: true, alpha: scaling });
}

/** The graph input of an adapter tensor, always the same tensor for the same name. */
export type LoraWeights = (name: string, shape: readonly number[]) => Tensor;

export function loraInputs(): LoraWeights {
  const known = new Map<string, Tensor>();
  return (name, shape) => {
    const tensor = known.get(name) ?? input(name, shape);
    known.set(name, tensor);
    return tensor;
  };
}
