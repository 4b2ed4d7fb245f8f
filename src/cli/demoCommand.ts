/** @file prefine demo: the course note from start to end, offline, on the embedded model and dataset. */
import type { Command } from "commander";
import { openTerminal } from "../terminal/terminal.ts";
import { interruptible } from "./interrupt.ts";

const EXAMPLES = `
Takes about a minute on two cores and needs no network. A second run replaces
the output of the first.

Examples:
  prefine demo
  prefine demo --output_dir somewhere-else`;

export function define(command: Command): void {
  command
    .description("Demonstrates DPO on a small embedded model: from preference data to answers side by side.")
    .option("--output_dir <folder>", "where to write the trained adapter, its log and plot", "prefine-demo")
    .addHelpText("after", EXAMPLES)
    .action(demo);
}

async function demo({ output_dir }: { output_dir: string }): Promise<void> {
  const { runStory } = await import("./demo/story.ts");
  await interruptible((signal) => runStory({ output_dir, signal, terminal: openTerminal() }));
}
