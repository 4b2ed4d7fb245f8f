/** @file peft.LoraConfig: the adapted layers, their rank and scale. */
import { show } from "../errors.ts";
import type { LoraConfigInput, LoraConfig as LoraConfigValues } from "./generated/LoraConfig.ts";
import { LORA_OPTIONS } from "./options/lora.ts";
import { type GivenValues, givenBy, readOptions } from "./readOptions.ts";
import { Report } from "./report.ts";
import { shownBriefly } from "./shownBriefly.ts";

export type { LoraConfigInput };
/** LoRA settings under PEFT's names: complete and frozen. target_modules null: the model's default layers. */
export interface LoraConfig extends LoraConfigValues {}

interface LoraConfigConstructor {
  new (input?: LoraConfigInput): LoraConfig;
  (input?: LoraConfigInput): LoraConfig;
}

/**
 * peft.LoraConfig with PEFT's names and defaults; `new` may be omitted.
 * @throws PrefineError with all unknown keys, wrong values and options that are not built yet, one line each.
 */
export const LoraConfig = function LoraConfig(input: LoraConfigInput = {}): LoraConfig {
  const report = new Report();
  const config = readLoraConfig(givenBy("LoraConfig", input), report);
  report.throwProblems("LoraConfig");
  return shownBriefly("LoraConfig", LORA_OPTIONS, config);
} as LoraConfigConstructor;

/** Reads and checks an adapter's settings; problems and advice go to `report`. */
function readLoraConfig(given: GivenValues, report: Report): LoraConfig {
  const values = readOptions(LORA_OPTIONS, given, {}, report);
  const labelOf = (name: keyof LoraConfigValues) => given.get(name)?.label ?? name;
  checkTargets(values.target_modules, labelOf("target_modules"), report);
  const { target_modules, layers_to_transform, layers_pattern } = values;
  if (typeof target_modules === "string") {
    for (const name of ["layers_to_transform", "layers_pattern"] as const) {
      if (values[name] === null) continue;
      report.problem(labelOf(name), `expected none with target_modules ${show(target_modules)}; give a list of names`);
    }
  } else if (layers_pattern !== null && layers_pattern.length > 0 && layers_to_transform === null) {
    report.problem(labelOf("layers_pattern"), "expected layers_to_transform with it, found none");
  }
  return values;
}

export function checkTargets(targets: readonly string[] | string | null, label: string, report: Report): void {
  if (targets?.length === 0) report.problem(label, "expected the names of layers, found none");
}
