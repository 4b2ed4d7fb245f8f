/** @file peft.LoraConfig: which layers get an adapter, of what rank and scale. */
import { show } from "../errors.ts";
import type { Inputs, Values } from "./option.ts";
import { LORA_OPTIONS } from "./options/lora.ts";
import { type GivenValues, givenFrom, readOptions } from "./readOptions.ts";
import { Report } from "./report.ts";

type LoraValues = Values<typeof LORA_OPTIONS>;

export type LoraConfigInput = Inputs<typeof LORA_OPTIONS>;

/** A LoRA adapter's settings under PEFT's names, complete; frozen. target_modules null: the usual layers. */
export type LoraConfig = LoraValues;

interface LoraConfigConstructor {
  new (input?: LoraConfigInput): LoraConfig;
  (input?: LoraConfigInput): LoraConfig;
}

/**
 * peft.LoraConfig with PEFT's names and defaults; `new` may be left out.
 * @throws PrefineError with all unknown keys, wrong values and options that are not built yet, one line each.
 */
export const LoraConfig = function LoraConfig(input: LoraConfigInput = {}): LoraConfig {
  const report = new Report();
  const config = readLoraConfig(givenFrom(input), report);
  report.throwProblems("LoraConfig");
  return Object.freeze(config);
} as LoraConfigConstructor;

/** Reads and checks an adapter's settings; problems and advice go to `report`. */
function readLoraConfig(given: GivenValues, report: Report): LoraConfig {
  const values = readOptions(LORA_OPTIONS, given, {}, report);
  checkTargets(values.target_modules, given.get("target_modules")?.label ?? "target_modules", report);
  return values;
}

/** Names are built; "all-linear" and regular expressions are not. */
export function checkTargets(targets: readonly string[] | null, label: string, report: Report): void {
  if (targets?.length === 0) report.problem(label, "expected the names of layers, found none");
  for (const target of targets ?? []) {
    if (target === "all-linear" || !/^[\w.-]+$/.test(target)) {
      report.notYet(label, `${show(target)} is not built; give the names of the layers`);
    }
  }
}
