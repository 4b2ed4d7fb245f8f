/** @file Runs over each other, told apart by what they were trained with. */
import { pythonFloat } from "../formats/pythonFloat.ts";
import type { PlottedRun } from "./series.ts";

/** Settings that a legend names where runs differ in them, the ones that change most first. */
const TELLING = [
  "loss_type",
  "learning_rate",
  "optim",
  "lr_scheduler_type",
  "per_device_train_batch_size",
  "gradient_accumulation_steps",
  "num_train_epochs",
  "max_steps",
  "max_length",
  "label_smoothing",
  "seed",
] as const;

/**
 * The names of several runs for a legend: `dpo (beta 0.1)`, always with beta, on which losses and rewards depend, and
 * with the other settings in which the runs differ. A run without settings keeps its bare name.
 */
export function legendNames(runs: readonly PlottedRun[]): string[] {
  const differing = TELLING.filter((key) => differ(runs, key));
  return runs.map(({ name, settings }) => {
    if (settings === undefined) return name;
    const parts = ["beta", ...differing].flatMap((key) => {
      const value = shown(settings[key]);
      if (value === undefined) return [];
      return key === "loss_type" ? [value] : [`${key} ${value}`];
    });
    return parts.length > 0 ? `${name} (${parts.join(", ")})` : name;
  });
}

/** Whether losses and rewards of the runs have different scales. */
export const differInBeta = (runs: readonly PlottedRun[]) => differ(runs, "beta");

function differ(runs: readonly PlottedRun[], key: string): boolean {
  const values = runs.flatMap(({ settings }) => shown(settings?.[key]) ?? []);
  return new Set(values).size > 1;
}

/** As Python prints it: 1e-05. */
function shown(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : pythonFloat(value);
  if (Array.isArray(value)) return value.join(" + ");
  return value === undefined || value === null || typeof value === "object" ? undefined : String(value);
}
