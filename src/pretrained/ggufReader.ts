/** @file Reads the metadata of a GGUF file by key. */
import { PrefineError, show } from "../errors.ts";
import type { GgufFile } from "../formats/gguf.ts";

/** Reads metadata of one file; errors name the file and key. */
export interface GgufReader {
  where: string;
  /** general.architecture. */
  architecture: string;
  /**
   * The number under `ARCHITECTURE.key`, or in a list, the same one for all layers; if absent, the default, or an error
   * without one.
   */
  number(key: string, fallback?: number): number;
  /** Any value under `ARCHITECTURE.key`. */
  value(key: string): unknown;
  /** Any value by its full key. */
  general(key: string): unknown;
  /** All keys of the architecture, without its name. */
  own(): [key: string, value: unknown][];
  hasTensor(name: string): boolean;
}

export function createReader({ metadata, tensors }: GgufFile, where: string): GgufReader {
  const architecture = metadata.get("general.architecture");
  if (typeof architecture !== "string") {
    const message = `${where}: expected general.architecture, found ${show(architecture)}`;
    throw new PrefineError("model", message, "Is it a language model?");
  }
  return {
    where,
    architecture,
    value: (key) => metadata.get(`${architecture}.${key}`),
    general: (key) => metadata.get(key),
    own: () =>
      [...metadata].flatMap(([key, value]): [string, unknown][] =>
        key.startsWith(`${architecture}.`) ? [[key.slice(architecture.length + 1), value]] : [],
      ),
    hasTensor: (name) => tensors.has(name),
    number: (key, fallback) => {
      const value = ofAllLayers(metadata.get(`${architecture}.${key}`)) ?? fallback;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      const message = `${where}: ${architecture}.${key}: expected a number, found ${show(value)}`;
      throw new PrefineError("model", message, "Download the file again: it may be truncated or damaged.");
    },
  };
}

/** A value per layer, if all are the same. */
function ofAllLayers(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0) return value;
  return value.every((one) => one === value[0]) ? value[0] : value;
}
