/** @file Files that grow: a log record by record, and a table whose unwanted end is cut off. */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError } from "./ioError.ts";
import { makeFolder } from "./makeFolder.ts";
import type { GrowingFile } from "./storage.ts";

/**
 * Cuts a file to `length` bytes, appends a text in one write and syncs it.
 * @returns the file's new length.
 * @throws PrefineError("io").
 */
export async function appendText(path: string, length: number, text: string): Promise<number> {
  try {
    makeFolder(dirname(path));
    const file = await open(path, "a", 0o644);
    try {
      await file.truncate(length);
      await file.appendFile(text, "utf8");
      await file.sync();
      return length + Buffer.byteLength(text);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError(cause, path);
  }
}

/**
 * Opens a file for appending, after cutting off anything beyond its whole records.
 * @throws PrefineError("io"), also later; a record that could not be written ends the file.
 */
export function openGrowingFile(path: string, wholeLength: (bytes: Uint8Array) => number): GrowingFile {
  const { handle, length } = onDisk(path, () => openForAppending(path, wholeLength));
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(handle);
    isOpen = false;
  };
  return {
    path,
    length,
    append: (bytes) => onDisk(path, () => writeSync(handle, bytes), close),
    close: () => {
      if (isOpen) onDisk(path, () => fsyncSync(handle), close);
      close();
    },
  };
}

function openForAppending(path: string, wholeLength: (bytes: Uint8Array) => number) {
  makeFolder(dirname(path));
  const length = existsSync(path) ? wholeLength(readFileSync(path)) : 0;
  const handle = openSync(path, "a");
  ftruncateSync(handle, length);
  return { handle, length };
}

/** @throws PrefineError("io") for disk errors, after `giveUp`. */
function onDisk<T>(path: string, action: () => T, giveUp = () => {}): T {
  try {
    return action();
  } catch (cause) {
    giveUp();
    throw ioError(cause, path);
  }
}
