/** @file Measures TRL and transformers on the same model and rows, if Python with trl is present. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TrlMeasurements } from "./measurements.ts";

/** This file runs from bench/dist/bench. */
const script = fileURLToPath(new URL("../../trl_dpo.py", import.meta.url));

/** PREFINE_PYTHON, else python3, if trl, peft and datasets can be imported there. */
export function findPython(): string | undefined {
  const python = process.env.PREFINE_PYTHON ?? "python3";
  const check =
    "import importlib.util as u, sys; sys.exit(not all(u.find_spec(n) for n in ('trl', 'peft', 'datasets')))";
  return spawnSync(python, ["-c", check], { stdio: "ignore" }).status === 0 ? python : undefined;
}

interface Variant {
  seconds_per_step: number;
  peak_rss_bytes: number;
}

/** About six minutes on two cores for 24 steps of both variants. @returns null if the script fails, with a message. */
export function measureTrl(
  python: string,
  options: { model: string; steps: number; newTokens: number; targets?: string },
): TrlMeasurements | null {
  const { model, steps, newTokens, targets = "c_attn,c_proj" } = options;
  const args = [script, "--model", model, "--steps", String(steps), "--new-tokens", String(newTokens)];
  args.push("--targets", targets);
  const { status, stdout } = spawnSync(python, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) return null;
  const report = JSON.parse(stdout.trim().split("\n").at(-1) as string) as {
    default: Variant;
    best: Variant;
    generate_tokens_per_second: number;
  };
  return {
    seconds_per_step: report.default.seconds_per_step,
    peak_rss_bytes: report.default.peak_rss_bytes,
    best_seconds_per_step: report.best.seconds_per_step,
    best_peak_rss_bytes: report.best.peak_rss_bytes,
    generate_tokens_per_second: report.generate_tokens_per_second,
  };
}
