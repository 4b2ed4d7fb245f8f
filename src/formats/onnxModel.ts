/** @file ONNX ModelProto, written with pbf: the fields used by prefine's graphs, numbered as in onnx.proto3. */
import { PbfWriter } from "pbf";

export interface OnnxNode {
  type: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, number | string | readonly number[] | { float: number }>>;
}

export interface OnnxValue {
  name: string;
  elementType: number;
  shape: readonly (number | string)[];
}

export interface OnnxInitializer {
  name: string;
  elementType: number;
  dims: readonly number[];
  raw: Uint8Array;
}

type ExternalInitializer = Omit<OnnxInitializer, "raw">;

export interface OnnxModel {
  opsets: Readonly<Record<string, number>>;
  nodes: readonly OnnxNode[];
  initializers: readonly OnnxInitializer[];
  /** Initializers whose bytes the runtime is given when it opens the model, under their names; absent: none. */
  external?: readonly ExternalInitializer[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  /** Known types of intermediate values. */
  values: readonly OnnxValue[];
}

/** TensorProto.DataLocation. */
const EXTERNAL = 1;

const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;

function writeAttribute([name, value]: [string, OnnxNode["attributes"][string]], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === "number") {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, ATTRIBUTE_TYPE.int);
  } else if (typeof value === "string") {
    pbf.writeBytesField(4, new TextEncoder().encode(value));
    pbf.writeVarintField(20, ATTRIBUTE_TYPE.string);
  } else if ("float" in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, ATTRIBUTE_TYPE.float);
  } else {
    for (const item of value) pbf.writeVarintField(8, item);
    pbf.writeVarintField(20, ATTRIBUTE_TYPE.ints);
  }
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const name of node.inputs) pbf.writeStringField(1, name);
  for (const name of node.outputs) pbf.writeStringField(2, name);
  pbf.writeStringField(3, node.outputs.find((name) => name !== "") ?? "");
  pbf.writeStringField(4, node.type);
  for (const attribute of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, attribute);
  if (node.domain) pbf.writeStringField(7, node.domain);
}

function writeEntry([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeInitializer(tensor: OnnxInitializer, pbf: PbfWriter): void {
  for (const dim of tensor.dims) pbf.writeVarintField(1, dim);
  pbf.writeVarintField(2, tensor.elementType);
  pbf.writeStringField(8, tensor.name);
  pbf.writeBytesField(9, tensor.raw);
}

function writeExternal(tensor: ExternalInitializer, pbf: PbfWriter): void {
  for (const dim of tensor.dims) pbf.writeVarintField(1, dim);
  pbf.writeVarintField(2, tensor.elementType);
  pbf.writeStringField(8, tensor.name);
  pbf.writeMessage(13, writeEntry, ["location", tensor.name] as [string, string]);
  pbf.writeVarintField(14, EXTERNAL);
}

function writeDim(dim: number | string, pbf: PbfWriter): void {
  if (typeof dim === "number") pbf.writeVarintField(1, dim);
  else pbf.writeStringField(2, dim);
}

function writeShape(shape: readonly (number | string)[], pbf: PbfWriter): void {
  for (const dim of shape) pbf.writeMessage(1, writeDim, dim);
}

function writeTensorType(value: OnnxValue, pbf: PbfWriter): void {
  pbf.writeVarintField(1, value.elementType);
  pbf.writeMessage(2, writeShape, value.shape);
}

function writeType(value: OnnxValue, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeTensorType, value);
}

function writeValue(value: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, value.name);
  pbf.writeMessage(2, writeType, value);
}

function writeGraph(model: OnnxModel, pbf: PbfWriter): void {
  for (const node of model.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, "prefine");
  for (const tensor of model.initializers) pbf.writeMessage(5, writeInitializer, tensor);
  for (const tensor of model.external ?? []) pbf.writeMessage(5, writeExternal, tensor);
  for (const value of model.inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of model.outputs) pbf.writeMessage(12, writeValue, value);
  for (const value of model.values) pbf.writeMessage(13, writeValue, value);
}

function writeOpset([domain, version]: [string, number], pbf: PbfWriter): void {
  pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, version);
}

/** The bytes of a .onnx file (IR version 10). */
export function encodeOnnxModel(model: OnnxModel): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 10);
  pbf.writeStringField(2, "prefine");
  pbf.writeMessage(7, writeGraph, model);
  for (const opset of Object.entries(model.opsets)) pbf.writeMessage(8, writeOpset, opset);
  return pbf.finish();
}
