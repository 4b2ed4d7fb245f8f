/**
 * @file The weights that generation multiplies as integers: those that are in 8 or 4 bits already. A product then also
 * rounds its input to 8 bits, so training, scores and the reference never use them.
 */
import type { FileRange } from "../../engine/runtime/protocol.ts";
import { isBlockDtype } from "../../formats/ggufBlocks.ts";
import { EIGHT_BITS, type IntegerBlocks, integerBlockParts, sameBlocks } from "../../formats/integerBlocks.ts";
import { BLOCK } from "../../formats/quantizedBlocks.ts";
import type { LoraAdapter } from "../adapters/lora.ts";
import type { LoadedModel } from "../loadedModel.ts";
import { HEAD_MODULE, type LinearLayer } from "../network.ts";

/** A model for generation, and what its session holds. */
interface IntegerModel {
  model: LoadedModel;
  /** Locations of the integers by parameter. */
  integers: ReadonlyMap<string, FileRange>;
  /** Bytes of the integers with their scales. */
  bytes: number;
}

const isInBits = ({ as, quantize, packed }: FileRange) => Boolean(quantize ?? packed) || isBlockDtype(as);

/** The blocks of a matrix; those that it has already where the kernel takes them. */
function blocksOf({ as, quantize, packed }: FileRange, inFeatures: number) {
  const isInt8 = quantize?.format === "int8" && inFeatures % BLOCK === 0;
  const same: IntegerBlocks | undefined = isInt8
    ? { bits: 8, size: BLOCK, hasOffsets: false }
    : quantize || packed
      ? undefined
      : sameBlocks(as);
  return { ...(same ?? EIGHT_BITS), areFiles: same !== undefined };
}

/** Parameters whose float32 values an adapter needs. */
function neededAsFloats(adapter: LoraAdapter | null): (parameter: string) => boolean {
  const replaced = new Set(adapter?.saved.keys());
  const layers = [...(adapter?.layers.values() ?? [])];
  const whole = layers.filter(({ magnitude }) => magnitude !== null || adapter?.init === "pissa");
  for (const { layer } of whole) replaced.add(`${layer.name}.weight`);
  return (parameter) => replaced.has(parameter);
}

/** @param adapter runs on top: what it replaces, changes or measures (DoRA) stays as it is. */
export function toIntegers(model: LoadedModel, adapter: LoraAdapter | null): IntegerModel {
  const { architecture, weights } = model;
  const isNeeded = neededAsFloats(adapter);
  const found = new Map<string, FileRange>();
  const take = (name: string, layer: Pick<LinearLayer, "inFeatures" | "layout">) => {
    const range = weights.get(name);
    if (!range || layer.inFeatures % EIGHT_BITS.size !== 0) return;
    found.set(name, { ...range, integers: { ...blocksOf(range, layer.inFeatures), layout: layer.layout } });
  };
  for (const layer of architecture.linears) {
    const name = `${layer.name}.weight`;
    const range = weights.get(name);
    if (range && isInBits(range) && !isNeeded(name)) take(name, layer);
  }
  const head = architecture.head;
  // its float32 values would be most of what a token reads
  const isHeadFree = !isNeeded(head) && !isNeeded(`${HEAD_MODULE}.weight`);
  if (found.size > 0 && isHeadFree)
    take(head, { inFeatures: architecture.parameters.get(head)?.[1] ?? 0, layout: "out,in" });
  const bytes = [...found.values()].reduce((sum, range) => sum + bytesOf(range), 0);
  const integers = new Map([...found].map(([name, range]) => [name, range.integers as IntegerBlocks]));
  return found.size === 0
    ? { model, integers: found, bytes }
    : { model: { ...model, architecture: { ...architecture, integers } }, integers: found, bytes };
}

function bytesOf({ shape, integers }: FileRange): number {
  const { layout, ...kind } = integers as NonNullable<FileRange["integers"]>;
  const parts = integerBlockParts(kind, layout === "in,out" ? [...shape].reverse() : shape);
  const size = (sizes: readonly number[]) => sizes.reduce((product, one) => product * one, 1);
  return parts.reduce((sum, part) => sum + (part.dtype === "float32" ? 4 : 1) * size(part.shape), 0);
}
