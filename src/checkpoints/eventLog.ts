/** @file The TensorBoard log of a run: an event file that grows by whole records. */
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
  /** A log entry under transformers' tags (`train/loss`, `eval/rewards/margins`); what is no number is left out. */
  scalars(entry: Record<string, unknown>, step: number): void;
  /** A text for the text tab, such as `args` or `model_config`. */
  text(tag: string, text: string): void;
  close(): void;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Where transformers puts the events of a run that starts now: logging_dir, else $TENSORBOARD_LOGGING_DIR, else
 * `output_dir/runs/Nov23_06-17-00_HOST`.
 */
export function eventFolder(
  storage: Storage,
  { output_dir, logging_dir }: { output_dir: string; logging_dir: string | null },
  { env = {}, now = new Date() }: { env?: Readonly<Record<string, string | undefined>>; now?: Date } = {},
): RunFolder {
  const asked = logging_dir ?? (env.TENSORBOARD_LOGGING_DIR || null);
  if (asked !== null) return storage.folder(asked);
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-");
  const day = `${MONTHS[now.getMonth()]}${two(now.getDate())}`;
  return storage.folder(output_dir).folder(`runs/${day}_${time}_${storage.writer.host}`);
}

/**
 * Opens an event file for appending: a torn record at its end (a crash while writing) is cut off first.
 * @throws PrefineError("io") when the disk is full, read-only or not ours; also later, from `scalars` and `text`.
 * @param folder is made if it is missing; the file gets TensorBoard's kind of name unless `name` gives one.
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
