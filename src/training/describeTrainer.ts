/** @file How console.log shows a trainer: a few lines, as Python's reprs are. */
import type { TrainerState } from "../checkpoints/trainerState.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import { counted, printable } from "../phrases.ts";
import { evaluationSets } from "./prepare/rows.ts";
import type { DPOTrainerOptions } from "./trainerOptions.ts";

interface Described extends Pick<DPOTrainerOptions, "model" | "train_dataset" | "eval_dataset"> {
  args: DPOConfig;
  state: TrainerState;
}

export function describeTrainer({ model, train_dataset, eval_dataset, args, state }: Described): string {
  const sets = [...evaluationSets(eval_dataset ?? null)].map(([prefix, rows]) =>
    prefix === "eval" ? describeRows(rows) : `${prefix.slice("eval_".length)}: ${describeRows(rows)}`,
  );
  const steps = state.max_steps > 0 ? `${state.global_step} of ${counted(state.max_steps, "step")}` : "not started";
  const lines = [
    "DPOTrainer({",
    `  model: ${describeModel(model)},`,
    `  train_dataset: ${describeRows(train_dataset)},`,
    `  eval_dataset: ${sets.join("; ") || "none"},`,
    `  args: output_dir ${args.output_dir}, loss_type ${args.loss_type.join(" + ")}, beta ${args.beta}, ` +
      `learning_rate ${args.learning_rate},`,
    `  state: ${steps}`,
    "})",
  ];
  return printable(lines.join("\n"));
}

function describeModel(model: DPOTrainerOptions["model"] | undefined): string {
  if (model === undefined || typeof model === "string") return model ?? "none";
  const loaded = "loaded" in model ? model.loaded : model;
  return "adapter" in model && model.adapter ? `${loaded.nameOrPath} with an adapter` : loaded.nameOrPath;
}

function describeRows(rows: unknown): string {
  if (typeof rows !== "object" || rows === null) return "none";
  if (Array.isArray(rows)) return counted(rows.length, "row");
  const { name, num_rows } = rows as { name?: unknown; num_rows?: unknown };
  return typeof num_rows === "number" ? `${name}, ${counted(num_rows, "row")}` : "rows";
}
