/** @file Reverse-mode differentiation: a scalar and the tensors to differentiate by -> their gradients. */
import { add } from "./ops/elementwise.ts";
import { foldScatter } from "./ops/indexing.ts";
import { foldAdd } from "./ops/matmul.ts";
import { zerosLike } from "./ops/shape.ts";
import { constant, type Node, sameShape, showShape, type Tensor } from "./tensor.ts";

/**
 * Nodes that `outputs` are computed from, each after the nodes it needs.
 * @param leaves tensors at which the walk stops.
 */
export function topologicalOrder(outputs: readonly Tensor[], leaves: ReadonlySet<Tensor> = new Set()): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, "open" | "done">();
  const stack: Node[] = [];
  const visit = (tensor: Tensor) => {
    if (tensor.source.kind !== "node" || leaves.has(tensor) || state.has(tensor.source.node)) return;
    stack.push(tensor.source.node);
  };
  for (const output of outputs) {
    visit(output);
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      if (state.get(node) === undefined) {
        state.set(node, "open");
        for (const t of node.inputs) visit(t);
        continue;
      }
      stack.pop();
      if (state.get(node) === "open") order.push(node);
      state.set(node, "done");
    }
  }
  return order;
}

/** Nodes on a path from one of `wrt`: only these get cotangents, so frozen weights cost nothing. */
function nodesDependingOn(wrt: ReadonlySet<Tensor>, order: readonly Node[]): Set<Node> {
  const dependent = new Set<Node>();
  for (const node of order) {
    const depends = node.inputs.some((t) => wrt.has(t) || (t.source.kind === "node" && dependent.has(t.source.node)));
    if (depends) dependent.add(node);
  }
  return dependent;
}

/** Sum of two cotangents, folded into one of them if possible. */
const sum = (a: Tensor, b: Tensor): Tensor => foldAdd(a, b) ?? foldScatter(a, b) ?? add(a, b);

function cotangentsOfInputs({ op, inputs, outputs, attrs }: Node, dy: readonly (Tensor | null)[]) {
  if ("vjpOfAll" in op) return op.vjpOfAll(dy, inputs, outputs, attrs);
  if (op.vjp === "none") return [];
  const [first, ...others] = dy;
  if (!first || others.some((t) => t !== null))
    throw new Error(`internal: ${op.name}: only the first output has a derivative`);
  return op.vjp(first, inputs, outputs, attrs);
}

/**
 * Cotangents of `wrt` given those of `outputs` (the vector-Jacobian product of the whole graph).
 * Tensors that the outputs do not depend on get zeros.
 * @param options.within stop at `wrt`, where no tensor may depend on another: differentiating a part of a graph then
 *   costs the size of that part, not of everything before it.
 */
export function backward(
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | null)[],
  wrt: readonly Tensor[],
  { within = false } = {},
): Tensor[] {
  const targets = new Set(wrt);
  // last first, like a node's inputs: a part with several results then adds up in the order of the surrounding graph
  const order = topologicalOrder(outputs.toReversed(), within ? targets : undefined);
  const dependent = nodesDependingOn(targets, order);
  const accumulated = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, cotangent: Tensor | null) => {
    const needed = targets.has(tensor) || (tensor.source.kind === "node" && dependent.has(tensor.source.node));
    if (!cotangent || !needed) return;
    if (!sameShape(cotangent.shape, tensor.shape)) {
      throw new Error(`internal: cotangent ${showShape(cotangent.shape)} for a tensor ${showShape(tensor.shape)}`);
    }
    const before = accumulated.get(tensor);
    accumulated.set(tensor, before ? sum(before, cotangent) : cotangent);
  };
  for (const [i, output] of outputs.entries()) accumulate(output, cotangents[i]);
  for (const node of order.reverse()) {
    if (!dependent.has(node)) continue;
    const dy = node.outputs.map((t) => accumulated.get(t) ?? null);
    if (dy.every((t) => t === null)) continue;
    const dx = cotangentsOfInputs(node, dy);
    for (const [i, t] of node.inputs.entries()) accumulate(t, dx[i] ?? null);
  }
  return wrt.map((t) => accumulated.get(t) ?? zerosLike(t));
}

/** d loss / d wrt for a scalar loss. */
export function grad(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0) throw new Error(`internal: grad of a tensor ${showShape(loss.shape)}, not a scalar`);
  return backward([loss], [constant(1, loss.dtype)], wrt);
}
