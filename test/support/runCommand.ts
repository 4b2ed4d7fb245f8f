/** @file Runs a command line of prefine in the test's process and captures its output. */
import { vi } from "vitest";
import { main } from "../../src/cli/main.ts";

export interface CommandOutcome {
  /** Exit code. */
  code: number;
  stdout: string;
  stderr: string;
}

/** `await runCommand("data", "pairs.jsonl")`: like `npx prefine data pairs.jsonl` into a pipe. */
export async function runCommand(...words: string[]): Promise<CommandOutcome> {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      written[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      return true;
    }),
  );
  try {
    return { code: await main(words), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
