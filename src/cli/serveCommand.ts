/** @file prefine serve MODEL|RUN...: models behind OpenAI's API, until a signal comes. */
import { type Command, InvalidArgumentError } from "commander";
import { PrefineError } from "../errors.ts";
import { largest } from "../lists.ts";
import { counted } from "../phrases.ts";
import type { PrefineServer, RequestRecord } from "../serving/createServer.ts";
import type { ModelToServe } from "../serving/loadModels.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";
import { interruptible } from "./interrupt.ts";
import { addQuantizationFlags, type QuantizationFlags, quantizationFlags } from "./quantizationFlags.ts";

const EXAMPLES = `
MODEL is a hub id or a folder; RUN is the output_dir of a training run, or a
checkpoint in it. Runs of one base model share its weights, and the base model
is served as well. NAME=MODEL gives a model another name than its own. OpenAI's
clients work with the printed address as their baseURL.

Another --host than this machine's own needs an API key: that of the
environment variable PREFINE_API_KEY, or a random one, which is printed once.
Prompts and answers are never logged. Ctrl-C or SIGTERM ends running answers
first, a second one stops at once.

Examples:
  prefine serve dpo
  prefine serve dpo other=runs/other gpt2 --port 8080
  prefine serve HuggingFaceTB/SmolLM2-135M-Instruct --verbose
  curl localhost:8000/v1/chat/completions -H 'Content-Type: application/json' \\
      -d '{"model": "dpo", "messages": [{"role": "user", "content": "Hello"}]}'`;

interface ServeFlags extends QuantizationFlags {
  host: string;
  port: number;
  allowOrigin?: string[];
  drain: number;
  base?: string;
  revision?: string;
  token?: string;
  exact?: boolean;
  verbose?: boolean;
}

export function define(command: Command): void {
  addQuantizationFlags(
    command
      .description("Serves models under OpenAI's API: chats, texts, streamed or not.")
      .argument("<models...>", "hub ids, folders, runs or checkpoints")
      .option("--host <address>", "address to listen at", "127.0.0.1")
      .option("--port <number>", "port to listen at; 0 = any free one", readPort, 8000)
      .option("--allow-origin <urls...>", "origins of web pages that may ask")
      .option("--drain <seconds>", "longest wait for running answers at the end", readSeconds, 30)
      .option("--base <model>", "base model (default: the one recorded in the run)")
      .option("--exact", "float32 products with 8-bit and 4-bit weights: slower, not rounded")
      .option("--revision <name>", "branch, tag or commit of a hub model")
      .option("--token <text>", "token for the hub (or set HF_TOKEN)")
      .option("--verbose", "log a line per request, without its texts"),
  )
    .addHelpText("after", EXAMPLES)
    .action(serve);
}

function readPort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError("Expected a number from 0 to 65535.");
}

function readSeconds(text: string): number {
  const seconds = text.trim() === "" ? Number.NaN : Number(text);
  if (seconds >= 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("Expected a number of seconds.");
}

async function serve(places: string[], flags: ServeFlags): Promise<void> {
  const terminal = openTerminal();
  const { createServer } = await import("../serving/createServer.ts");
  let server: PrefineServer | undefined;
  await interruptible(
    async (signal) => {
      const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      const { host, port, allowOrigin: allowOrigins, exact, token } = flags;
      server = await createServer({
        models: places.map((place) => modelAt(place, flags)),
        ...{ host, port, allowOrigins, exact, token, signal },
        apiKey: process.env.PREFINE_API_KEY || undefined,
        onWarning: (line) => terminal.info(`warning: ${line}`),
        ...(flags.verbose ? { onRequest: (record) => terminal.info(lineOf(record)) } : {}),
      });
      describe(server, terminal);
      await stopped;
      terminal.info("stopping: running answers end first; stop again to end now");
      await server.close(flags.drain);
    },
    { hasResults: () => server !== undefined },
  );
}

/** `NAME=MODEL` or `MODEL`; the flags apply to each. */
function modelAt(place: string, flags: ServeFlags): ModelToServe {
  const [, name, model = place] = /^([^=/\\]+)=(.*)$/.exec(place) ?? [];
  if (model === "") throw new PrefineError("config", `${place}: expected NAME=MODEL, found no model`);
  const { base, revision } = flags;
  return { model, name, base, revision, ...quantizationFlags(flags) };
}

function describe({ url, models, apiKey }: PrefineServer, terminal: Terminal): void {
  terminal.print(terminal.bold(url));
  const width = largest(models.map(({ name }) => name.length));
  for (const { name, parent, contextLength } of models) {
    const of = parent === null ? "" : `, adapter of ${parent}`;
    terminal.print(`  ${name.padEnd(width)}  ${counted(contextLength, "token")}${of}`);
  }
  if (apiKey !== null && !process.env.PREFINE_API_KEY) terminal.print(`API key, shown once: ${apiKey}`);
}

/** `POST /v1/chat/completions 200 1.24 s`. */
const lineOf = ({ method, path, status, seconds }: RequestRecord) =>
  `${method} ${path} ${status} ${seconds.toFixed(2)} s`;
