/** @file Reads trainer_state.json, written by prefine or transformers, as a named log. */

import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { checkValue, text } from "../arguments.ts";
import { isCheckpointName, stepOfName } from "../checkpoints/checkpointNames.ts";
import { nearbyHint } from "../disk/nearbyNames.ts";
import { wholeText } from "../disk/readFiles.ts";
import { shownPath } from "../disk/shownPath.ts";
import { PrefineError } from "../errors.ts";
import { endOfString } from "../formats/exactJson.ts";
import { isObject, parseJson } from "../formats/parseJson.ts";
import { refuseWideText, withoutMark } from "../formats/textEncoding.ts";
import type { PlottedRun, RawLogEntry } from "./series.ts";

const DAMAGED = "Is the file damaged? Plot another run, or a checkpoint of this one.";

export interface TrainerStateFile extends PlottedRun {
  /** Absolute path of the requested run or checkpoint. */
  folder: string;
  /** Absolute path of the file read: the run's, or a checkpoint's if the run has none. */
  file: string;
  /** Name of the folder of that checkpoint. */
  checkpoint?: string;
}

/**
 * Reads the log of a run.
 * @param runOrFile a run folder, one of its checkpoint folders, or a trainer_state.json. For a run folder without a
 *   trainer_state.json (as transformers leaves it), the newest checkpoint's is read.
 * @returns the log, named after the folder (`RUN/checkpoint-N` for a checkpoint).
 * @throws PrefineError `io` if there is no such file, `data` if it is not a trainer state.
 */
export async function readTrainerState(runOrFile: string): Promise<TrainerStateFile> {
  checkValue("readTrainerState", runOrFile, { ...text, expected: "the folder of a run, or its trainer_state.json" });
  const absolute = path.resolve(runOrFile);
  const stats = await stat(absolute).catch(() => undefined);
  if (stats === undefined) {
    const message = `${runOrFile}: expected a run folder or a trainer_state.json, found nothing`;
    throw new PrefineError("io", message, await nearbyHint(runOrFile, "Pass the output_dir of a run."));
  }
  const folder = stats.isDirectory() ? absolute : path.dirname(absolute);
  const file = stats.isDirectory() ? await findState(absolute, runOrFile) : absolute;
  const log_history = await readLog(file);
  const holder = path.dirname(file);
  const checkpoint = holder === folder ? {} : { checkpoint: path.basename(holder) };
  return { name: nameOf(folder), log_history, ...(await readSettings(file)), folder, file, ...checkpoint };
}

const readLog = async (file: string) => parseLog(await wholeText(file), shownPath(file));

/** training_args.json next to the log, as prefine writes it. A missing or damaged one does not prevent plotting. */
async function readSettings(file: string): Promise<Pick<PlottedRun, "settings">> {
  try {
    const settings = parseJson(await readFile(path.join(path.dirname(file), "training_args.json"), "utf8"));
    return isObject(settings) ? { settings } : {};
  } catch {
    return {};
  }
}

const isFile = async (file: string) => (await stat(file).catch(() => undefined))?.isFile() === true;

async function findState(folder: string, shown: string): Promise<string> {
  const own = path.join(folder, "trainer_state.json");
  if (await isFile(own)) return own;
  const checkpoints = (await readdir(folder)).filter(isCheckpointName);
  checkpoints.sort((a, b) => (stepOfName(b) ?? 0) - (stepOfName(a) ?? 0));
  const states = checkpoints.map((name) => path.join(folder, name, "trainer_state.json"));
  const present: string[] = [];
  for (const file of states) if (await isFile(file)) present.push(file);
  for (const file of present) if (await isWhole(file)) return file;
  if (present.length > 0) return present[0]; // reading it reports its defect
  throw new PrefineError(
    "io",
    `${shown}: expected a trainer_state.json in this folder or in one of its checkpoints, found none`,
    "Is this the output_dir of a training run?",
  );
}

const isWhole = (file: string) => readLog(file).then(Boolean, () => false);

function nameOf(folder: string): string {
  const name = path.basename(folder);
  return isCheckpointName(name) ? `${path.basename(path.dirname(folder))}/${name}` : name || folder;
}

/** Python writes NaN and Infinity, which JSON lacks: outside of strings they become null. */
function parsePythonJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return parseJson(withoutNaN(text));
  }
}

/** Skips strings without a pattern, whose stack would overflow on megabytes. */
function withoutNaN(text: string): string {
  const parts: string[] = [];
  let start = 0;
  for (let quote = text.indexOf('"'); quote >= 0; quote = text.indexOf('"', start)) {
    parts.push(text.slice(start, quote).replace(NAN, "null"));
    start = endOfString(text, quote);
    parts.push(text.slice(quote, start));
  }
  parts.push(text.slice(start).replace(NAN, "null"));
  return parts.join("");
}

const NAN = /-?\b(?:NaN|Infinity)\b/g;

function parseLog(text: string, shown: string): RawLogEntry[] {
  refuseWideText(text, shown);
  let state: unknown;
  try {
    state = parsePythonJson(withoutMark(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PrefineError("data", `${shown}: expected a trainer state in JSON: ${reason}`, DAMAGED);
  }
  const log = (state as { log_history?: unknown } | null)?.log_history;
  const isLog = Array.isArray(log) && log.every((entry) => typeof entry === "object" && entry !== null);
  if (!isLog)
    throw new PrefineError("data", `${shown}: expected log_history with a list of log entries, found none`, DAMAGED);
  return log;
}
