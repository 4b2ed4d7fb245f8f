/** @file The common interface of ONNX Runtime's packages: for Node, for a browser, native or WebAssembly. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { RuntimeKind } from "./protocol.ts";

export type Ort = typeof import("onnxruntime-common");
export type OrtTensor = Tensor;
export type OrtSession = InferenceSession;

/** A loaded runtime. */
export interface OrtRuntime {
  kind: RuntimeKind;
  version: string;
  ort: Ort;
  /** One line on how to make it faster, if possible. */
  notice: string | null;
}
