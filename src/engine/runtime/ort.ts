/** @file ONNX Runtime as its packages have it in common: for Node, for a browser, native or WebAssembly. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { RuntimeKind } from "./protocol.ts";

export type Ort = typeof import("onnxruntime-common");
export type OrtTensor = Tensor;
export type OrtSession = InferenceSession;

/** One that is loaded. */
export interface OrtRuntime {
  kind: RuntimeKind;
  version: string;
  ort: Ort;
  /** One line where a person can have it faster. */
  notice: string | null;
}
