/** @file The network a forward pass is written with: weights as graph inputs, adapters on linear layers, dropout. */
import { checkpoint, dropoutKeep, gemm, input, mul, type Tensor } from "../engine/graph/index.ts";
import { addLora, type LoraAdapter, loraInputs } from "./lora.ts";
import type { Architecture, LinearLayer, Network } from "./network.ts";

export interface NetworkOptions {
  adapter: LoraAdapter | null;
  attend: Network["attend"];
  /** uint32 [] seed of the masks: absent, nothing is dropped. */
  dropoutSeed?: Tensor;
}

/** The network, and every trainable or frozen tensor that it has asked for, by name. */
export interface BuiltNetwork extends Network {
  readonly weights: ReadonlyMap<string, Tensor>;
}

export function buildNetwork(architecture: Architecture, options: NetworkOptions): BuiltNetwork {
  const { adapter, dropoutSeed } = options;
  const weights = new Map<string, Tensor>();
  const loraWeights = loraInputs();
  const sites = new Map<string, number>();
  const adapterTensor = (name: string, shape: readonly number[]) => {
    const tensor = loraWeights(name, shape);
    weights.set(name, tensor);
    return tensor;
  };
  const weight = (name: string) => {
    const shape = architecture.parameters.get(name);
    if (!shape) throw new Error(`internal: the model has no parameter ${name}`);
    const tensor = weights.get(name) ?? input(name, shape);
    weights.set(name, tensor);
    return tensor;
  };
  /** Masks are numbered by place, so that a recomputed region draws the mask of its first pass. */
  const drop = (x: Tensor, rate: number, place: string) => {
    if (!dropoutSeed || rate === 0) return x;
    const site = sites.get(place) ?? sites.size;
    sites.set(place, site);
    return mul(x, dropoutKeep(x, dropoutSeed, site, rate));
  };
  const linear = (x: Tensor, layer: LinearLayer) => {
    const bias = layer.bias ? weight(`${layer.name}.bias`) : null;
    const y = gemm(x, weight(`${layer.name}.weight`), bias, { transB: layer.layout === "out,in" });
    const lora = adapter?.layers.get(layer.name);
    if (!adapter || !lora) return y;
    return addLora(y, drop(x, adapter.dropout, `lora ${layer.name}`), lora, adapter.scaling, adapterTensor);
  };
  return {
    weights,
    weight,
    linear,
    attend: options.attend,
    dropout: drop,
    recompute: (x, f) => checkpoint([x], ([y]) => f(y)),
  };
}
