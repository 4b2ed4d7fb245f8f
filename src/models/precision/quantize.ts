/**
 * @file A frozen base in 8 or 4 bits (QLoRA, arXiv 2305.14314): which layers, and how they are held in memory. Weights
 * are quantized one by one on reading; files do not change.
 */
import type { FileRange } from "../../engine/runtime/protocol.ts";
import { PrefineError } from "../../errors.ts";
import { INTEGERS } from "../../formats/integerBlocks.ts";
import { partBytes, type Quantization, quantizedParts } from "../../formats/quantizedBlocks.ts";
import type { LoraAdapter } from "../adapters/lora.ts";
import { fullMatch } from "../adapters/pythonPattern.ts";
import type { LoadedModel } from "../loadedModel.ts";
import { type Architecture, HEAD_MODULE, type LinearLayer, type QuantizationSettings } from "../network.ts";

const sizeOf = (shape: readonly (number | string)[]) => shape.reduce<number>((size, dim) => size * Number(dim), 1);

/** The model with its linear layers in fewer bits; not the output head and the embeddings, as in transformers. */
export function quantizeModel(model: LoadedModel, settings: QuantizationSettings): LoadedModel {
  const { load_in_8bit, load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant } = settings;
  if (!load_in_8bit && !load_in_4bit) return model;
  if (model.quantization) return model; // quantized files are not requantized, as in transformers
  const quantization: Quantization = load_in_8bit
    ? { format: "int8", nested: false }
    : { format: bnb_4bit_quant_type, nested: bnb_4bit_use_double_quant };
  const stays = skips(settings.llm_int8_skip_modules ?? []);
  const layers = model.architecture.linears.filter(({ name }) => !stays(name));
  const quantized = new Map(layers.map((layer) => [layer.name, { ...quantization, layout: layer.layout }]));
  return { ...withQuantized(model, quantized), quantization: settings };
}

type Quantized = ReadonlyMap<string, Quantization & Pick<LinearLayer, "layout">>;

function withQuantized(model: LoadedModel, quantized: Quantized): LoadedModel {
  const weights = new Map<string, FileRange>();
  for (const [name, { quantize: _, ...range }] of model.weights) {
    const quantize = name.endsWith(".weight") ? quantized.get(name.slice(0, -".weight".length)) : undefined;
    weights.set(name, { ...range, quantize });
  }
  return { ...model, architecture: { ...model.architecture, quantized }, weights };
}

/**
 * The model as needed under an adapter: modules_to_save are trained from float32 weights.
 * @throws PrefineError("config") for PiSSA, which changes the weights; PEFT rejects it too.
 */
export function quantizedUnder(model: LoadedModel, adapter: Pick<LoraAdapter, "init" | "saved"> | null): LoadedModel {
  const { quantized } = model.architecture;
  if (!quantized || !adapter) return model;
  if (adapter.init === "pissa") {
    const hint = "Train without quantization, or start the adapter another way (init_lora_weights: true).";
    throw new PrefineError("config", "init_lora_weights pissa: expected float32 weights, found quantized ones", hint);
  }
  const isSaved = (layer: string) => adapter.saved.has(`${layer}.weight`);
  return withQuantized(model, new Map([...quantized].filter(([layer]) => !isSaved(layer))));
}

/** transformers' should_convert_module, negated: a start up to a dot, an expression, or an end. */
function skips(patterns: readonly string[]): (layer: string) => boolean {
  const tests = patterns.map((pattern) => {
    const starts = fullMatch(pattern, "llm_int8_skip_modules", { after: "(?:(?<=\\.)|(?=\\.|$))[\\s\\S]*" });
    return (layer: string) => starts(layer) || layer.endsWith(pattern);
  });
  return (layer) => tests.some((test) => test(layer));
}

/** Whether a held tensor is the codes of a matrix; the others are their scales and offsets. */
export const areCodes = (name: string): boolean => name.endsWith(INTEGERS);

/** Whether no graph reads the parameter itself; a tied head is read as the embedding. */
export const isOnlyIntegers = ({ integers, head }: Architecture, name: string): boolean =>
  integers?.has(name) === true && (name !== head || head === `${HEAD_MODULE}.weight`);

/** Names of the model's tensors in the compute thread. */
export const storedNames = (architecture: Architecture): string[] =>
  storedTensors(architecture).map(({ name }) => name);

/** Those that are read from the model's files: an adapter may replace others. */
export const storedWeights = ({ architecture, weights }: Pick<LoadedModel, "architecture" | "weights">): string[] =>
  storedNames(architecture).filter((name) => weights.has(name) || !architecture.parameters.has(name));

/** Bytes of the model's tensors in the compute thread. */
export const storedBytes = (architecture: Architecture): number =>
  storedTensors(architecture).reduce((sum, { bytes }) => sum + bytes, 0);

/** Warning if a quantization is requested that the files rule out. @param name hub id, folder or file */
export function alreadyQuantized({ architecture }: LoadedModel, name: string): string {
  return `${name}: its files are in ${describeQuantization(architecture)} already; quantization_config is not used`;
}

/** `4 bits (nf4, double quantization) in 24 of 28 linear layers`; null if all are as in the files. */
export function describeQuantization({ quantized, linears }: Architecture): string | null {
  const [first] = quantized?.values() ?? [];
  if (!quantized || !first) return null;
  const format =
    first.format === "int8" ? "8 bits" : `4 bits (${first.format}${first.nested ? ", double quantization" : ""})`;
  const layers = quantized.size < linears.length ? `${quantized.size} of ${linears.length}` : `all ${linears.length}`;
  return `${format} in ${layers} linear layers`;
}

function storedTensors(architecture: Architecture): { name: string; bytes: number }[] {
  const { parameters, quantized, stored } = architecture;
  return [...parameters].flatMap(([name, shape]) => {
    if (isOnlyIntegers(architecture, name)) return [];
    const quantization = name.endsWith(".weight") ? quantized?.get(name.slice(0, -".weight".length)) : undefined;
    if (!quantization) return [{ name, bytes: (stored?.has(name) ? 2 : 4) * sizeOf(shape) }];
    const parts = quantizedParts(quantization, sizeOf(shape));
    return parts.map((part) => ({ name: name + part.suffix, bytes: partBytes(part) }));
  });
}
