/**
 * @file The parts of a graph: tensors that refer to the node that made them. A graph is the set of nodes reachable from
 * its outputs, so unused values are never serialized.
 */

/** A number, or the name of a size known only when the graph runs. `concat` of S and C has the size "S+C". */
export type Dim = number | string;
export type Shape = readonly Dim[];
export type Dtype = "float32" | "float64" | "int32" | "int64" | "uint32" | "uint8" | "int8" | "bool";

/** Storage types of float32 graph inputs: each op that reads one widens a temporary copy. */
export type NarrowDtype = "float16" | "bfloat16";

export type ConstantData =
  | Float32Array
  | Float64Array
  | Int32Array
  | BigInt64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | Int8Array;

/** One op applied to inputs. */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attrs: Attrs;
  readonly outputs: readonly Tensor[];
}

export type Attrs = Readonly<Record<string, unknown>>;

type Source =
  | { readonly kind: "input"; readonly name: string; readonly stored?: NarrowDtype; readonly isHeld?: boolean }
  | { readonly kind: "constant"; readonly data: ConstantData }
  | { readonly kind: "node"; readonly node: Node; readonly output: number };

/** A value of the graph: immutable; its shape was checked when it was made. */
export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly source: Source;
}

export interface OutputSpec {
  shape: Shape;
  /** Default: the dtype of the first input. */
  dtype?: Dtype;
}

export type OnnxAttribute = number | string | readonly number[] | { float: number };

/** Used by an op's lowering to write ONNX nodes. Values are ONNX value names. */
export interface Emitter {
  /** Adds one ONNX node with one output and returns the output's name. */
  node(type: string, inputs: readonly string[], attrs?: Record<string, OnnxAttribute>, domain?: string): string;
  /** Adds one ONNX node with several outputs; `used[i]` false leaves output i out (an empty name). */
  nodes(
    type: string,
    inputs: readonly string[],
    attrs: Record<string, OnnxAttribute>,
    used: readonly boolean[],
    domain?: string,
  ): string[];
  /** The value cast to another dtype. */
  cast(value: string, to: Dtype): string;
  /** A 1-D int64 constant (axes, shapes). */
  ints(values: readonly number[]): string;
  /** A 0-D constant. */
  scalar(value: number, dtype: Dtype): string;
  /** Rows [start, end) of a graph input as a separate input: the runtime is fed a view, without a copy. */
  rows(tensor: Tensor, name: string, start: number, end: number): string;
  /**
   * `value`, available once all `dependencies` are computed. Without a dependency the runtime may compute a value at
   * the start of a run, and does so with all widened weights of the backward pass. Copies nothing.
   */
  after(value: string, ...dependencies: string[]): string;
  /**
   * A graph input as float32: the value itself unless the input is stored narrow.
   * @param after a value to compute first, so that the copy is not made too early.
   */
  widened(tensor: Tensor, value: string, after?: string): string;
  /** Lowers another graph in place, with `names[i]` for `inputs[i]`; returns the names of `outputs`. */
  inline(inputs: readonly Tensor[], names: readonly string[], outputs: readonly Tensor[]): string[];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Whether output i is used. */
  isLive(output: number): boolean;
  /**
   * Whether kernels may be used whose further outputs not every execution provider computes as the CPU does. If not,
   * the op is composed of plain ones.
   */
  readonly isForCpu: boolean;
}

type Cotangents = readonly (Tensor | null)[];

/**
 * Vector-Jacobian product: cotangents of the outputs -> cotangents of the inputs (null for inputs without one). Most
 * ops have one output with a derivative, the first; other outputs are indices or serve their own backward pass.
 * "none": the op is piecewise constant or produces indices; no gradient flows.
 */
type Vjp<A extends Attrs> =
  | { vjp: ((dy: Tensor, inputs: readonly Tensor[], outputs: readonly Tensor[], attrs: A) => Cotangents) | "none" }
  | { vjpOfAll: (dy: Cotangents, inputs: readonly Tensor[], outputs: readonly Tensor[], attrs: A) => Cotangents };

/** One op is one entry: shape, ONNX, derivative. A missing part is a type error. */
export type OpSpec<A extends Attrs> = Vjp<A> & {
  /** The lowering reads narrow inputs in their stored dtype and widens what it needs. Default: inputs come widened. */
  readsNarrow?: boolean;
  /** Output shapes; throws on shapes that do not fit. */
  shape(inputs: readonly Tensor[], attrs: A): readonly OutputSpec[];
  onnx(inputs: readonly string[], emit: Emitter, attrs: A): readonly string[];
};

export type Op = OpSpec<Attrs> & { readonly name: string };

/** Defines an op: returns the function that applies it; nothing is registered. */
export function defineOp<A extends Attrs>(
  name: string,
  spec: OpSpec<A>,
): (inputs: readonly Tensor[], attrs: A) => Tensor[] {
  const op = { name, ...spec } as unknown as Op;
  return (inputs, attrs) => {
    const outputs: Tensor[] = [];
    const node: Node = { op, inputs, attrs, outputs };
    for (const [i, { shape, dtype }] of spec.shape(inputs, attrs).entries()) {
      outputs.push({ shape, dtype: dtype ?? inputs[0].dtype, source: { kind: "node", node, output: i } });
    }
    return outputs;
  };
}

/** A named input, fed in every run. @param stored storage dtype of a float32 input, if narrower. */
export function input(name: string, shape: Shape, dtype: Dtype = "float32", stored?: NarrowDtype): Tensor {
  return { dtype, shape, source: { kind: "input", name, stored } };
}

/** An input that the session takes in when it opens, in the layout of its kernels; it is fed in no run. */
export function heldInput(name: string, shape: Shape, dtype: Dtype): Tensor {
  return { dtype, shape, source: { kind: "input", name, isHeld: true } };
}

/** Storage dtype of a graph input, if narrower than its dtype. */
export function storedAs({ source }: Tensor): NarrowDtype | undefined {
  return source.kind === "input" ? source.stored : undefined;
}

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

export function arrayOf(dtype: Dtype, values: readonly number[]): ConstantData {
  if (dtype === "int64") return BigInt64Array.from(values, (v) => BigInt(v));
  return arrayTypes[dtype].from(values);
}

/** A constant inside the graph (small: weights are inputs). */
export function constant(values: number | readonly number[], dtype: Dtype = "float32", shape?: Shape): Tensor {
  const list = typeof values === "number" ? [values] : values;
  const data = arrayOf(dtype, list);
  return {
    dtype,
    shape: shape ?? (typeof values === "number" ? [] : [list.length]),
    source: { kind: "constant", data },
  };
}

export function showShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

export function shapeError(op: string, expected: string, inputs: readonly Tensor[]): Error {
  return new Error(
    `internal: ${op}: expected ${expected}, found ${inputs.map((t) => showShape(t.shape)).join(" and ")}`,
  );
}

/** NumPy's broadcasting over named dimensions: equal, or one of them is 1. */
export function broadcastShapes(op: string, a: Tensor, b: Tensor): Shape {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a.shape[i - rank + a.shape.length] ?? 1;
    const y = b.shape[i - rank + b.shape.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw shapeError(op, "shapes that broadcast", [a, b]);
  });
}

/** "S" and "C" -> "S+C"; numbers add up. */
export function addDims(dims: readonly Dim[]): Dim {
  if (dims.every((d) => typeof d === "number")) return dims.reduce((x, y) => x + y, 0);
  return dims.join("+");
}

export function normalizeAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
