/**
 * @file Where files are kept, as interfaces: a model's files are read; a run's folder is also written, whole file by
 * whole file, and owned by one run at a time. Node's folders (nodeStorage.ts) are the implementation; the private file
 * system of a browser, memory, a URL with ranges and dropped files fit as well.
 *
 * Others import the types of this file and nothing more: what they use is given to them by the entry (dpoTrainer.ts for
 * Node), so that the core builds for a browser without the disk. No `rename` among the verbs: what would need one is a
 * verb of its own (`write`, `fill`, `remove`), for browsers rename no folders.
 */
import type { ByteSource } from "../formats/byteSource.ts";
import type { Content } from "../formats/content.ts";

/** A file that is read in parts. `slice` gives fewer bytes where the file ends before `end`. */
export interface OpenFile extends ByteSource {
  slice(start: number, end?: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/**
 * A folder with a model, an adapter or a tokenizer, to be read. Names are relative to it, joined by "/".
 * All verbs throw PrefineError("io"), with the path as people name it, where a file is there and can't be read.
 */
export interface ModelFiles {
  /** As people name it. */
  readonly path: string;
  /** How people name a file in it; the compute thread finds it there. */
  pathOf(name: string): string;
  /** Files and folders right in it, or in a folder in it; none where that is absent. */
  list(folder?: string): Promise<string[]>;
  /** Whether a file or folder is there. */
  has(name: string): Promise<boolean>;
  /** Undefined: there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** UTF-8. Undefined: there is no such file. */
  readText(name: string): Promise<string | undefined>;
  /** For reading in parts. Undefined: there is no such file. */
  open(name: string): Promise<OpenFile | undefined>;
}

/**
 * output_dir, a checkpoint, an adapter's folder. What is written is whole or absent, also after a crash, and lasts once
 * the promise is fulfilled. All verbs throw PrefineError("io") when the disk is full, read-only or not ours.
 */
export interface RunFolder extends ModelFiles {
  /** The last part of its whole path. */
  readonly name: string;
  /** A folder in it; it need not exist. */
  folder(name: string): RunFolder;
  /** The folder that it is in. */
  above(): RunFolder;
  /** Whether there is such a folder. */
  exists(): Promise<boolean>;
  /** Bytes of a file; undefined: it can't be found. */
  size(name: string): Promise<number | undefined>;
  /** Tries whether files can be written, before hours of work depend on it. Leaves everything as it was. */
  checkWritable(): Promise<void>;
  /** Replaces a file, or leaves it as it was; the folder is made if need be. */
  write(name: string, content: Content): Promise<void>;
  /**
   * Makes the folder one with these files; one that is there already is replaced. It appears under its name only when
   * every file in it is on the disk.
   * @param files are asked for one after the other.
   * @param check looks at the files before the folder gets its name; when it throws, all is as it was.
   */
  fill(
    files: Iterable<readonly [name: string, content: Content]>,
    check?: (filled: RunFolder) => Promise<void>,
  ): Promise<void>;
  /**
   * Makes a file longer, in one write.
   * @param length bytes that count; what is behind them is cut off.
   * @returns the file's new length.
   */
  append(name: string, length: number, text: string): Promise<number>;
  /**
   * Opens a file that grows record by record; it is made if it is missing.
   * @param wholeLength bytes of whole records; what a crash has left behind them is cut off.
   */
  openLog(name: string, wholeLength: (bytes: Uint8Array) => number): GrowingFile;
  /** Deletes a file or folder in it; one that is absent is fine. */
  delete(name: string): Promise<void>;
  /** Deletes the folder. It loses its name first, so that no half of it is ever taken for the whole. */
  remove(): Promise<void>;
  /** Deletes what a crash has left half-written right in it. */
  deletePartials(): Promise<void>;
  /** Makes this process the only owner until it lets go, or says whose it is. The folder is made if need be. */
  lock(options?: LockOptions): Promise<FolderLock | { owner: LockOwner }>;
  /** Who is known to own it, if anybody; takes nothing. */
  owner(): Promise<LockOwner | undefined>;
}

export interface LockOptions {
  /** Told where it must be waited for a sign of life of an owner, and how long at most. */
  onWait?: (owner: LockOwner, seconds: number) => void;
  /** Ends the waiting, with its reason. */
  signal?: AbortSignal | undefined;
}

export interface LockOwner {
  where: "this process" | "this computer" | "elsewhere";
  host: string;
  pid: number;
  /** When it took the folder: ISO 8601. */
  since: string;
  /** Milliseconds since its last sign of life. */
  silence: number;
  /** What a person may delete who knows that the owner is gone. */
  file: string;
}

export interface FolderLock {
  /** Whose it was, where that one is gone without having let go. */
  readonly tookOver: LockOwner | undefined;
  /** The owner that took it over from this process, which was stopped or asleep and taken for gone. */
  lostTo(): Promise<LockOwner | undefined>;
  /** Lets go; never fails. A folder that was made for the lock, and is empty, goes with it. */
  release(): Promise<void>;
}

/** Synchronous where the storage allows it: an error may come with a later record, or with `close`. */
export interface GrowingFile {
  readonly path: string;
  /** Bytes that were there when it was opened. */
  readonly length: number;
  /** One write: who reads along sees all of it. */
  append(bytes: Uint8Array): void;
  /** Once it is on the disk. May be called more than once. */
  close(): void;
}

/** SHA-256 of pieces, as formats/sha256.ts has it. */
export interface Hash {
  update(piece: Uint8Array): unknown;
  hex(): string;
}

export interface Storage {
  /** What people call `path`: an output_dir, a checkpoint of another run. It need not exist. */
  folder(path: string): RunFolder;
  /** For what can be computed again: `name` in the user's cache. */
  cacheFolder(name: string): RunFolder;
  /** The whole path of a file or folder, the same however it is named. */
  wholePath(path: string): string;
  /** Bytes [start, end) of a file, in pieces: of weights, where a model says that they lie. */
  readRange(range: { file: string; start: number; end: number }): AsyncIterable<Uint8Array>;
  /** For gigabytes of weights: as fast as the platform can. */
  sha256(): Hash;
  /** What tells those apart who write to one folder; in names of TensorBoard's files. */
  readonly writer: { readonly host: string; readonly pid: number };
}
