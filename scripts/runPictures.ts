/**
 * @file Draws docs/pictures of the runs that docs/reading-a-run.md shows: logs of real runs, recorded in
 * test/fixtures/verdict-runs.json (scripts/verdictRuns.ts makes them again). `npm run pictures`; seconds.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { plotRuns, renderPng } from "../src/index.ts";
import type { RecordedRun } from "./verdict/recipes.ts";

const RUNS: Record<string, RecordedRun> = JSON.parse(
  readFileSync(new URL("../test/fixtures/verdict-runs.json", import.meta.url), "utf8"),
);

/** Picture -> recorded run, title. */
const PICTURES: Record<string, readonly [run: string, title: string]> = {
  good: ["lora-5e-4-beta-0.5", "Learning"],
  dead: ["lora-1e-6", "Did not move"],
  saturated: ["saturated-full-5e-4", "Saturated"],
  overfitting: ["overfit-lora-5e-3", "Overfitting"],
  collapsed: ["collapsed-lora-3e-2", "Collapsed"],
  "gpt2-shape": ["gpt2-lora-3e-4-rows-4", "Learning: GPT-2's shape"],
};

/** Smaller than a run's own plot: six of them are in the package. */
const SIZE = { width: 520 };
const METRICS = ["loss", "rewards/chosen", "rewards/margins"];

for (const [name, [run, title]] of Object.entries(PICTURES)) {
  const { log_history, args } = RUNS[run];
  const svg = plotRuns([{ name: run, log_history: log_history as never, settings: { ...args } }], {
    ...SIZE,
    title,
    metrics: METRICS,
  });
  writeFileSync(new URL(`../docs/pictures/${name}.png`, import.meta.url), renderPng(svg));
}
