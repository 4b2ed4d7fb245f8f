/** @file accelerator_config: mostly about multiple devices; only its gradient accumulation has an effect. */
import { show } from "../errors.ts";
import type { Values } from "./option.ts";
import { ACCELERATOR_OPTIONS, ACCUMULATION_OPTIONS } from "./options/accelerator.ts";
import type { OPTIMIZATION_OPTIONS } from "./options/optimization.ts";
import { givenFrom, readOptions } from "./readOptions.ts";
import type { Report } from "./report.ts";

type AccelerationValues = Pick<
  Values<typeof OPTIMIZATION_OPTIONS>,
  "accelerator_config" | "gradient_accumulation_steps"
>;

/** Checks accelerator_config. @returns gradient_accumulation_steps, which it may set as in transformers. */
export function accumulationSteps(
  { accelerator_config: config, gradient_accumulation_steps: steps }: AccelerationValues,
  label: (key: string) => string,
  report: Report,
): number {
  const where = label("accelerator_config");
  if (typeof config === "string") {
    report.notYet(where, `expected a mapping, found the path ${show(config)}: put the contents of that file here`);
    return steps;
  }
  const given = givenFrom(config ?? {}, where);
  const { gradient_accumulation_kwargs } = readOptions(ACCELERATOR_OPTIONS, given, {}, report);
  const within = `${where}.gradient_accumulation_kwargs`;
  const { num_steps } = readOptions(
    ACCUMULATION_OPTIONS,
    givenFrom(gradient_accumulation_kwargs ?? {}, within),
    {},
    report,
  );
  if (num_steps === null) return steps;
  if (steps === 1) return num_steps;
  const message = `expected no value with gradient_accumulation_steps ${steps}, found ${num_steps}: set only one`;
  report.problem(`${within}.num_steps`, message);
  return steps;
}
