/** @file prefine demo: the whole job of the course note, offline, on the embedded model and data set. */
import type { Command } from "commander";
import { openTerminal } from "../terminal/terminal.ts";
import { interruptible } from "./interrupt.ts";

const EXAMPLES = `
Takes about a minute on two cores, without a network. A second run replaces what
the first one wrote.

Examples:
  prefine demo
  prefine demo --output_dir somewhere-else`;

export function define(command: Command): void {
  command
    .description("Shows DPO at work on a small embedded model: from preference data to two answers side by side.")
    .option("--output_dir <folder>", "where the trained adapter, its log and its plot go", "prefine-demo")
    .addHelpText("after", EXAMPLES)
    .action(demo);
}

async function demo({ output_dir }: { output_dir: string }): Promise<void> {
  const { tellStory } = await import("./demo/story.ts");
  await interruptible((signal) => tellStory({ output_dir, signal, terminal: openTerminal() }));
}
