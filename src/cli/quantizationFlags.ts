/** @file How the flags of `generate`, `compare` and `merge` say that a model is to be kept: in 8 or 4 bits, or not. */
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
    new Option(`--load_in_${count}bit [bool]`, `keep the model's linear layers in ${count} bits`).argParser(readBool);
  return command
    .addOption(bits(8))
    .addOption(bits(4))
    .addOption(new Option("--bnb_4bit_quant_type <name>", "format of 4 bits").choices(["fp4", "nf4"]).hideHelp())
    .addOption(new Option("--use_bnb_nested_quant", "quantize the scales of 4 bits, too").hideHelp());
}

function readBool(text: string): boolean {
  const value = bool.read(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError("Expected true or false.");
}

/**
 * As AutoModelForCausalLM.from_pretrained takes it. Nothing where no flag says anything: a run's base is then kept as
 * it was in training. `--load_in_4bit false`: as in its files.
 */
export function quantizationFlags(flags: QuantizationFlags): { quantization_config?: BitsAndBytesConfig | null } {
  const { load_in_8bit, load_in_4bit, bnb_4bit_quant_type = "nf4", use_bnb_nested_quant = false } = flags;
  if (load_in_8bit === undefined && load_in_4bit === undefined) return {};
  if (!load_in_8bit && !load_in_4bit) return { quantization_config: null };
  const bits = { load_in_8bit: load_in_8bit ?? false, load_in_4bit: load_in_4bit ?? false };
  const format = { bnb_4bit_quant_type, bnb_4bit_use_double_quant: use_bnb_nested_quant };
  return { quantization_config: BitsAndBytesConfig({ ...bits, ...format }) };
}

/** A line that says how a base is kept where no flag says it; undefined where it is as in its files. */
export function recordedLine({ architecture }: LoadedModel, flags: QuantizationFlags): string | undefined {
  const description = "quantization_config" in quantizationFlags(flags) ? null : describeQuantization(architecture);
  return description === null
    ? undefined
    : `base model: ${description}, as in training (--load_in_4bit false: as in its files)`;
}
