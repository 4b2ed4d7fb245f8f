/** @file A model as it was found: its config, its architecture, and where each of its weights lies. Runs anywhere. */
import type { FileRange } from "../engine/runtime/protocol.ts";
import type { Architecture, QuantizationSettings } from "./network.ts";

export interface LoadedModel {
  architecture: Architecture;
  /** config.json as it is. */
  config: Record<string, unknown>;
  /** generation_config.json, or {}. */
  generationConfig: Record<string, unknown>;
  /** What the caller asked for: an id or a path. */
  nameOrPath: string;
  /** The folder the files lie in. */
  directory: string;
  /** What the config was read from: config.json, or the GGUF file. */
  configFile: string;
  /** Every parameter of the architecture by its Hugging Face name. */
  weights: ReadonlyMap<string, FileRange>;
  /** What quantizeModel was told, or how the files have the weights; absent: no weights are quantized. */
  quantization?: QuantizationSettings;
}
