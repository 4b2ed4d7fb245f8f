/** @file Lines that a run logs before its first step and after its last. */

import { listCheckpoints } from "../checkpoints/runDirectory.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import { grouped, plural } from "../phrases.ts";
import type { Run } from "./run.ts";

const many = (value: number, one: string) => `${grouped(value)} ${plural(value, one)}`;

/** The run's data, parameters, steps and learning rate, in lines of about 80 characters. */
export function firstLines(run: Run): string[] {
  const { size, args, plan } = run;
  const { beta, loss_type, loss_weights } = args;
  const losses = loss_type.map((name, i) => (loss_weights ? `${loss_weights[i]} ${name}` : name)).join(" + ");
  const all = run.train.pairs.length;
  const isAccumulated = plan.accumulation > 1 && plan.batchSize * plan.accumulation <= all;
  const pairs = isAccumulated
    ? `${plan.batchSize} x ${plan.accumulation}`
    : `${Math.min(plan.batchSize * plan.accumulation, all)}`;
  const epochs = Number.isFinite(all)
    ? `, ${many(Number((plan.maxSteps / plan.stepsPerEpoch).toFixed(2)), "epoch")}`
    : "";
  return [
    dataLine(run),
    ...(size ? [`parameters: ${grouped(size.trained)} of ${grouped(size.all)} are trained (${share(size)})`] : []),
    `steps: ${grouped(plan.maxSteps)} of ${pairs} ${pairs === "1" ? "pair" : "pairs"}${epochs}; ` +
      `loss ${losses}, beta ${beta}`,
    rateLine(args, plan.maxSteps),
  ];
}

function dataLine({ size, train, evals, args }: Run): string {
  const isStream = !Number.isFinite(train.pairs.length);
  const pairs = many(train.pairs.length, "pair");
  const known = size ? [many(size.rows, "row"), pairs] : [pairs];
  const parts = isStream ? ["a stream, in the order of its rows"] : known;
  const dropped = [...(size?.dropped ?? [])];
  const reasons = dropped.map(([reason, rows]) => (dropped.length > 1 ? `${reason} ${grouped(rows)}` : reason));
  const total = dropped.reduce((sum, [, rows]) => sum + rows, 0);
  if (size?.cut) parts.push(`${grouped(size.cut)} cut at max_length ${args.max_length}`);
  if (total > 0) parts.push(`${grouped(total)} dropped (${reasons.join(", ")})`);
  const evaluated = evals.map(({ prefix, pairs }) => {
    const name = prefix === "eval" ? "" : ` of ${prefix.slice("eval_".length)}`;
    const batch = args.dataloader_drop_last ? args.per_device_eval_batch_size : 1;
    return `${many(pairs.length - (pairs.length % batch), "pair")}${name}`;
  });
  if (evaluated.length === 0) return `data: ${parts.join(", ")}`;
  const isEvaluated = args.eval_strategy !== "no" || args.eval_on_start;
  const held = isEvaluated ? `evaluated on ${evaluated.join(", ")}` : `${evaluated.join(", ")} held out`;
  return `data: ${parts.join(", ")}; ${held}${isEvaluated ? "" : " and not evaluated: eval_strategy is no"}`;
}

/** A percentage with two significant digits. */
function share({ trained, all }: { trained: number; all: number }): string {
  const percent = (100 * trained) / all;
  return `${percent >= 10 ? percent.toFixed(0) : percent.toPrecision(2)} %`;
}

function rateLine({ learning_rate, lr_scheduler_type, warmup_steps, optim }: DPOConfig, maxSteps: number): string {
  const warmup = warmup_steps < 1 ? Math.ceil(warmup_steps * maxSteps) : warmup_steps;
  const after = warmup > 0 ? ` after ${many(warmup, "warmup step")}` : "";
  return `learning rate: ${learning_rate}, ${lr_scheduler_type}${after}, ${optim}`;
}

/**
 * The duration of the run, and its files.
 * @param files names of the files of output_dir, in the order of writing.
 * @param seconds that this process has trained.
 */
export async function lastLines(run: Run, files: readonly string[], seconds: number): Promise<string[]> {
  const { state, args, output } = run;
  const checkpoints = (await listCheckpoints(output)).map(({ folder }) => folder.name);
  const shown = checkpoints.length > 2 ? [`${checkpoints.length} checkpoints`] : checkpoints;
  return [
    `done: ${many(state.global_step, "step")} in ${duration(seconds)}`,
    `saved in ${args.output_dir}: ${[...files, ...shown].join(", ")}`,
  ];
}

/** 42 s, 3 min 7 s, 2 h 5 min. */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
