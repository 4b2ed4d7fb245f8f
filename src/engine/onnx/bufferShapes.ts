/**
 * @file Which values may share a buffer. The runtime gives a value the buffer of a dead one of the same shape, however
 * much later, and holds it in between. Large buffers that wait for their like in another layer, beside those of another
 * shape that wait as well, were 130 MB of GPT-2's step with gradient checkpointing.
 */
import type { OnnxValue } from "../../formats/onnxModel.ts";

/** Values made one after another that may share: about half an attention. With 300, all of the waste was back. */
const NEIGHBORS = 32;
/** Narrower ones are counters and reduced rows. */
const NARROWEST = 64;

const named = ({ shape }: OnnxValue) => shape.filter((dim) => typeof dim === "string").length;
const width = ({ shape }: OnnxValue) =>
  shape.reduce<number>((size, dim) => size * (typeof dim === "number" ? dim : 1), 1);

/** Floats a token of most values: the model's channels. */
function usualWidth(values: readonly OnnxValue[]): number {
  const counts = new Map<number, number>();
  for (const value of values) {
    if (named(value) === 1 && width(value) >= NARROWEST) counts.set(width(value), (counts.get(width(value)) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? Number.POSITIVE_INFINITY;
}

/**
 * Values, in the order they are made, with sizes of their own for those that are large: tokens times tokens, or wider
 * than most. Only neighbors then have equal shapes. Not for all values: the runtime compares each with all dead ones
 * that nobody took, and opening a step of 30 layers took 16 s instead of 0.5.
 */
export function withBufferShapes(values: readonly OnnxValue[]): OnnxValue[] {
  const usual = usualWidth(values);
  return values.map((value, i) => {
    const isLarge = named(value) > 1 || (named(value) === 1 && width(value) > usual);
    if (!isLarge) return value;
    const place = Math.floor(i / NEIGHBORS);
    return { ...value, shape: value.shape.map((dim) => (typeof dim === "number" ? dim : `${dim}@${place}`)) };
  });
}
