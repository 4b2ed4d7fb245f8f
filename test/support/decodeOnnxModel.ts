/**
 * @file Decodes a .onnx file written by prefine's encoder (src/formats/onnxModel.ts). An unknown field is an error, so
 * that a comparison of two graphs misses nothing.
 */
import { PbfReader } from "pbf";
import type { OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from "../../src/formats/onnxModel.ts";

type Attribute = OnnxNode["attributes"][string];
export interface DecodedNode extends Omit<OnnxNode, "attributes"> {
  /** Name of the node, in addition to those of its outputs. */
  name: string;
  /** In file order. */
  attributes: [name: string, value: Attribute][];
}

export interface DecodedModel extends Omit<OnnxModel, "opsets" | "nodes"> {
  irVersion: number;
  producer: string;
  graphName: string;
  opsets: [domain: string, version: number][];
  nodes: DecodedNode[];
}

/** Reads one field of a message; false: unknown field. */
type ReadField = (tag: number) => boolean;

/** Reads the message that `pbf` is at, to its end. */
function readMessage(pbf: PbfReader, what: string, read: ReadField): void {
  pbf.readMessage((tag) => {
    if (!read(tag)) throw new Error(`${what}: field ${tag} is unknown`);
  }, null);
}

function readAttribute(pbf: PbfReader): [string, Attribute] {
  let name = "";
  let type = 0;
  let float = 0;
  let int = 0;
  let text = "";
  const ints: number[] = [];
  readMessage(pbf, "AttributeProto", (tag) => {
    if (tag === 1) name = pbf.readString();
    else if (tag === 2) float = pbf.readFloat();
    else if (tag === 3) int = pbf.readVarint(true);
    else if (tag === 4) text = new TextDecoder().decode(pbf.readBytes());
    else if (tag === 8) ints.push(pbf.readVarint(true));
    else if (tag === 20) type = pbf.readVarint();
    else return false;
    return true;
  });
  const values: Record<number, Attribute> = { 1: { float }, 2: int, 3: text, 7: ints };
  if (!(type in values)) throw new Error(`AttributeProto: ${name} has the unknown type ${type}`);
  return [name, values[type]];
}

function readNode(pbf: PbfReader): DecodedNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const node: DecodedNode = { name: "", type: "", domain: "", inputs, outputs, attributes: [] };
  readMessage(pbf, "NodeProto", (tag) => {
    if (tag === 1) inputs.push(pbf.readString());
    else if (tag === 2) outputs.push(pbf.readString());
    else if (tag === 3) node.name = pbf.readString();
    else if (tag === 4) node.type = pbf.readString();
    else if (tag === 5) node.attributes.push(readAttribute(pbf));
    else if (tag === 7) node.domain = pbf.readString();
    else return false;
    return true;
  });
  return node;
}

function readInitializer(pbf: PbfReader): OnnxInitializer {
  const dims: number[] = [];
  const tensor: OnnxInitializer = { name: "", elementType: 0, dims, raw: new Uint8Array(0) };
  readMessage(pbf, "TensorProto", (tag) => {
    if (tag === 1) dims.push(pbf.readVarint(true));
    else if (tag === 2) tensor.elementType = pbf.readVarint();
    else if (tag === 8) tensor.name = pbf.readString();
    else if (tag === 9) tensor.raw = pbf.readBytes();
    else return false;
    return true;
  });
  return tensor;
}

function readShape(pbf: PbfReader): (number | string)[] {
  const shape: (number | string)[] = [];
  const readDim: ReadField = (tag) => {
    if (tag !== 1 && tag !== 2) return false;
    shape.push(tag === 1 ? pbf.readVarint(true) : pbf.readString());
    return true;
  };
  readMessage(pbf, "TensorShapeProto", (tag) => {
    if (tag === 1) readMessage(pbf, "Dimension", readDim);
    return tag === 1;
  });
  return shape;
}

function readValue(pbf: PbfReader): OnnxValue {
  const value: OnnxValue = { name: "", elementType: 0, shape: [] };
  const readTensorType: ReadField = (tag) => {
    if (tag === 1) value.elementType = pbf.readVarint();
    else if (tag === 2) value.shape = readShape(pbf);
    else return false;
    return true;
  };
  const readType: ReadField = (tag) => {
    if (tag === 1) readMessage(pbf, "TypeProto.Tensor", readTensorType);
    return tag === 1;
  };
  readMessage(pbf, "ValueInfoProto", (tag) => {
    if (tag === 1) value.name = pbf.readString();
    else if (tag === 2) readMessage(pbf, "TypeProto", readType);
    else return false;
    return true;
  });
  return value;
}

function readOpset(pbf: PbfReader): [string, number] {
  const opset: [string, number] = ["", 0];
  readMessage(pbf, "OperatorSetIdProto", (tag) => {
    if (tag === 1) opset[0] = pbf.readString();
    else if (tag === 2) opset[1] = pbf.readVarint();
    else return false;
    return true;
  });
  return opset;
}

export function decodeOnnxModel(bytes: Uint8Array): DecodedModel {
  const pbf = new PbfReader(bytes);
  const parts = { nodes: [] as DecodedNode[], initializers: [] as OnnxInitializer[], opsets: [] as [string, number][] };
  const values = { inputs: [] as OnnxValue[], outputs: [] as OnnxValue[], values: [] as OnnxValue[] };
  const model: DecodedModel = { irVersion: 0, producer: "", graphName: "", ...parts, ...values };
  const readGraph: ReadField = (tag) => {
    if (tag === 1) parts.nodes.push(readNode(pbf));
    else if (tag === 2) model.graphName = pbf.readString();
    else if (tag === 5) parts.initializers.push(readInitializer(pbf));
    else if (tag === 11) values.inputs.push(readValue(pbf));
    else if (tag === 12) values.outputs.push(readValue(pbf));
    else if (tag === 13) values.values.push(readValue(pbf));
    else return false;
    return true;
  };
  pbf.readFields((tag) => {
    if (tag === 1) model.irVersion = pbf.readVarint();
    else if (tag === 2) model.producer = pbf.readString();
    else if (tag === 7) readMessage(pbf, "GraphProto", readGraph);
    else if (tag === 8) parts.opsets.push(readOpset(pbf));
    else throw new Error(`ModelProto: field ${tag} is unknown`);
  }, null);
  return model;
}
