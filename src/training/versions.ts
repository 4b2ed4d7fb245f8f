/** @file Versions for the model card. */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export function versions(): { prefine: string; node: string; onnxruntime: string } {
  const own = require("../../package.json") as { version: string; dependencies: Record<string, string> };
  return { prefine: own.version, node: process.versions.node, onnxruntime: own.dependencies["onnxruntime-node"] };
}
