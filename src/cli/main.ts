/** @file The command line: dispatch, errors without stack traces, exit codes. Commands load lazily. */
import { Command, CommanderError } from "commander";
import { adviceFor } from "../arguments.ts";
import { isFirstRank, turnToReport, workAlone } from "../cluster/firstRank.ts";
import "../config/options/otherNames.ts"; // names of other tools, in messages
import { ioError } from "../disk/ioError.ts";
import { packageVersion } from "../disk/packageVersion.ts";
import { nearestName, PrefineError } from "../errors.ts";
import { openTerminal, printError } from "../terminal/terminal.ts";
import { closedOutput } from "./closedOutput.ts";
import { ignoresHangup } from "./hangup.ts";

/** A command adds its arguments, options, help and action to its entry in the program. */
type Define = (command: Command) => void;

interface Entry {
  summary: string;
  load: () => Promise<{ define: Define }>;
}

const COMMANDS: Record<string, Entry> = {
  train: { summary: "train a model on preferences with DPO", load: () => import("./trainCommand.ts") },
  config: { summary: "turn other tools' run files into prefine's", load: () => import("./configCommand.ts") },
  data: { summary: "show a dataset: splits, features, a record; convert it", load: () => import("./dataCommand.ts") },
  doctor: { summary: "examine preference data for mistakes", load: () => import("./doctorCommand.ts") },
  generate: { summary: "generate text with a model or a run", load: () => import("./generateCommand.ts") },
  compare: { summary: "compare a run's answers with its base model's", load: () => import("./compareCommand.ts") },
  serve: { summary: "serve models under OpenAI's API", load: () => import("./serveCommand.ts") },
  collect: { summary: "collect preferences: judge answers in a local page", load: () => import("./collectCommand.ts") },
  merge: { summary: "merge a run's adapter into its base model", load: () => import("./mergeCommand.ts") },
  demo: { summary: "run a complete example offline in about a minute", load: () => import("./demoCommand.ts") },
  plot: { summary: "plot the logs of runs", load: () => import("./plotCommand.ts") },
};

const EXAMPLES = `
Examples:
  prefine demo
  prefine data BarraHome/ultrafeedback_binarized
  prefine train --model_name_or_path gpt2 --use_peft --output_dir dpo \\
      --dataset_name BarraHome/ultrafeedback_binarized --process ultrafeedback \\
      --dataset_train_split train_prefs
  prefine plot dpo
  prefine compare dpo --prompt "Why is the sky blue?"

Run prefine COMMAND --help for details of a command.`;

/** Exit code of work that a signal stopped. */
const INTERRUPTED = 130;

/**
 * Runs a command line (without node and script).
 * @returns the exit code: 0 success, 1 error (printed), 2 severe findings of the doctor, 130 stopped by a signal.
 *   Of the processes of a job, the first prints the error of all; it alone does what is no training.
 */
export async function main(words: string[]): Promise<number> {
  outliveTerminal();
  try {
    const launched = words[0] === "train" ? undefined : workAlone();
    if (launched && launched.rank > 0) return 0;
    const program = await createProgram(words);
    if (launched) warnOfOthers(words, launched);
    await program.parseAsync(withUnderscores(words, program), { from: "user" });
    return 0;
  } catch (error) {
    return reportOnce(error);
  }
}

/** All but `train` is work of one process. */
function warnOfOthers(words: readonly string[], { by, size }: { by: string; size: number | undefined }): void {
  if (words.length === 0 || words.some((word) => /^(-h|--help|-V|--version)$/.test(word))) return;
  const started = `${by} has started ${size ?? "several"} processes`;
  openTerminal().info(
    `warning: ${started}, and prefine ${words[0]} is the work of one: rank 0 does it, the others end`,
  );
}

/** Reports an error, unless another process of the job does. An error of this rank alone ends the whole job. */
async function reportOnce(error: unknown): Promise<number> {
  const isInterrupted = exitCodeOf(error) === INTERRUPTED;
  if (isInterrupted && !isFirstRank()) return INTERRUPTED; // the ranks stop together
  const { abortJob, isConnected } = await import("../cluster/job.ts");
  const where = await turnToReport({ isConnected: isConnected() });
  const code = where === undefined ? exitCodeOf(error) : reportError(error, where);
  if (!isInterrupted) await abortJob(code);
  return code;
}

async function createProgram(words: string[]): Promise<Command> {
  const program = new Command("prefine")
    .description("Direct Preference Optimization (DPO) for Node.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES)
    .enablePositionalOptions()
    .configureOutput({ outputError: (text) => isFirstRank() && printUsageError(text, program) })
    .exitOverride();
  const commandName = words.find((word) => !word.startsWith("-"));
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).summary(summary).helpOption("-h, --help", "print help").exitOverride();
    if (name === commandName) (await load()).define(command);
  }
  if (commandName !== undefined && !Object.hasOwn(COMMANDS, commandName)) throw unknownCommand(commandName);
  return program;
}

/** Accepts `--max-new-tokens` for `--max_new_tokens`, like TRL's parser, if only the latter is a flag. */
function withUnderscores(words: string[], program: Command): string[] {
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  const flags = new Set(commands.flatMap(({ options }) => options.map(({ long }) => long)));
  return words.map((word) => {
    const [flag] = word.split("=", 1);
    const twin = `--${flag.slice(2).replaceAll("-", "_")}`;
    return flag.startsWith("--") && !flags.has(flag) && flags.has(twin) ? twin + word.slice(flag.length) : word;
  });
}

function unknownCommand(name: string): PrefineError {
  const nearest = nearestName(name, Object.keys(COMMANDS));
  const advice = nearest ? `did you mean ${nearest}?` : `expected one of ${Object.keys(COMMANDS).join(", ")}`;
  return new PrefineError("config", `unknown command ${name}; ${advice}`, "prefine --help lists the commands.");
}

/** Prints commander's errors (unknown flag, missing argument) in the same form as all others. */
function printUsageError(text: string, program: Command): void {
  const [message, advice] = text
    .trim()
    .replace(/^error: /, "")
    .split("\n");
  const flag = /^unknown option '--([^'=]+)/.exec(message)?.[1];
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  const names = commands.flatMap(({ options }) => options.map(({ long }) => long?.slice(2) ?? ""));
  const meant = flag && adviceFor(flag.replaceAll("-", "_"), names, (name) => `--${name}`);
  const nearest = meant ? `${meant[0].toUpperCase()}${meant.slice(1)}` : /Did you mean .*\?/.exec(advice ?? "")?.[0];
  printError(message, nearest ?? "prefine COMMAND --help lists the flags.");
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  return error instanceof PrefineError && error.code === "interrupted" ? INTERRUPTED : 1;
}

/** Prints an error. @param where begins the message: the rank that met it. @returns the exit code. */
function reportError(error: unknown, where = ""): number {
  const code = exitCodeOf(error);
  if (error instanceof CommanderError) return code; // already printed by commander
  if (error instanceof PrefineError) {
    if (code !== INTERRUPTED) printError(where + error.message, error.hint);
    else process.stderr.write(`${[error.message, error.hint].filter(Boolean).join("\n")}\n`);
    return code;
  }
  const text = where + (error instanceof Error ? error.message : String(error));
  if (error instanceof Error && "syscall" in error) {
    printError(text); // from the operating system: no such file, no space, no permission
    return code;
  }
  const stack = process.env.PREFINE_DEBUG && error instanceof Error ? `\n${error.stack}` : "";
  printError(`${text}${stack}`, "This looks like a bug in prefine; set PREFINE_DEBUG=1 for a stack trace.");
  return code;
}

let isOutliving = false;

/** A terminal or pipe that closes ends no training, and nohup's SIGHUP nothing. */
function outliveTerminal(): void {
  if (isOutliving) return;
  isOutliving = true;
  process.stdout.on("error", endWithoutOutput);
  process.stderr.on("error", () => {}); // there is no other place to say so
  if (ignoresHangup()) process.on("SIGHUP", () => {});
}

/** `prefine data x | head` closes the pipe early; this is not an error. EIO: the terminal is closed. */
function endWithoutOutput(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(closedOutput.code);
  if (error.code === "EIO") return;
  process.exit(reportError(ioError(error, "stdout")));
}
