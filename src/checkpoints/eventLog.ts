/** @file The TensorBoard log of a run: an event file, written by whole records. */
import type { RunFolder, Storage } from "../disk/storage.ts";
import {
  encodeFileVersion,
  encodeScalars,
  encodeText,
  tensorboardTag,
  wholeRecordsLength,
} from "../formats/tensorboard.ts";

export interface EventLog {
  readonly file: string;
  /** A log entry under transformers' tags (`train/loss`, `eval/rewards/margins`); skips values that are not numbers. */
  scalars(entry: Record<string, unknown>, step: number): void;
  /** A text for the text tab, such as `args` or `model_config`. */
  text(tag: string, text: string): void;
  close(): void;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * transformers' folder for the events of a run that starts now: logging_dir, else $TENSORBOARD_LOGGING_DIR, else
 * `output_dir/runs/Nov23_06-17-00_HOST`.
 */
export function eventFolder(
  storage: Storage,
  { output_dir, logging_dir }: { output_dir: string; logging_dir: string | null },
  { env = {}, now = new Date() }: { env?: Readonly<Record<string, string | undefined>>; now?: Date } = {},
): RunFolder {
  const folder = logging_dir ?? (env.TENSORBOARD_LOGGING_DIR || null);
  if (folder !== null) return storage.folder(folder);
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-");
  const day = `${MONTHS[now.getMonth()]}${two(now.getDate())}`;
  return storage.folder(output_dir).folder(`runs/${day}_${time}_${storage.writer.host}`);
}

/**
 * Opens an event file for appending; first removes an incomplete record at its end (from a crash).
 * @throws PrefineError("io") if the disk is full or not writable; also later, from `scalars` and `text`.
 * @param folder created if missing; the file gets a TensorBoard file name unless `name` is given.
 */
export function openEventLog(
  folder: RunFolder,
  { writer, name }: { writer: Storage["writer"]; name?: string },
): EventLog {
  const seconds = () => Date.now() / 1000;
  const usual = `events.out.tfevents.${Math.floor(seconds())}.${writer.host}.${writer.pid}.0`;
  const log = folder.openLog(name ?? usual, wholeRecordsLength);
  if (log.length === 0) log.append(encodeFileVersion(seconds()));
  return {
    file: log.path,
    scalars: (entry, step) => {
      const numbers = Object.entries(entry).filter((pair): pair is [string, number] => typeof pair[1] === "number");
      const tagged = numbers
        .filter(([key]) => key !== "step")
        .map(([key, value]): [string, number] => [tensorboardTag(key), value]);
      log.append(encodeScalars(tagged, { wallTime: seconds(), step }));
    },
    text: (tag, text) => {
      log.append(encodeText(tag, text, { wallTime: seconds(), step: 0 }));
    },
    close: () => log.close(),
  };
}
