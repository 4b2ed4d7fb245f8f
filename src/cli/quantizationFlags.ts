/** @file Quantization flags of `generate`, `compare` and `merge`: 8 bits, 4 bits, or none. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { BitsAndBytesConfig } from "../config/BitsAndBytesConfig.ts";
import { bool } from "../config/kinds.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { describeQuantization } from "../models/precision/quantize.ts";

export interface QuantizationFlags {
  load_in_8bit?: boolean;
  load_in_4bit?: boolean;
  bnb_4bit_quant_type?: "fp4" | "nf4";
  use_bnb_nested_quant?: boolean;
}

export function addQuantizationFlags(command: Command): Command {
  const bits = (count: number) =>
    new Option(`--load_in_${count}bit [bool]`, `quantize the model's linear layers to ${count} bits`).argParser(
      readBool,
    );
  return command
    .addOption(bits(8))
    .addOption(bits(4))
    .addOption(new Option("--bnb_4bit_quant_type <name>", "4-bit format").choices(["fp4", "nf4"]).hideHelp())
    .addOption(new Option("--use_bnb_nested_quant", "also quantize the 4-bit scales").hideHelp());
}

function readBool(text: string): boolean {
  const value = bool.read(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError("Expected true or false.");
}

/**
 * Options for AutoModelForCausalLM.from_pretrained. Empty without flags: a run's base model is then quantized as in
 * training. `--load_in_4bit false`: not quantized.
 */
export function quantizationFlags(flags: QuantizationFlags): { quantization_config?: BitsAndBytesConfig | null } {
  const { load_in_8bit, load_in_4bit, bnb_4bit_quant_type = "nf4", use_bnb_nested_quant = false } = flags;
  if (load_in_8bit === undefined && load_in_4bit === undefined) return {};
  if (!load_in_8bit && !load_in_4bit) return { quantization_config: null };
  const bits = { load_in_8bit: load_in_8bit ?? false, load_in_4bit: load_in_4bit ?? false };
  const format = { bnb_4bit_quant_type, bnb_4bit_use_double_quant: use_bnb_nested_quant };
  return { quantization_config: BitsAndBytesConfig({ ...bits, ...format }) };
}

/** Describes a quantization that comes from the run and not from a flag; undefined if there is none. */
export function recordedLine({ architecture }: LoadedModel, flags: QuantizationFlags): string | undefined {
  const description = "quantization_config" in quantizationFlags(flags) ? null : describeQuantization(architecture);
  return description === null
    ? undefined
    : `base model: ${description}, as in training (--load_in_4bit false turns it off)`;
}
