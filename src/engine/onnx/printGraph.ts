/**
 * @file A graph as readable text: its inputs and outputs, and one node per line with the shapes of its outputs and
 * short constants inlined. The same graph gives the same text.
 */
import type { OnnxInitializer, OnnxNode, OnnxValue } from "../../formats/onnxModel.ts";
import { elementTypes } from "./elementTypes.ts";
import type { LoweredGraph } from "./lower.ts";

/** Up to this many numbers, a constant is inlined. A longer one gets its own line, with its first numbers. */
const SHORT = 4;
const SHOWN = 12;
const typeNames = new Map(Object.entries(elementTypes).map(([name, number]) => [number, name]));

/** Readers of a constant's bytes, by type name. Graphs have no other types. */
const readers: Record<string, (raw: ArrayBuffer) => ArrayLike<number | bigint>> = {
  float32: (raw) => new Float32Array(raw),
  float64: (raw) => new Float64Array(raw),
  int32: (raw) => new Int32Array(raw),
  int64: (raw) => new BigInt64Array(raw),
  uint32: (raw) => new Uint32Array(raw),
  uint8: (raw) => new Uint8Array(raw),
  int8: (raw) => new Int8Array(raw),
  bool: (raw) => new Uint8Array(raw),
};

/** Prints a LoweredGraph, exactly as the runtime gets it. */
export function printGraph(name: string, { model, inputs, tightMemory }: LoweredGraph): string {
  const { nodes, initializers, outputs, opsets } = model;
  const types = new Map([...model.values, ...outputs].map((value) => [value.name, typeOf(value)]));
  const constants = initializers.map((constant) => ({ constant, values: valuesOf(constant) }));
  const isShort = ({ constant: { dims }, values }: (typeof constants)[number]) =>
    values.length <= SHORT && dims.length < 2;
  const inPlace = new Map(
    constants.filter(isShort).map(({ constant: { name, dims }, values }) => {
      return [name, dims.length === 0 ? values[0] : `[${values.join(", ")}]`];
    }),
  );
  const long = constants.filter((each) => !isShort(each));
  const versions = Object.entries(opsets).map(([domain, version]) => `${domain || "ai.onnx"} ${version}`);
  return [
    `${name}: ${nodes.length} nodes; ${versions.join(", ")}${tightMemory ? "; tight memory" : ""}`,
    ...section(
      "inputs",
      model.inputs.map(typeLine).map((line, i) => line + sourceOf(inputs[i])),
    ),
    ...section("outputs", outputs.map(typeLine)),
    ...section("constants", long.map(constantLine)),
    ...section(
      "nodes",
      nodes.map((node) => nodeLine(node, types, inPlace)),
    ),
    "",
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

function typeOf({ elementType, shape }: Pick<OnnxValue, "elementType" | "shape">): string {
  return `${typeNames.get(elementType)} [${shape.join(", ")}]`;
}

const typeLine = (value: OnnxValue) => `${value.name}: ${typeOf(value)}`;

/** Where an input is fed from, if not from the tensor of the same name. */
function sourceOf({ of, rows }: LoweredGraph["inputs"][number]): string {
  return rows ? `, rows ${rows[0]} to ${rows[1] - 1} of ${of}` : "";
}

function valuesOf({ elementType, raw }: OnnxInitializer): string[] {
  const type = typeNames.get(elementType) ?? "";
  const values = readers[type](raw.slice().buffer); // a copy: the bytes may be unaligned
  return Array.from(values, (value: number | bigint) => (type === "float64" ? String(value) : showNumber(value)));
}

/** The shortest decimal that is read as the same float32: 0.1, not 0.10000000149011612. */
function showNumber(value: number | bigint): string {
  if (typeof value === "bigint" || Number.isInteger(value)) return Object.is(value, -0) ? "-0" : String(value);
  const rounded = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(rounded.toPrecision(digits));
    if (Object.is(Math.fround(shorter), rounded)) return String(shorter);
  }
  return String(Number(rounded.toPrecision(9)));
}

function constantLine({ constant, values }: { constant: OnnxInitializer; values: readonly string[] }): string {
  const { name, elementType, dims } = constant;
  const rest = values.length > SHOWN ? `, ... (${values.length} numbers)` : "";
  return `${name}: ${typeOf({ elementType, shape: dims })} = ${values.slice(0, SHOWN).join(", ")}${rest}`;
}

function nodeLine(
  { type, domain, inputs, outputs, attributes }: OnnxNode,
  types: ReadonlyMap<string, string>,
  inPlace: ReadonlyMap<string, string>,
): string {
  const made = outputs.map((name) => (types.has(name) ? `${name}: ${types.get(name)}` : name || "_"));
  const operands = inputs.map((name) => inPlace.get(name) ?? (name || "_"));
  const settings = Object.entries(attributes).map(([key, value]) => `${key}=${showAttribute(key, value)}`);
  const op = domain === "" ? type : `${domain}.${type}`;
  return `${made.join(", ")} = ${op}(${operands.join(", ")})${settings.length > 0 ? ` {${settings.join(", ")}}` : ""}`;
}

function showAttribute(key: string, value: OnnxNode["attributes"][string]): string {
  if (typeof value === "number") return key === "to" ? (typeNames.get(value) ?? String(value)) : String(value);
  if (typeof value === "string") return value;
  return "float" in value ? showNumber(value.float) : `[${value.join(", ")}]`;
}
