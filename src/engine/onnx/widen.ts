/** @file Weights stored in 16 bits -> float32 in the graph, where and when an op reads them. */
import { type Emitter, storedAs, type Tensor } from "../graph/tensor.ts";
import { elementTypes } from "./elementTypes.ts";

/** See {@link Emitter.after}: the value's own shape, plus the others' sizes times 0. */
export function emitAfter(value: string, dependencies: readonly string[], emit: Emitter): string {
  const sizes = dependencies.map((each) => emit.node("Size", [each]));
  const zero = emit.node("Mul", [sizes.reduce((a, b) => emit.node("Add", [a, b])), emit.scalar(0, "int64")]);
  return emit.node("Reshape", [value, emit.node("Add", [emit.node("Shape", [value]), zero])]);
}

/**
 * See {@link Emitter.widened}. Costs a pass over the matrix: 3 to 8 % of its product with 500 tokens.
 * @param tensor the graph input that `value` is, or is part of.
 */
export function emitWidened(tensor: Tensor, value: string, { emit, after }: { emit: Emitter; after?: string }): string {
  const stored = storedAs(tensor);
  if (!stored) return value;
  const due = after === undefined ? value : emitAfter(value, [after], emit);
  const floats = stored === "bfloat16" ? emit.node("BitCast", [due], { to: elementTypes.bfloat16 }) : due;
  return emit.cast(floats, "float32");
}
