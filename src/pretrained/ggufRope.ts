/**
 * @file A GGUF file's rotary keys and factors -> config.json's rope_scaling, with the numbers that llama.cpp computes
 * from them: one divisor of each channel's frequency, and a factor of cosines and sines.
 */
import { PrefineError, show } from "../errors.ts";
import { smallest } from "../lists.ts";
import type { GgufReader } from "./ggufReader.ts";
import { llama3Scaling } from "./llama3Scaling.ts";

/** Divisors of rotary frequencies in a file, one per channel pair, by the tensor's name without `.weight`. */
export type RotaryFactors = Partial<Record<(typeof ROTARY_FACTORS)[number], ArrayLike<number>>>;

/** Llama 3.1 and later have rope_freqs instead of the scaling's parameters, Phi-3 two sets by a text's length. */
export const ROTARY_FACTORS = ["rope_freqs", "rope_factors_long", "rope_factors_short"] as const;

interface Rotary {
  headDim: number;
  positions: number;
  theta: number;
  factors: RotaryFactors;
}

/** With the channels of a head that rotate. */
interface Rotated extends Omit<Rotary, "factors"> {
  rotated: number;
  factors: ArrayLike<number> | undefined;
}

/** A scaling as llama.cpp reads it: linear where a file does not say, with a factor of 1 where it has none. */
function scalingOf(read: GgufReader) {
  const type = read.value("rope.scaling.type") ?? "linear";
  const factor = read.number("rope.scaling.factor", read.number("rope.scale_linear", 0));
  const attention = read.number("rope.scaling.attn_factor", 1);
  for (const [key, value] of [["factor", factor] as const, ["attn_factor", attention] as const]) {
    if (value >= 0) continue;
    const message = `${read.where}: ${read.architecture}.rope.scaling.${key}: expected at least 0, found ${value}`;
    throw new PrefineError("model", message, "Download the file again: it may be damaged.");
  }
  return { type, factor: type === "none" || factor === 0 ? 1 : factor, attention };
}

/**
 * For families that rotate whole heads.
 * @throws PrefineError("not-yet") for a scaling that config.json can't express, or with a part of each head.
 */
export function ropeScaling(read: GgufReader, { headDim, factors, ...rotary }: Rotary): Record<string, unknown> {
  const rotated = read.number("rope.dimension_count", headDim);
  if (rotated !== headDim) throw notYet(read, `rope.dimension_count ${rotated} of heads of ${headDim} channels`);
  return scalingField(read, { ...rotary, headDim, rotated, factors: factors.rope_freqs });
}

/** For families that rotate a part of each head. */
export function partialScaling(read: GgufReader, { headDim, factors, ...rotary }: Rotary): Record<string, unknown> {
  const rotated = read.number("rope.dimension_count", headDim);
  if (!Number.isInteger(rotated) || rotated < 2 || rotated > headDim || rotated % 2 !== 0) {
    const expected = `an even number of the ${headDim} channels of a head`;
    const message = `${read.where}: ${read.architecture}.rope.dimension_count: expected ${expected}, found ${rotated}`;
    throw new PrefineError("model", message, "Download the file again: it may be damaged.");
  }
  const all = { ...rotary, headDim, rotated, factors: factors.rope_freqs };
  return {
    partial_rotary_factor: partOf(rotated, headDim),
    ...(longRope(read, all, factors) ?? scalingField(read, all)),
  };
}

/** The factor of which transformers gets the channels back, rounding down. */
const partOf = (rotated: number, headDim: number) =>
  Math.trunc(headDim * (rotated / headDim)) === rotated ? rotated / headDim : (rotated + 0.5) / headDim;

/** Phi-3's LongRoPE: two sets of factors, the second for texts longer than the original positions. */
function longRope(read: GgufReader, { positions, rotated }: Rotated, factors: RotaryFactors) {
  const { rope_factors_long: long, rope_factors_short: short } = factors;
  if (!long && !short) return undefined;
  const { type, factor, attention } = scalingOf(read);
  if (!["linear", "none", "longrope"].includes(String(type)) || factor !== 1 || factors.rope_freqs) {
    throw notYet(read, `rope_factors_long.weight with type ${show(type)}, factor ${factor}`);
  }
  const original = read.number("rope.scaling.original_context_length", positions) || positions;
  return {
    original_max_position_embeddings: original,
    rope_scaling: {
      rope_type: "longrope",
      short_factor: divisorsOf(read, "rope_factors_short", { factors: short, rotated }),
      long_factor: divisorsOf(read, "rope_factors_long", { factors: long, rotated }),
      attention_factor: attention,
      original_max_position_embeddings: original,
    },
  };
}

function scalingField(read: GgufReader, rotary: Rotated): Record<string, unknown> {
  const { rotated, positions, theta, factors } = rotary;
  const { type, factor, attention } = scalingOf(read);
  if (type === "yarn" && !factors) return yarn(read, { factor, attention, positions });
  if (type !== "linear" && type !== "none") {
    throw notYet(read, factors ? `rope_freqs.weight with rope.scaling.type ${show(type)}` : `type ${show(type)}`);
  }
  if (factor === 1 && attention === 1) {
    if (!factors) return {};
    const llama3 = llama3Scaling(factors, { theta, headDim: rotated });
    if (llama3) return { rope_scaling: llama3 };
  }
  if (attention === 1 && !factors) return { rope_scaling: { rope_type: "linear", factor } };
  return { rope_scaling: byChannel(read, rotary, { factor, attention }) };
}

/** YaRN; llama.cpp multiplies its temperature by attn_factor. */
function yarn(
  read: GgufReader,
  { factor, attention, positions }: { factor: number; attention: number; positions: number },
) {
  const original = read.number("rope.scaling.original_context_length", positions) || positions;
  const temperature = factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
  const own = attention === 1 ? {} : { attention_factor: temperature * attention };
  return { rope_scaling: { rope_type: "yarn", factor, original_max_position_embeddings: original, ...own } };
}

/** transformers' longrope with one set of factors: any divisors, and any attention factor. */
function byChannel(
  read: GgufReader,
  { rotated, positions, factors }: Rotated,
  { factor, attention }: { factor: number; attention: number },
) {
  const own = factors && divisorsOf(read, "rope_freqs", { factors, rotated });
  const divisors = Array.from({ length: rotated / 2 }, (_, i) => factor * (own ? own[i] : 1));
  return {
    rope_type: "longrope",
    short_factor: divisors,
    long_factor: divisors,
    factor: 1,
    attention_factor: attention,
    original_max_position_embeddings: positions,
  };
}

/** The factors, checked. */
function divisorsOf(
  { where }: GgufReader,
  name: string,
  { factors, rotated }: { factors: ArrayLike<number> | undefined; rotated: number },
): number[] {
  const divisors = Array.from(factors ?? []);
  if (divisors.length === rotated / 2 && divisors.every((value) => value > 0 && Number.isFinite(value)))
    return divisors;
  const found = `${divisors.length} numbers${divisors.length > 0 ? `, the smallest ${smallest(divisors)}` : ""}`;
  const message = `${where}: ${name}.weight: expected ${rotated / 2} numbers above 0, found ${found}`;
  throw new PrefineError("model", message, "Download the file again: it may be damaged.");
}

function notYet({ where }: GgufReader, what: string): PrefineError {
  const message = `${where}: rotary scaling: ${what} is not supported in GGUF files`;
  return new PrefineError("not-yet", message, "Use the model's safetensors.");
}
