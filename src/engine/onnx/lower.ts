/** @file Graph -> ONNX model: nodes in topological order, constants as initializers, inputs and views of inputs. */
import {
  encodeOnnxModel,
  type OnnxInitializer,
  type OnnxModel,
  type OnnxNode,
  type OnnxValue,
} from "../../formats/onnxModel.ts";
import { topologicalOrder } from "../graph/grad.ts";
import { arrayOf, type Dtype, type Emitter, type Node, type Shape, storedAs, type Tensor } from "../graph/tensor.ts";
import { elementTypes, storedElementTypes } from "./elementTypes.ts";
import { tightShapes } from "./tightShapes.ts";
import { emitAfter, emitWidened } from "./widen.ts";

const OPSETS = { "": 21, "com.microsoft": 1 };
/** The first opset with BitCast, which bfloat16 needs; older runtimes run everything else. */
const BIT_CAST_OPSET = 26;

export interface LoweringOptions {
  /**
   * Prefer low memory if the graph is small enough: shapes that make the runtime release memory early (tightShapes.ts).
   * That leaves gaps of all sizes, which malloc fills badly (1.6 GB instead of 1.2) and the runtime's arena well, so
   * these graphs use the arena.
   */
  tightMemory?: boolean;
}

export interface LoweredGraph {
  /** A .onnx file. */
  bytes: Uint8Array;
  /** The model in the bytes. */
  model: OnnxModel;
  /** Whether it was requested and the graph is small enough. */
  tightMemory: boolean;
  /** The same graph with the same inputs and outputs for other execution providers than the CPU: Emitter.isForCpu. */
  forOthers(): LoweredGraph;
  /** Every graph input: its feed is the tensor of that name, or rows [start, end) of it if `rows` is set. */
  inputs: { name: string; of: string; dtype: Dtype; rows?: [number, number] }[];
  outputs: { name: string; dtype: Dtype; shape: Shape }[];
  /** Stored tensors that the session takes in when it opens: `heldInput`. */
  held: string[];
}

class Lowering {
  private readonly isForCpu: boolean;
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];
  readonly inputs = new Map<string, OnnxValue & { of: string; dtype: Dtype; rows?: [number, number] }>();
  readonly held: Omit<OnnxInitializer, "raw">[] = [];
  private readonly names = new Map<Tensor, string>();
  private readonly constants = new Map<string, string>();
  private readonly constantNames = new Set<string>();
  /**
   * Shapes of op outputs. The runtime's own inference loses the names of sizes at every Split and Concat; its memory
   * plan then compares each value with all others for nothing: 63 s instead of 0.7 s to open a step of 24 layers.
   */
  readonly values = new Map<string, OnnxValue>();
  private next = 0;

  constructor(isForCpu: boolean) {
    this.isForCpu = isForCpu;
  }

  freshName(hint: string): string {
    this.next += 1;
    return `${hint}_${this.next}`;
  }

  /** Lowers everything `outputs` need and returns their names. */
  lower(outputs: readonly Tensor[]): string[] {
    const order = topologicalOrder(outputs);
    const used = new Set<Tensor>(outputs);
    for (const node of order) for (const t of node.inputs) used.add(t);
    for (const node of order) {
      if (this.names.has(node.outputs[0])) continue; // shared with an enclosing scope
      const emit = this.emitter(node, used);
      const names = node.op.onnx(this.operands(node, emit), emit, node.attrs);
      for (const [i, output] of node.outputs.entries()) if (names[i]) this.setName(output, names[i]);
    }
    return outputs.map((t) => this.nameOf(t));
  }

  private setName(output: Tensor, name: string): void {
    this.names.set(output, name);
    this.values.set(name, { name, elementType: elementTypes[output.dtype], shape: output.shape });
  }

  /** Names of a node's inputs; narrow ones are widened for this node only, once the others are computed. */
  private operands(node: Node, emit: Emitter): string[] {
    const names = node.inputs.map((t) => this.nameOf(t));
    if (node.op.readsNarrow) return names;
    const computed = names.find((name) => !this.inputs.has(name) && !this.constantNames.has(name));
    return names.map((name, i) => emit.widened(node.inputs[i], name, computed));
  }

  private nameOf(tensor: Tensor): string {
    const existing = this.names.get(tensor);
    if (existing !== undefined) return existing;
    const { source } = tensor;
    if (source.kind === "node")
      throw new Error(`internal: ${source.node.op.name}: output ${source.output} was not lowered`);
    const name = source.kind === "constant" ? this.addConstant(tensor) : this.addNamed(tensor, source);
    this.names.set(tensor, name);
    return name;
  }

  private addNamed(tensor: Tensor, { name, isHeld }: { name: string; isHeld?: boolean }): string {
    if (!isHeld) return this.addInput(tensor, name);
    const { dtype, shape } = tensor;
    if (this.held.some((each) => each.name === name)) throw new Error(`internal: two tensors are held as "${name}"`);
    this.held.push({ name, elementType: elementTypes[dtype], dims: shape as number[] });
    return name;
  }

  private addInput(tensor: Tensor, name: string, rows?: [number, number]): string {
    const key = rows ? `${name}#${rows[0]}:${rows[1]}` : name;
    const shape = rows ? [rows[1] - rows[0], ...tensor.shape.slice(1)] : tensor.shape;
    const stored = storedAs(tensor);
    const elementType = stored ? storedElementTypes[stored] : elementTypes[tensor.dtype];
    const entry = { name: key, of: name, dtype: tensor.dtype, elementType, shape, rows };
    const before = this.inputs.get(key);
    if (before && (before.elementType !== elementType || before.shape.join() !== shape.join())) {
      throw new Error(`internal: two graph inputs "${key}" differ in shape or dtype`);
    }
    if (!before) this.inputs.set(key, entry);
    return key;
  }

  private addConstant({ dtype, shape, source }: Tensor): string {
    if (source.kind !== "constant") throw new Error("internal: not a constant");
    const { data } = source;
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${dtype}${shape.join()}:${raw.join()}`;
    const existing = this.constants.get(key);
    if (existing) return existing;
    const name = this.freshName("constant");
    this.initializers.push({ name, elementType: elementTypes[dtype], dims: shape as number[], raw });
    this.constants.set(key, name);
    this.constantNames.add(name);
    return name;
  }

  private emitter(node: Node, used: ReadonlySet<Tensor>): Emitter {
    const literal = (values: readonly number[], dtype: Dtype, shape: Shape) =>
      this.addConstant({ dtype, shape, source: { kind: "constant", data: arrayOf(dtype, values) } });
    const nodes: Emitter["nodes"] = (type, inputs, attributes, used, domain = "") => {
      const outputs = used.map((want) => (want ? this.freshName(node.op.name) : ""));
      this.nodes.push({ type, domain, inputs, outputs, attributes });
      return outputs;
    };
    const emitter: Emitter = {
      node: (type, inputs, attributes = {}, domain = "") => nodes(type, inputs, attributes, [true], domain)[0],
      nodes,
      cast: (value, to) => emitter.node("Cast", [value], { to: elementTypes[to] }),
      ints: (values) => literal(values, "int64", [values.length]),
      scalar: (value, dtype) => literal([value], dtype, []),
      rows: (tensor, name, start, end) => {
        if (tensor.source.kind === "input") return this.addInput(tensor, name, [start, end]);
        const bounds = [[start], [end], [0]].map((v) => literal(v, "int64", [1]));
        return nodes("Slice", [name, ...bounds], {}, [true])[0];
      },
      inline: (inputs, names, outputs) => {
        for (const [i, t] of inputs.entries()) this.names.set(t, names[i]);
        return this.lower(outputs);
      },
      inputs: node.inputs,
      outputs: node.outputs,
      isLive: (output) => used.has(node.outputs[output]),
      isForCpu: this.isForCpu,
      after: (value, ...dependencies) => emitAfter(value, dependencies, emitter),
      widened: (tensor, value, after) => emitWidened(tensor, value, { emit: emitter, after }),
    };
    return emitter;
  }
}

/**
 * Gives the values their output names; a value that no node made, or that has two names, is copied by an Identity right
 * after the node that makes it. ONNX Runtime works backward from the nodes without consumers, the last in the file
 * first: a value needed late has to come early in the file, or a backward pass would leave the gradients of all
 * weights, and their inputs, for the end.
 */
function nameOutputs(nodes: readonly OnnxNode[], values: readonly string[], outputs: readonly string[]): OnnxNode[] {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const copies = new Map<string, string[]>();
  for (const [i, value] of values.entries()) {
    if (made.has(value) && !renamed.has(value)) renamed.set(value, outputs[i]);
    else copies.set(value, [...(copies.get(value) ?? []), outputs[i]]);
  }
  const rename = (name: string) => renamed.get(name) ?? name;
  const copiesOf = (value: string): OnnxNode[] =>
    (copies.get(value) ?? []).map((output) => {
      return { type: "Identity", domain: "", inputs: [rename(value)], outputs: [output], attributes: {} };
    });
  const ofInputs = [...copies.keys()].filter((value) => !made.has(value)).flatMap(copiesOf);
  const ofNodes = nodes.flatMap((node) => [
    { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) },
    ...node.outputs.flatMap(copiesOf),
  ]);
  return [...ofInputs, ...ofNodes];
}

/** @param outputs name -> tensor; two names may not share a tensor that is also an input. */
export function lowerGraph(outputs: Readonly<Record<string, Tensor>>, options: LoweringOptions = {}): LoweredGraph {
  return lowerFor(outputs, options, true);
}

function lowerFor(
  outputs: Readonly<Record<string, Tensor>>,
  { tightMemory = false }: LoweringOptions,
  isForCpu: boolean,
): LoweredGraph {
  const lowering = new Lowering(isForCpu);
  const tensors = Object.values(outputs);
  const ends = lowering.lower(tensors);
  const named = Object.keys(outputs).map((name, i) => {
    return { name, dtype: tensors[i].dtype, shape: tensors[i].shape, elementType: elementTypes[tensors[i].dtype] };
  });
  const inputs = [...lowering.inputs.values()];
  const nodes = nameOutputs(lowering.nodes, ends, Object.keys(outputs));
  const opset = nodes.some(({ type }) => type === "BitCast") ? BIT_CAST_OPSET : OPSETS[""];
  const opsets = { ...OPSETS, "": opset };
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const between = [...lowering.values.values()].filter(({ name }) => made.has(name) && !Object.hasOwn(outputs, name));
  const tight = tightMemory ? tightShapes(nodes, between) : null;
  const { initializers, held } = lowering;
  const external = held.length > 0 ? { external: held } : {};
  const model: OnnxModel = {
    opsets,
    nodes,
    initializers,
    ...external,
    inputs,
    outputs: named,
    values: tight ?? between,
  };
  return {
    bytes: encodeOnnxModel(model),
    model,
    tightMemory: tight !== null,
    forOthers: () => lowerFor(outputs, { tightMemory }, false),
    inputs: inputs.map(({ name, of, dtype, rows }) => ({ name, of, dtype, rows })),
    outputs: named.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    held: lowering.held.map(({ name }) => name),
  };
}
