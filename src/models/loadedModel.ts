/** @file A located model: its config, its architecture, and where each of its weights is stored. Runs anywhere. */
import type { FileRange } from "../engine/runtime/protocol.ts";
import type { SafetensorsDtype } from "../formats/safetensors.ts";
import type { Architecture, QuantizationSettings } from "./network.ts";

/** A tensor of the files that the model does not use. */
export interface LeftOutTensor {
  dtype: SafetensorsDtype;
  shape: readonly number[];
  /** Its bytes in the file. */
  read(): Promise<Uint8Array>;
}

export interface LoadedModel {
  architecture: Architecture;
  /** config.json, unchanged. */
  config: Record<string, unknown>;
  /** generation_config.json, or {}. */
  generationConfig: Record<string, unknown>;
  /** The id or path that the caller gave. */
  nameOrPath: string;
  /** The folder with the files. */
  directory: string;
  /** The file that the config was read from: config.json, or the GGUF file. */
  configFile: string;
  /** Every parameter of the architecture by its Hugging Face name. */
  weights: ReadonlyMap<string, FileRange>;
  /** Tensors of {@link Architecture.leftOut} by their names in the files; absent: none. */
  leftOut?: ReadonlyMap<string, LeftOutTensor>;
  /** The quantization requested of quantizeModel, or that of the files; absent: no weights are quantized. */
  quantization?: QuantizationSettings;
}
