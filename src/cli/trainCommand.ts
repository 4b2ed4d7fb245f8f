/** @file prefine train: starts a run from a run file and flags; Ctrl-C, SIGTERM and SIGHUP save a checkpoint. */
import { type Command, CommanderError } from "commander";
import { isFirstRank } from "../cluster/firstRank.ts";
import { recognizeLauncher } from "../cluster/launcher.ts";
import { PrefineError } from "../errors.ts";
import { counted, shellWord } from "../phrases.ts";
import type { StepReport } from "../terminal/logging.ts";
import { openTerminal } from "../terminal/terminal.ts";
import { interruptible } from "./interrupt.ts";
import { RUN_FILE, readRunFile } from "./readRunFile.ts";

const USAGE = `Usage: prefine train [--config run.yaml] [--key value ...]

Trains a model on preferences (DPO). Flags and run-file keys have the flat names
of \`trl dpo\`, whose run files work here. Flags override the file. Defaults are
in [brackets].`;

const EXAMPLES = `Examples:
  prefine train --config run.yaml
  prefine train --config run.yaml --beta 0.3 --output_dir dpo-beta0.3
  prefine train --model_name_or_path gpt2 --output_dir dpo --use_peft \\
      --lora_r 4 --lora_target_modules c_attn c_proj --learning_rate 1e-4 \\
      --dataset_name BarraHome/ultrafeedback_binarized --process ultrafeedback \\
      --dataset_train_split train_prefs --dataset_test_split test_prefs
  prefine train --model_name_or_path gpt2 --data_files.train pairs.jsonl
  prefine train --config run.yaml --resume_from_checkpoint
  prefine train --config run.yaml --dry-run

ctrl-C, SIGTERM and SIGHUP save a checkpoint and print how to resume; a second
one exits immediately. Under nohup, SIGHUP is ignored.`;

export function define(command: Command): void {
  command
    .helpOption(false) // the table of options does help and parsing for its hundreds of flags
    .allowUnknownOption()
    .passThroughOptions()
    .argument("[words...]")
    .action((words: string[]) => run(words));
}

async function run(words: string[]): Promise<void> {
  const isHelp = words.some((word) => ["-h", "--help", "--help-all", "--help_all"].includes(word));
  const isFirst = isFirstRank();
  if (isHelp && !isFirst) return;
  if (isHelp) return printHelp(words.some((word) => /^--help[-_]all$/.test(word)));
  const { isDry, rest } = takeDryRun(words);
  const { path, flags } = takeConfig(rest);
  const file = path === undefined ? undefined : { name: path, text: await readRunFile(path) };
  if (isDry && !isFirst) return;
  if (isDry) return (await import("./dryRun.ts")).dryRun({ file, flags });
  const { parseRun } = await import("../config/run.ts");
  const { run, env } = parseRun({ file, flags });
  Object.assign(process.env, env);
  const count = run.script.num_processes ?? 1;
  if (count > 1 && recognizeLauncher(process.env) === undefined) return trainTogether(words, count);
  const { train } = await import("../train.ts");
  const { createLogger } = await import("../terminal/logger.ts");
  const logger = createLogger({ disable_tqdm: run.args.disable_tqdm ?? false });
  if (isFirst) warnOfCount(count, logger.warn);
  let hasResults = false;
  const step = (report: StepReport) => {
    hasResults = true;
    logger.step(report);
  };
  const { global_step, training_loss } = await interruptible(
    (signal) => train(run, { signal, logger: { ...logger, step } }),
    // the other ranks end with the first one, which may have results
    { hasResults: () => hasResults || !isFirst, message: "stopped before a step was done; nothing was saved" },
  );
  if (!isFirst) return;
  const { output_dir } = run.args;
  const { print } = openTerminal();
  print(`${output_dir}: trained for ${counted(global_step, "step")}, train_loss ${training_loss.toFixed(4)}`);
  print(`Next: prefine compare ${shellWord(output_dir)}`);
}

/** A launcher has started other than num_processes: its word counts. */
function warnOfCount(count: number, warn: (line: string) => void): void {
  const { by, size } = recognizeLauncher(process.env) ?? {};
  if (count === 1 || size === undefined || size === count) return;
  warn(`num_processes ${count} starts nothing here: ${by} has started ${size} processes, which train`);
}

/** num_processes: this process only starts the others, waits for them, and passes signals on. */
async function trainTogether(words: string[], count: number): Promise<void> {
  const { checkCount, startJob } = await import("../cluster/startJob.ts");
  const warning = checkCount(count);
  if (warning !== undefined) openTerminal().info(`warning: ${warning}`);
  const code = await startJob(["train", ...words], count);
  if (code !== 0) throw new CommanderError(code, "prefine.job", "the processes have said why");
}

/** Removes `--dry-run`, which is no option of a run. */
function takeDryRun(words: string[]): { isDry: boolean; rest: string[] } {
  const rest = words.filter((word) => !/^--dry[-_]run(=true)?$/.test(word));
  return { isDry: rest.length < words.length, rest };
}

/** Removes `--config FILE` or `--config=FILE` from the words; the last one wins. */
function takeConfig(words: string[]): { path: string | undefined; flags: string[] } {
  const flags: string[] = [];
  let path: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (at === 0 && /\.(ya?ml|json)$/.test(word)) {
      throw new PrefineError("config", `${word}: expected a flag`, `Did you mean --config ${shellWord(word)}?`);
    }
    if (word.startsWith("--config=")) path = word.slice("--config=".length);
    else if (word !== "--config") flags.push(word);
    else if (at + 1 < words.length && !words[at + 1].startsWith("--")) path = words[++at];
    else throw new PrefineError("config", "--config: expected the path of a run file, found no value", RUN_FILE);
  }
  return { path, flags };
}

async function printHelp(all: boolean): Promise<void> {
  const { RUN_OPTIONS } = await import("../config/run.ts");
  const { optionHelp } = await import("./optionHelp.ts");
  const terminal = openTerminal();
  const own =
    "Run:\n  --config PATH                 Run file, YAML or JSON.\n" +
    "  --dry-run                     Check it and its data's first rows, and end.";
  const more = all
    ? "COMPATIBILITY.md lists the support of every option."
    : `--help-all shows all ${Object.keys(RUN_OPTIONS).length} options.`;
  const options = optionHelp(RUN_OPTIONS, { all, columns: terminal.columns });
  terminal.print([USAGE, own, options, EXAMPLES, more].join("\n\n"));
}
