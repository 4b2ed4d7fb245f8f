/** @file prefine merge RUN: merges a run's adapter into its base model and writes a model folder. */

import type { Command } from "commander";
import { Option } from "commander";
import { folderAt } from "../disk/nodeStorage.ts";
import type { MergeOptions } from "../exporting/mergeAndUnload.ts";
import { printableJson } from "../phrases.ts";
import { openTerminal } from "../terminal/terminal.ts";
import { addQuantizationFlags, type QuantizationFlags, quantizationFlags } from "./quantizationFlags.ts";
import { stoppedRunLine } from "./stoppedRun.ts";

const EXAMPLES = `
RUN is the output_dir of a training run, a checkpoint in it, or a PEFT adapter.
The output folder holds config.json, model.safetensors and the tokenizer, as
transformers loads them. As a check, the merged model's logits are compared with
those of the adapter on its base, on one batch.
An adapter trained on an 8-bit or 4-bit base is merged into the dequantized
weights; --load_in_4bit false merges it into the weights of the base's files.

Examples:
  prefine merge dpo
  prefine merge dpo/checkpoint-500 --output_dir gpt2-dpo
  prefine merge dpo --dtype float32 --overwrite_output_dir
  prefine merge qlora --load_in_4bit false
  prefine generate dpo-merged --prompt "Why is the sky blue?"`;

const DTYPES = ["float32", "float16", "bfloat16"];

type Flags = Omit<MergeOptions, "quantization_config"> & QuantizationFlags & { json?: boolean };

export function define(command: Command): void {
  addQuantizationFlags(
    command
      .description("Merges a run's adapter into its base model and writes a model that needs no adapter.")
      .argument("<run>", "run, checkpoint or adapter")
      .option("-o, --output_dir <path>", "output folder (default: RUN-merged)")
      .addOption(new Option("--dtype <name>", "type of the weights (default: the base model's)").choices(DTYPES))
      .option("--overwrite_output_dir", "replace an existing folder")
      .option("--base <model>", "base model (default: the one recorded in the run)")
      .option("--revision <name>", "branch, tag or commit of a hub adapter")
      .option("--token <text>", "token for the hub (or set HF_TOKEN)")
      .option("--json", "print JSON"),
  )
    .addHelpText("after", EXAMPLES)
    .action(merge);
}

async function merge(run: string, { json, ...flags }: Flags): Promise<void> {
  const { load_in_8bit, load_in_4bit, bnb_4bit_quant_type, use_bnb_nested_quant, ...options } = flags;
  const terminal = openTerminal();
  const { merge_and_unload } = await import("../exporting/mergeAndUnload.ts");
  const onWarning = (line: string) => terminal.info(`warning: ${line}`);
  const stopped = json ? undefined : await stoppedRunLine(run);
  if (stopped !== undefined) terminal.info(stopped);
  const merged = await merge_and_unload(run, { ...options, ...quantizationFlags(flags), onWarning });
  if (json) return terminal.print(printableJson(JSON.stringify(merged, null, 2)));
  const { output_dir, dtype, largest_difference, largest_logit } = merged;
  terminal.info(
    `${dtype}; largest difference of logits between adapter and merged model: ` +
      `${largest_difference.toExponential(1)} (the largest logit is ${largest_logit.toPrecision(3)})`,
  );
  terminal.info(`saved: ${(await folderAt(output_dir).list()).join(", ")}`);
  terminal.print(output_dir);
}
