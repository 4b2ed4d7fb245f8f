/** @file Versions for the model card. */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** @param runtime the ONNX Runtime that computes */
export function versions(runtime: { kind: "native" | "wasm"; version: string }): {
  prefine: string;
  node: string;
  onnxruntime: string;
} {
  const { version } = require("../../package.json") as { version: string };
  const onnxruntime = runtime.kind === "wasm" ? `${runtime.version} (WebAssembly)` : runtime.version;
  return { prefine: version, node: process.versions.node, onnxruntime };
}
