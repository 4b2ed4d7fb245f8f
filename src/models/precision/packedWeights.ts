/** @file Weights stored in 8 or 4 bits in their files (bitsandbytes): kept unchanged, code for code. */
import type { FileRange } from "../../engine/runtime/protocol.ts";
import { PrefineError, show } from "../../errors.ts";
import { isBlockwise, type PackedMatrix, UNQUANTIZED } from "../../formats/bitsandbytes.ts";
import type { Architecture, QuantizationSettings } from "../network.ts";

/** @throws PrefineError("not-yet") if config.json names a quantization other than bitsandbytes. */
export function checkQuantMethod(config: Readonly<Record<string, unknown>>, configFile: string): void {
  const { quantization_config: quantization } = config;
  if (typeof quantization !== "object" || quantization === null) return;
  const { quant_method: method = "bitsandbytes" } = quantization as Record<string, unknown>;
  if (method === "bitsandbytes") return;
  const message = `${configFile}: quantization_config: weights quantized by ${show(method)} are not read`;
  throw new PrefineError("not-yet", message, UNQUANTIZED);
}

/** Shape of a parameter's codes: [out, in], even if the parameter itself is [in, out]. */
export function packedShape({ linears }: Architecture, parameter: string, shape: readonly number[]): readonly number[] {
  return layoutOf(linears, parameter) === "in,out" ? [...shape].reverse() : shape;
}

const layoutOf = (linears: Architecture["linears"], parameter: string) =>
  linears.find(({ name }) => `${name}.weight` === parameter)?.layout ?? "out,in";

/** Location of such a parameter. 8-bit rows that blocks would straddle are widened on reading. */
export function packedRange(
  { linears }: Architecture,
  parameter: string,
  codes: Pick<FileRange, "file" | "start" | "end" | "shape"> & { packed: PackedMatrix },
): FileRange {
  const { packed, ...range } = codes;
  const layout = layoutOf(linears, parameter);
  const isLinear = linears.some(({ name }) => `${name}.weight` === parameter);
  const quantize = { format: packed.format, nested: packed.nested, layout };
  const quantized = isLinear && isBlockwise(packed) ? { quantize } : {};
  return { ...range, as: packed.dtype, packed: { ...packed, layout }, ...quantized };
}

/** The settings of quantizeModel that would give this; nothing if no matrix is kept in fewer bits. */
export function asPacked(
  architecture: Architecture,
  weights: ReadonlyMap<string, FileRange>,
  config: Readonly<Record<string, unknown>>,
): { architecture: Architecture; quantization?: QuantizationSettings } {
  const quantized = new Map<string, NonNullable<FileRange["quantize"]>>();
  for (const [name, { quantize }] of weights) if (quantize) quantized.set(name.replace(/\.weight$/, ""), quantize);
  const [first] = quantized.values();
  if (!first) return { architecture };
  const { llm_int8_skip_modules: skipped } = (config.quantization_config ?? {}) as Record<string, unknown>;
  const quantization: QuantizationSettings = {
    load_in_8bit: first.format === "int8",
    load_in_4bit: first.format !== "int8",
    bnb_4bit_quant_type: first.format === "fp4" ? "fp4" : "nf4",
    bnb_4bit_use_double_quant: first.nested,
    llm_int8_skip_modules: Array.isArray(skipped) ? skipped.map(String) : null,
  };
  return { architecture: { ...architecture, quantized }, quantization };
}
