/** @file Legend names of overlaid runs: the settings in which they differ. */

import { pythonFloat } from "../formats/pythonFloat.ts";
import { onOneLine } from "../phrases.ts";
import type { PlottedRun } from "./series.ts";

/** Settings that a legend names if runs differ in them, those with the largest effect first. */
const LEGEND_SETTINGS = [
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
 * Legend names of several runs: `dpo (beta 0.1)`. Includes beta, since losses and rewards depend on it, and all
 * other settings in which the runs differ. A run without settings keeps its plain name.
 */
export function legendNames(runs: readonly PlottedRun[]): string[] {
  const differing = LEGEND_SETTINGS.filter((key) => differ(runs, key));
  return runs.map(({ name: raw, settings }) => {
    const name = onOneLine(raw);
    if (settings === undefined) return name;
    const parts = ["beta", ...differing].flatMap((key) => {
      const value = asText(settings[key]);
      if (value === undefined) return [];
      return key === "loss_type" ? [value] : [`${key} ${value}`];
    });
    return parts.length > 0 ? `${name} (${parts.join(", ")})` : name;
  });
}

/** True if losses and rewards of the runs have different scales. */
export const differInBeta = (runs: readonly PlottedRun[]) => differ(runs, "beta");

function differ(runs: readonly PlottedRun[], key: string): boolean {
  const values = runs.flatMap(({ settings }) => asText(settings?.[key]) ?? []);
  return new Set(values).size > 1;
}

/** Numbers as Python prints them: 1e-05. */
function asText(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : pythonFloat(value);
  if (Array.isArray(value)) return value.join(" + ");
  return value === undefined || value === null || typeof value === "object" ? undefined : onOneLine(String(value));
}
