/** @file The TensorBoard log of a run: an event file that grows by whole records. */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { makeFolder } from "../disk/makeFolder.ts";
import { ioError } from "../disk/wholeFiles.ts";
import {
  encodeFileVersion,
  encodeScalars,
  encodeText,
  tensorboardTag,
  wholeRecordsLength,
} from "../formats/tensorboard.ts";

export interface EventLog {
  readonly file: string;
  /** A log entry under transformers' tags (`train/loss`, `eval/rewards/margins`); what is no number is left out. */
  scalars(entry: Record<string, unknown>, step: number): void;
  /** A text for the text tab, such as `args` or `model_config`. */
  text(tag: string, text: string): void;
  close(): void;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Where transformers puts the events of a run that starts now: `output_dir/runs/Nov23_06-17-00_HOST`, or
 * TENSORBOARD_LOGGING_DIR where that is set.
 */
export function eventFolder(outputDir: string, now = new Date()): string {
  const fromEnvironment = process.env.TENSORBOARD_LOGGING_DIR;
  if (fromEnvironment) return fromEnvironment;
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-");
  return path.join(outputDir, "runs", `${MONTHS[now.getMonth()]}${two(now.getDate())}_${time}_${hostname()}`);
}

/**
 * Opens an event file for appending: a torn record at its end (a crash while writing) is cut off first.
 * @throws PrefineError("io") when the disk is full, read-only or not ours; also later, from `scalars` and `text`.
 * @param folder is made if it is missing; the file gets TensorBoard's kind of name unless `name` gives one.
 */
export function openEventLog(folder: string, { name }: { name?: string } = {}): EventLog {
  const seconds = () => Date.now() / 1000;
  const file = path.join(folder, name ?? `events.out.tfevents.${Math.floor(seconds())}.${hostname()}.${process.pid}.0`);
  const { handle, length } = onDisk(file, () => openForAppending(file));
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(handle);
    isOpen = false;
  };
  // One write a record: whoever reads along sees it whole. Nothing follows a record that could not be written.
  const append = (bytes: Uint8Array) => onDisk(file, () => writeSync(handle, bytes), close);
  if (length === 0) append(encodeFileVersion(seconds()));
  return {
    file,
    scalars: (entry, step) => {
      const numbers = Object.entries(entry).filter((pair): pair is [string, number] => typeof pair[1] === "number");
      const tagged = numbers
        .filter(([key]) => key !== "step")
        .map(([key, value]): [string, number] => [tensorboardTag(key), value]);
      append(encodeScalars(tagged, { wallTime: seconds(), step }));
    },
    text: (tag, text) => {
      append(encodeText(tag, text, { wallTime: seconds(), step: 0 }));
    },
    close: () => {
      if (isOpen) onDisk(file, () => fsyncSync(handle), close);
      close();
    },
  };
}

function openForAppending(file: string): { handle: number; length: number } {
  makeFolder(path.dirname(file));
  const length = existsSync(file) ? wholeRecordsLength(readFileSync(file)) : 0;
  const handle = openSync(file, "a");
  ftruncateSync(handle, length);
  return { handle, length };
}

/** @throws PrefineError("io") for what the disk refuses, after `giveUp`. */
function onDisk<T>(file: string, action: () => T, giveUp = () => {}): T {
  try {
    return action();
  } catch (cause) {
    giveUp();
    throw ioError(cause, file);
  }
}
