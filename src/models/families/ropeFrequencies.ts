/**
 * @file Rotation speed of each channel pair of a rotary embedding: config.json -> radians per position. Every step is
 * rounded to float32 as in torch, since the position multiplies any difference.
 */
import { PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { type ConfigFields, readConfigFields } from "./configFields.ts";

export interface RopeFrequencies {
  /** [R / 2] radians per position, float32 values; R: rotated channels of a head. */
  frequencies: readonly number[];
  /** Factor of cosines and sines (YaRN's temperature), else 1. */
  scale: number;
  /** LongRoPE: the frequencies of texts with more tokens than `above`. */
  long?: { above: number; frequencies: readonly number[] };
}

export interface RopeShape {
  headSize: number;
  maxPositions: number;
  /** Default of rope_theta. */
  theta: number;
  /** Default of partial_rotary_factor, in families that read it; absent: whole heads rotate. */
  partial?: number;
  /** Whether the family's long factors of LongRoPE apply by a text's length, and its generation heeds it. */
  switches?: boolean;
}

/** The channels that rotate have the place of a whole head. */
type ScaledShape = Omit<RopeShape, "partial">;

const f32 = Math.fround;

/** theta^(2 i / D), float32; the last pair of an odd D takes in the next channel. */
function wavelengths(theta: number, headSize: number): number[] {
  return Array.from({ length: Math.ceil(headSize / 2) }, (_, i) => f32(f32(theta) ** f32((2 * i) / headSize)));
}

type Scaling = (plain: readonly number[], rope: ConfigFields, shape: ScaledShape) => RopeFrequencies;

const inverse = (x: number) => f32(1 / x);

/** Scales all frequencies by one factor. */
const linear: Scaling = (plain, rope) => {
  const factor = rope.positive("factor");
  return { frequencies: plain.map((w) => f32(inverse(w) / f32(factor))), scale: 1 };
};

/** Llama 3.1: scales low frequencies, keeps high ones, interpolates smoothly in between. */
const llama3: Scaling = (plain, rope, shape) => {
  const factor = f32(rope.positive("factor"));
  const [low, high] = [rope.positive("low_freq_factor"), rope.positive("high_freq_factor")];
  const original = rope.positive("original_max_position_embeddings", shape.maxPositions);
  const frequencies = plain.map((w) => {
    const frequency = inverse(w);
    const wavelength = f32(f32(2 * Math.PI) / frequency);
    if (wavelength > f32(original / low)) return f32(frequency / factor);
    if (wavelength < f32(original / high)) return frequency;
    const smooth = f32(f32(f32(f32(original) / wavelength) - f32(low)) / f32(high - low));
    return f32(f32(f32(f32(1 - smooth) * frequency) / factor) + f32(smooth * frequency));
  });
  return { frequencies, scale: 1 };
};

/** The channel that makes `turns` full turns within the original positions (a real number). */
function channelOf(turns: number, theta: number, headSize: number, original: number): number {
  return (headSize * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
}

/** YaRN (arXiv 2309.00071): a ramp over the channels from unchanged to scaled, and a temperature. */
const yarn: Scaling = (plain, rope, { headSize, maxPositions, theta }) => {
  const original = rope.positive("original_max_position_embeddings", maxPositions);
  const factor = rope.positive("factor", maxPositions / original);
  const bounds = [rope.positive("beta_fast", 32), rope.positive("beta_slow", 1)].map((turns) =>
    channelOf(turns, theta, headSize, original),
  );
  const [start, end] = rope.boolean("truncate", true) ? [Math.floor(bounds[0]), Math.ceil(bounds[1])] : bounds;
  const low = Math.max(start, 0);
  const high = Math.min(end, headSize - 1);
  const width = low === high ? 0.001 : high - low;
  const frequencies = plain.map((w, i) => {
    const ramp = Math.min(1, Math.max(0, f32(f32(i - f32(low)) / f32(width))));
    const unchanged = f32(1 - ramp);
    return f32(f32(inverse(f32(f32(factor) * w)) * f32(1 - unchanged)) + f32(inverse(w) * unchanged));
  });
  return { frequencies, scale: yarnScale(rope, factor) };
};

function yarnScale(rope: ConfigFields, factor: number): number {
  if (rope.json.attention_factor != null) return rope.number("attention_factor", 1);
  const temperature = (mscale: number) => (factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1);
  const [mscale, all] = [rope.number("mscale", 0), rope.number("mscale_all_dim", 0)];
  return mscale > 0 && all > 0 ? temperature(mscale) / temperature(all) : temperature(1);
}

/** LongRoPE (arXiv 2402.13753): a factor for each channel's wavelength. */
const longrope: Scaling = (plain, rope, { maxPositions, switches }) => {
  const original = rope.positive("original_max_position_embeddings", maxPositions);
  const [short, long] = [channelFactors("short_factor", rope, plain), channelFactors("long_factor", rope, plain)];
  const hasLong = maxPositions > original && short.some((factor, i) => factor !== long[i]);
  if (hasLong && !switches) {
    const message = `${rope.where}: short_factor and long_factor differ, and apply by a text's length: not built yet`;
    throw new PrefineError("not-yet", message, `Set max_position_embeddings to ${original} for short texts alone.`);
  }
  const factor = rope.positive("factor", maxPositions / original);
  const scale = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  const scaled = (factors: readonly number[]) => plain.map((w, i) => inverse(f32(f32(factors[i]) * w)));
  return {
    frequencies: scaled(short),
    scale: rope.number("attention_factor", scale),
    ...(hasLong ? { long: { above: original, frequencies: scaled(long) } } : {}),
  };
};

function channelFactors(name: string, rope: ConfigFields, { length }: readonly number[]): readonly number[] {
  const factors = rope.json[name];
  const isFactor = (one: unknown) => typeof one === "number" && one > 0 && Number.isFinite(one);
  if (Array.isArray(factors) && factors.length === length && factors.every(isFactor)) return factors;
  throw rope.fault(`${name}: expected ${length} numbers above 0, found ${show(factors)}`);
}

const unscaled: Scaling = (plain) => ({ frequencies: plain.map(inverse), scale: 1 });

const SCALINGS: Record<string, Scaling> = {
  default: unscaled,
  // NTK: a larger theta beyond max_position_embeddings, which prefine never exceeds
  dynamic: unscaled,
  linear,
  llama3,
  longrope,
  yarn,
};

/**
 * Reads `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (4), which come first, as they do there.
 * @throws PrefineError("not-yet") for a rope_type that prefine does not run.
 */
export function ropeFrequencies(fields: ConfigFields, shape: RopeShape): RopeFrequencies {
  const [name, rope] = ropeFields(fields);
  const theta = rope.positive("rope_theta", fields.positive("rope_theta", shape.theta));
  return scaledFrequencies({ name, rope, fields }, { ...shape, theta });
}

interface RopeSource {
  /** Of the field that holds the parameters, for messages. */
  name: string;
  rope: ConfigFields;
  /** config.json. */
  fields: ConfigFields;
}

/** @param shape with the theta that counts. */
export function scaledFrequencies({ name, rope, fields }: RopeSource, shape: RopeShape): RopeFrequencies {
  const type = rope.json.rope_type ?? rope.json.type ?? "default";
  const scaling = typeof type === "string" && Object.hasOwn(SCALINGS, type) ? SCALINGS[type] : undefined;
  if (!scaling) {
    const names = Object.keys(SCALINGS).join(", ");
    const message = `${fields.where}: ${name}: rope_type ${show(type)} is not built yet`;
    throw new PrefineError("not-yet", message, `These are: ${names}.`);
  }
  const { theta, maxPositions, switches = false } = shape;
  if (shape.partial === undefined && type !== "default") refusePartial(name, rope, fields, shape.headSize);
  const mayBeOdd = type === "default" || type === "linear";
  const headSize = shape.partial === undefined ? shape.headSize : rotatedChannels(rope, fields, shape, mayBeOdd);
  return scaling(wavelengths(theta, headSize), rope, { headSize, maxPositions, theta, switches });
}

/**
 * Channels of a head that rotate, in families that rotate only a part. transformers runs odd numbers as well: it takes
 * the frequencies of that number, and rotates one channel more.
 */
function rotatedChannels(rope: ConfigFields, fields: ConfigFields, shape: RopeShape, mayBeOdd: boolean): number {
  const { headSize, partial = 1 } = shape;
  const factor = rope.positive("partial_rotary_factor", fields.positive("partial_rotary_factor", partial));
  const rotated = Math.trunc(headSize * factor);
  const isOdd = rotated % 2 === 1;
  if (factor <= 1 && rotated > 0 && (isOdd ? mayBeOdd && rotated < headSize : true)) return rotated;
  const expected = `${mayBeOdd ? "some" : "an even number"} of the ${headSize} channels of a head`;
  throw rope.fault(`partial_rotary_factor: expected ${expected}, found ${show(factor)}`);
}

/** In no model of these families; transformers reads the factor only for scaled ones. */
function refusePartial(name: string, rope: ConfigFields, { json, where }: ConfigFields, headSize: number): void {
  const factor = rope.json.partial_rotary_factor ?? json.partial_rotary_factor ?? 1;
  if (typeof factor === "number" && Math.trunc(headSize * factor) === headSize) return;
  const message = `${where}: ${name}: partial_rotary_factor ${show(factor)} is not built yet`;
  throw new PrefineError("not-yet", message, "Use a model that rotates whole heads.");
}

function ropeFields(fields: ConfigFields): [name: string, rope: ConfigFields] {
  const [name, value] = ropeObject(fields);
  if (Object.values(value).some(isObject)) {
    const message = `${fields.where}: ${name}: parameters per layer type are not built yet`;
    throw new PrefineError("not-yet", message, "Give one set of parameters for all layers.");
  }
  return [name, ropeReader(fields, name, value)];
}

/** The field that holds the parameters, and its value; {} if there is none. */
export function ropeObject({ json, fault }: ConfigFields): [name: string, value: Record<string, unknown>] {
  const isSet = (value: unknown) => value != null && !(isObject(value) && Object.keys(value).length === 0);
  const name = isSet(json.rope_scaling) ? "rope_scaling" : "rope_parameters";
  const value = json[name] ?? {};
  if (!isObject(value)) throw fault(`${name}: expected an object with rope_type, found ${show(value)}`);
  return [name, value];
}

/** Reads parameters; those before scaling may be next to them in config.json, which come first, as in transformers. */
export function ropeReader({ json, where }: ConfigFields, name: string, value: Record<string, unknown>): ConfigFields {
  const original = json.original_max_position_embeddings;
  const rope = original == null ? value : { ...value, original_max_position_embeddings: original };
  return readConfigFields(rope, `${where}: ${name}`);
}
