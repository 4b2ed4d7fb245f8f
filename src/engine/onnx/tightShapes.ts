/**
 * @file Shapes under which ONNX Runtime gives memory back early. It keeps the memory of a dead value for the next value
 * of the same shape, however late that comes: of GPT-2's step with gradient checkpointing, 267 MB where no more than
 * 142 were in use at once. Sizes go by their names, so other names in every stretch of nodes make it let go.
 */
import type { OnnxNode, OnnxValue } from "../../formats/onnxModel.ts";

/** Nodes. Shorter ones win nothing; longer ones let several layers wait for each other. */
const STRETCH = 40;
/**
 * Each value that finds no memory has been compared with all that was let go before, up to a microsecond each: a step
 * of 30 layers (18,000 values) took 50 s to open instead of 3. To rename its 3,000 largest alone took 5 s and won
 * nothing: 1.45 GB instead of 1.40.
 */
const MOST_VALUES = 5000;

/**
 * The values, their named sizes named for the stretch of nodes in which each is made; null where there are too many.
 */
export function tightShapes(nodes: readonly OnnxNode[], values: readonly OnnxValue[]): OnnxValue[] | null {
  if (values.length > MOST_VALUES) return null;
  const places = new Map(nodes.flatMap(({ outputs }, place) => outputs.map((name) => [name, place])));
  return values.map((value) => {
    const stretch = Math.floor((places.get(value.name) ?? 0) / STRETCH);
    return { ...value, shape: value.shape.map((size) => (typeof size === "string" ? `${size}@${stretch}` : size)) };
  });
}
