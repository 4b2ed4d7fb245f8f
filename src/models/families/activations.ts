/** @file Activation functions of MLPs by their names in config.json (transformers' ACT2FN). */
import { add, erf, geluNew, mul, relu, sigmoid, silu, type Tensor, tanh } from "../../engine/graph/index.ts";
import { PrefineError, show } from "../../errors.ts";
import type { ConfigFields } from "./configFields.ts";

export type Activation = (x: Tensor) => Tensor;

/** x Phi(x), exact. */
const gelu: Activation = (x) => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));

const ACTIVATIONS: Record<string, Activation> = {
  silu,
  swish: silu,
  gelu,
  gelu_python: gelu,
  // one function, five names
  gelu_new: geluNew,
  gelu_pytorch_tanh: geluNew,
  gelu_fast: geluNew,
  gelu_python_tanh: geluNew,
  gelu_accurate: geluNew,
  quick_gelu: (x) => mul(x, sigmoid(mul(x, 1.702))),
  relu,
  relu2: (x) => mul(relu(x), relu(x)),
  sigmoid,
  tanh,
  linear: (x) => x,
};

/** The first name of a function: a config may give another name of the same one. */
export function nameOfActivation(activation: Activation): string {
  return Object.keys(ACTIVATIONS).find((name) => ACTIVATIONS[name] === activation) ?? "";
}

/** @throws PrefineError("not-yet") for a function that prefine does not have. */
export function readActivation({ json, where }: ConfigFields, field: string, fallback: string): Activation {
  const name = json[field] ?? fallback;
  if (typeof name === "string" && Object.hasOwn(ACTIVATIONS, name)) return ACTIVATIONS[name];
  const message = `${where}: ${field} ${show(name)} is not built yet`;
  throw new PrefineError("not-yet", message, `These are: ${Object.keys(ACTIVATIONS).join(", ")}.`);
}
