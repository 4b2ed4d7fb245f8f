/**
 * @file Gradient checkpointing (arXiv 1604.06174) as an op: forward computes f(x) and keeps only x; backward recomputes
 * f from x once the cotangent is known, except for what the gradient does not need.
 */
import { backward, topologicalOrder } from "../grad.ts";
import { defineOp, type Tensor } from "../tensor.ts";
import { after } from "./elementwise.ts";

type Region = (inputs: readonly Tensor[]) => readonly Tensor[];
type CheckpointAttrs = { region: Region; inner: readonly Tensor[]; results: readonly Tensor[] };

const checkpointOp = defineOp<CheckpointAttrs>("checkpoint", {
  shape: (_, { results }) => results.map(({ shape, dtype }) => ({ shape, dtype })),
  readsNarrow: true, // the inner ops widen what they read
  onnx: (names, emit, { inner, results }) => emit.inline(inner, names.slice(0, inner.length), results),
  vjpOfAll: (dy, inputs, _, { region, inner }) => {
    const cotangent = dy.find((t) => t !== null) as Tensor;
    const again = inputs.slice(0, inner.length).map((x) => (x.source.kind === "node" ? after(x, cotangent) : x));
    return backward(region(again), dy, [...again, ...inputs.slice(inner.length)], { within: true });
  },
});

/**
 * f(inputs), with only its results kept for the backward pass, not its intermediate values.
 * @param inputs the activations that f reads. Graph inputs (weights) captured by f get gradients too; captured
 *   activations do not.
 */
export function checkpointAll(inputs: readonly Tensor[], region: Region): Tensor[] {
  const inner = inputs.map((x): Tensor => ({ ...x, source: { kind: "input", name: "checkpoint" } }));
  const results = region(inner);
  const leaves = topologicalOrder(results).flatMap((node) => node.inputs.filter((t) => t.source.kind === "input"));
  const weights = [...new Set(leaves)].filter((t) => !inner.includes(t));
  return checkpointOp([...inputs, ...weights], { region, inner, results });
}

/** {@link checkpointAll} for a function with one result. */
export function checkpoint(inputs: readonly Tensor[], region: (inputs: readonly Tensor[]) => Tensor): Tensor {
  return checkpointAll(inputs, (again) => [region(again)])[0];
}
