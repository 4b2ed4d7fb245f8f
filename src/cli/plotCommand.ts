/** @file prefine plot RUN...: plots the logs of runs as SVG and PNG, and as a small plot in the terminal. */
import { type Command, InvalidArgumentError } from "commander";
import { shownPath } from "../disk/shownPath.ts";
import { openTerminal } from "../terminal/terminal.ts";
import { stoppedLine } from "./stoppedRun.ts";

const EXAMPLES = `
RUN is the folder of a run, a checkpoint in it, or a trainer_state.json.

Examples:
  prefine plot dpo
  prefine plot dpo-beta0.1 dpo-beta0.5 --out betas.png
  prefine plot dpo --metrics loss rewards/accuracies --theme dark`;

interface Options {
  out?: string;
  metrics?: string[];
  theme?: "light" | "dark";
  title?: string;
  width?: number;
}

export function define(command: Command): void {
  command
    .description("Plots training loss, evaluation loss, margins and accuracies of runs over epochs.")
    .argument("<runs...>", "run folders; several are overlaid")
    .option("-o, --out <path>", "output folder, or file name without .svg and .png")
    .option("--metrics <names...>", "metrics to plot, by TRL's names")
    .option("--theme <light|dark>", "color theme", readTheme)
    .option("--title <text>", "title (default: the run's name)")
    .option("--width <pixels>", "width of the SVG; the PNG is twice as wide", readPixels)
    .addHelpText("after", EXAMPLES)
    .action(plot);
}

async function plot(runs: string[], options: Options): Promise<void> {
  const { plotRunFolders } = await import("../plots/plotRunFolders.ts");
  const { readTrainerState } = await import("../plots/readTrainerState.ts");
  const terminal = openTerminal();
  const { svg, png } = await plotRunFolders(runs, options);
  for (const run of runs) {
    const { checkpoint } = await readTrainerState(run);
    if (checkpoint !== undefined) terminal.info(stoppedLine(run, checkpoint));
  }
  if (terminal.isTTY && runs.length === 1) {
    const { plotTerminal } = await import("../terminal/plotTerminal.ts");
    const { log_history, settings } = await readTrainerState(runs[0]);
    const { columns, color } = terminal;
    terminal.print(`${plotTerminal(log_history, { columns, color, settings, metric: options.metrics?.[0] })}\n`);
  }
  for (const file of [svg, png]) terminal.print(shownPath(file));
}

function readTheme(text: string): "light" | "dark" {
  if (text === "light" || text === "dark") return text;
  throw new InvalidArgumentError("Expected light or dark.");
}

function readPixels(text: string): number {
  const pixels = Number(text);
  if (Number.isInteger(pixels) && pixels >= 200 && pixels <= 10_000) return pixels;
  throw new InvalidArgumentError("Expected an integer from 200 to 10000.");
}
