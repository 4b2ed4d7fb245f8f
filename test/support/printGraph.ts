/**
 * @file Prints a graph as text, one node per line: everything in its bytes except the names of values, which are
 * numbered in order of appearance. Graphs with equal text have the same bytes, except for the names of values.
 */
import { createHash } from "node:crypto";
import type { OnnxInitializer, OnnxNode, OnnxValue } from "../../src/formats/onnxModel.ts";
import type { DecodedModel, DecodedNode } from "./decodeOnnxModel.ts";

export interface PrintedGraph {
  /** Names of inputs and outputs, with which the graph is fed and read. */
  interface: string[];
  /** Everything else. Values are %0, %1, ... */
  body: string[];
}

/** Number of printed values of a constant; a longer one is printed with its first values and a hash of all. */
const SHORT = 8;
/** Numbers of values per line. */
const PER_LINE = 24;

/** ONNX's element types: name, and how to read the bytes. Narrow floats are printed by their bits. */
const TYPES: Record<number, [name: string, read: (raw: Uint8Array) => ArrayLike<number | bigint>]> = {
  1: ["float32", (raw) => new Float32Array(aligned(raw))],
  2: ["uint8", (raw) => raw],
  3: ["int8", (raw) => new Int8Array(aligned(raw))],
  4: ["uint16", (raw) => new Uint16Array(aligned(raw))],
  6: ["int32", (raw) => new Int32Array(aligned(raw))],
  7: ["int64", (raw) => new BigInt64Array(aligned(raw))],
  9: ["bool", (raw) => raw],
  10: ["float16", (raw) => new Uint16Array(aligned(raw))],
  11: ["float64", (raw) => new Float64Array(aligned(raw))],
  12: ["uint32", (raw) => new Uint32Array(aligned(raw))],
  16: ["bfloat16", (raw) => new Uint16Array(aligned(raw))],
};

/** A copy: a part of a file may be unaligned. */
const aligned = (raw: Uint8Array): ArrayBuffer => raw.slice().buffer;

function typeOf(elementType: number): (typeof TYPES)[number] {
  if (!(elementType in TYPES)) throw new Error(`element type ${elementType} is unknown`);
  return TYPES[elementType];
}

const showNumber = (value: number | bigint) => (Object.is(value, -0) ? "-0" : String(value));
const showType = ({ elementType, shape }: Pick<OnnxValue, "elementType" | "shape">) =>
  `${typeOf(elementType)[0]} [${shape.join(", ")}]`;

/** Numbers values in the order of first use. */
function numbering(): (name: string) => string {
  const numbers = new Map<string, string>();
  return (name) => {
    if (name === "") return "_"; // an omitted output or input
    const number = numbers.get(name) ?? `%${numbers.size}`;
    numbers.set(name, number);
    return number;
  };
}

function showConstant({ elementType, dims, raw }: OnnxInitializer): string {
  const values = Array.from(typeOf(elementType)[1](raw));
  const first = values.slice(0, SHORT).map(showNumber).join(", ");
  const hash = createHash("sha256").update(raw).digest("hex").slice(0, 32);
  return `${showType({ elementType, shape: dims })} = ${first}${values.length > SHORT ? `, ... sha256 ${hash}` : ""}`;
}

function showAttribute([name, value]: [string, OnnxNode["attributes"][string]]): string {
  if (typeof value === "number") return `${name}=${value}`;
  if (typeof value === "string") return `${name}=${JSON.stringify(value)}`;
  return "float" in value ? `${name}=float ${showNumber(value.float)}` : `${name}=[${value.join(", ")}]`;
}

function showNode(node: DecodedNode, number: (name: string) => string, types: ReadonlyMap<string, string>): string {
  const { type, domain, inputs, outputs, attributes } = node;
  const operands = inputs.map(number).join(", ");
  const results = outputs.map((name) => (types.has(name) ? `${number(name)}: ${types.get(name)}` : number(name)));
  const op = domain === "" ? type : `${domain}.${type}`;
  const settings = attributes.length === 0 ? "" : ` {${attributes.map(showAttribute).join(", ")}}`;
  // nodes are named after their first output
  const own = node.name === outputs.find((name) => name !== "") ? "" : ` named ${number(node.name)}`;
  return `${results.join(", ")} = ${op}(${operands})${settings}${own}`;
}

function lines(title: string, items: readonly string[]): string[] {
  const starts = Array.from({ length: Math.ceil(items.length / PER_LINE) }, (_, i) => i * PER_LINE);
  return starts.map((start) => `${title} ${items.slice(start, start + PER_LINE).join(" ")}`);
}

export function printGraph(model: DecodedModel): PrintedGraph {
  const number = numbering();
  const { inputs, outputs, initializers, nodes, values, opsets } = model;
  const types = new Map(values.map((value) => [value.name, showType(value)]));
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const strays = values
    .filter(({ name }) => !made.has(name))
    .map((value) => `${number(value.name)}: ${showType(value)}`);
  const body = [
    `ir ${model.irVersion}, ${model.producer}, ${model.graphName}`,
    ...opsets.map(([domain, version]) => `opset ${JSON.stringify(domain)} ${version}`),
    ...inputs.map((value) => `input ${number(value.name)}: ${showType(value)}`),
    ...initializers.map((tensor) => `constant ${number(tensor.name)}: ${showConstant(tensor)}`),
    ...nodes.map((node) => showNode(node, number, types)),
    ...outputs.map((value) => `output ${number(value.name)}: ${showType(value)}`),
    ...lines(
      "types in the order of",
      values.map(({ name }) => number(name)),
    ),
    ...lines("types of values that no node makes:", strays),
  ];
  const named = (what: string, list: readonly OnnxValue[]) =>
    list.map(({ name }, i) => `${what} ${i} is ${JSON.stringify(name)}`); // by position, whatever nodes are added
  return { interface: [...named("input", inputs), ...named("output", outputs)], body };
}
