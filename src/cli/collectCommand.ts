/** @file prefine collect: a local page where people judge answers, until a signal comes. */
import { spawn } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import type { CollectServer } from "../collecting/session/collectServer.ts";
import type { PreferenceStatistics } from "../collecting/statistics.ts";
import { counted, shellWord } from "../phrases.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";
import { interruptible } from "./interrupt.ts";
import { defineShapeFlags, type ShapeFlags, shapeOf } from "./shapeFlags.ts";
import { winRateLines } from "./winRateLines.ts";

const EXAMPLES = `
Opens a page where you judge two answers to each prompt with one key. Verdicts
go to FILE's events (pairs.events.jsonl), and the pairs to train on to FILE. The
same command goes on where it was. The page talks to this server only.

MODEL is a hub id, a folder, a run, or NAME@URL of an OpenAI-style server, whose
key is that of the environment variable OPENAI_API_KEY. One model answers twice,
with different seeds; two are compared. Which model wrote which answer is stored
and not shown.

--prompts is a .txt file with one prompt per line, or a dataset with a column
prompt. Without it, prompts are typed in the page.

Examples:
  prefine collect --model HuggingFaceTB/SmolLM2-135M-Instruct --prompts prompts.txt --out pairs.jsonl
  prefine collect --model dpo --model gpt2 --prompts prompts.txt --annotator ann
  prefine collect --model qwen3@http://127.0.0.1:11434/v1
  prefine collect --pairs old-pairs.jsonl --out judged.jsonl`;

interface CollectFlags extends ShapeFlags {
  model?: string[];
  prompts?: string;
  pairs?: string;
  out: string;
  annotator?: string;
  system?: string;
  split?: string;
  limit?: number;
  temperature: number;
  top_p?: number;
  max_new_tokens: number;
  repeats: number;
  port: number;
  open: boolean;
  token?: string;
}

export function define(command: Command): void {
  const described = command
    .description("Collects preferences: a local page where you judge two answers to each prompt.")
    .option("--model <model>", "model that answers; repeat for a second one", collect)
    .option("--prompts <file>", "prompts: a .txt file with one per line, or a dataset (default: typed in the page)")
    .option("--pairs <dataset>", "pairs to judge again, of any format, instead of --model")
    .option("--out <file>", "file of pairs", "pairs.jsonl")
    .option("--annotator <name>", "who judges, where several do")
    .option("--system <text>", "system message for chat models")
    .option("--split <name>", "split of the dataset (default: the first)")
    .option("--limit <number>", "maximum number of prompts or pairs", readCount)
    .option("--temperature <number>", "of sampling; 0 = greedy", readNumber(2), 0.8)
    .option("--top_p <number>", "of sampling", readNumber(1))
    .option("--max_new_tokens <number>", "longest answer in tokens", readCount, 256)
    .option(
      "--repeats <share>",
      "share of pairs shown again with swapped sides, to measure agreement",
      readNumber(1),
      0.05,
    )
    .option("--port <number>", "port to listen at; 0 = any free one", readPort, 8100)
    .option("--no-open", "don't open a browser")
    .option("--token <text>", "token for the hub (or set HF_TOKEN)");
  defineShapeFlags(described, "--pairs").addHelpText("after", EXAMPLES).action(run);
}

const collect = (model: string, before: string[] = []) => [...before, model];

function readPort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError("Expected a number from 0 to 65535.");
}

function readCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count > 0 && Number.isSafeInteger(count)) return count;
  throw new InvalidArgumentError("Expected an integer from 1.");
}

function readNumber(most: number) {
  return (text: string): number => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (value >= 0 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number from 0 to ${most}.`);
  };
}

async function run(flags: CollectFlags): Promise<void> {
  const terminal = openTerminal();
  const { openCollectServer } = await import("../collecting/session/collectServer.ts");
  const { temperature, top_p, max_new_tokens, out, annotator, model, prompts, pairs } = flags;
  const { split, limit, system, repeats, port, token } = flags;
  let server: CollectServer | undefined;
  await interruptible(
    async (signal) => {
      const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      const sampling = { temperature, max_tokens: max_new_tokens, ...(top_p === undefined ? {} : { top_p }) };
      const data = { prompts, pairs, split, shape: shapeOf(flags), limit, system, token };
      const onLine = (line: string) => terminal.info(line);
      const apiKey = process.env.OPENAI_API_KEY || undefined;
      const named = { file: out, annotator: annotator ?? null, models: model ?? [] };
      server = await openCollectServer({ ...named, ...data, sampling, repeats, port, apiKey, signal, onLine });
      terminal.print(terminal.bold(server.url));
      show(server, flags, terminal);
      await stopped;
      terminal.info("saving");
      const { statistics, winRate } = await server.close();
      printEnd(statistics, out, terminal);
      if (winRate) for (const line of winRateLines(winRate)) terminal.print(line);
    },
    { hasResults: () => server !== undefined },
  );
}

/** Opens the page; says how to reach it where there is no display. */
function show({ url, port }: CollectServer, { open }: CollectFlags, terminal: Terminal): void {
  const { platform, env } = process;
  const hasDisplay = platform === "darwin" || platform === "win32" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  if (env.SSH_CONNECTION || !hasDisplay) {
    const place = `${shellWord(userInfo().username)}@${shellWord(hostname())}`;
    terminal.print(`From another computer: ssh -N -L ${port}:127.0.0.1:${port} ${place}, then open ${url}`);
  } else if (open) {
    const [command, ...words] = OPENERS[platform] ?? ["xdg-open"];
    spawn(command, [...words, url], { stdio: "ignore", detached: true })
      .on("error", () => terminal.info(`no browser was found: open ${url}`))
      .unref();
  }
  terminal.print("Ctrl-C ends; the same command goes on.");
}

const OPENERS: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

function printEnd({ pairs, verdicts, agreement }: PreferenceStatistics, file: string, terminal: Terminal): void {
  const counts = Object.entries(verdicts).filter(([, count]) => count > 0);
  const said = counts.map(([verdict, count]) => `${verdict} ${count}`).join(", ") || "no verdicts";
  terminal.print(`${file}: ${counted(pairs, "pair")} (${said})`);
  for (const { annotators, n, kappa } of agreement) {
    const names = annotators.map((name) => name ?? "(without a name)").join(" and ");
    const value = kappa === null ? "not defined" : kappa.toFixed(2);
    terminal.print(`${names}: Cohen's kappa ${value} over ${counted(n, "pair")}`);
  }
}
