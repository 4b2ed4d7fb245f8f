/**
 * @file A GGUF file's rotary keys and factors -> config.json's rope_scaling, with the numbers that llama.cpp computes
 * from them: one divisor of each channel's frequency, and a factor of cosines and sines.
 */
import { PrefineError, show } from "../errors.ts";
import type { GgufReader } from "./ggufReader.ts";
import { llama3Scaling } from "./llama3Scaling.ts";

interface Rotary {
  headDim: number;
  positions: number;
  theta: number;
  /** Divisors of the frequencies in the file (rope_freqs.weight), one per channel pair. */
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

/** @throws PrefineError("not-yet") for a scaling that config.json can't express, or with a part of each head. */
export function ropeScaling(read: GgufReader, rotary: Rotary): Record<string, unknown> {
  const { headDim, positions, theta, factors } = rotary;
  const rotated = read.number("rope.dimension_count", headDim);
  if (rotated !== headDim) throw notYet(read, `rope.dimension_count ${rotated} of heads of ${headDim} channels`);
  const { type, factor, attention } = scalingOf(read);
  if (type === "yarn" && !factors) return yarn(read, { factor, attention, positions });
  if (type !== "linear" && type !== "none") {
    throw notYet(read, factors ? `rope_freqs.weight with rope.scaling.type ${show(type)}` : `type ${show(type)}`);
  }
  if (factor === 1 && attention === 1) {
    if (!factors) return {};
    const llama3 = llama3Scaling(factors, { theta, headDim });
    if (llama3) return { rope_scaling: llama3 };
  }
  if (attention === 1 && !factors) return { rope_scaling: { rope_type: "linear", factor } };
  return { rope_scaling: byChannel(read, { ...rotary, factor, attention }) };
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
  { headDim, positions, factors, factor, attention }: Rotary & { factor: number; attention: number },
) {
  const divisors = Array.from({ length: headDim / 2 }, (_, i) => factor * (factors ? factors[i] : 1));
  if (factors && (factors.length !== divisors.length || !divisors.every((value) => value > 0))) {
    const found = `${factors.length} numbers, the smallest ${Math.min(...Array.from(factors))}`;
    const message = `${read.where}: rope_freqs.weight: expected ${divisors.length} numbers above 0, found ${found}`;
    throw new PrefineError("model", message, "Download the file again: it may be damaged.");
  }
  return {
    rope_type: "longrope",
    short_factor: divisors,
    long_factor: divisors,
    factor: 1,
    attention_factor: attention,
    original_max_position_embeddings: positions,
  };
}

function notYet({ where }: GgufReader, what: string): PrefineError {
  const message = `${where}: rotary scaling: ${what} is not supported in GGUF files`;
  return new PrefineError("not-yet", message, "Use the model's safetensors.");
}
