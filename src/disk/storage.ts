/**
 * @file Interfaces of file storage: a model's files are read; a run's folder is also written, only whole files, and
 * owned by one run at a time. Node's folders (nodeStorage.ts) implement them; a browser's private file system, memory,
 * a URL with ranges and dropped files would fit too.
 *
 * Other code imports only the types of this file: the entry (dpoTrainer.ts for Node) passes the implementation, so the
 * core builds for a browser without the disk. There is no `rename`: operations that would need it have their own method
 * (`write`, `fill`, `remove`), because browsers can't rename folders.
 */
import type { ByteSource } from "../formats/byteSource.ts";
import type { Content } from "../formats/content.ts";

/** A file to read in parts. `slice` returns fewer bytes if the file ends before `end`. */
export interface OpenFile extends ByteSource {
  slice(start: number, end?: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/**
 * A readable folder with a model, an adapter or a tokenizer. Names are relative to it, joined by "/".
 * All methods throw PrefineError("io"), with the path as displayed, if a file exists but can't be read.
 */
export interface ModelFiles {
  /** The path as displayed. */
  readonly path: string;
  /** The displayed path of a file in it, under which the compute thread finds it. */
  pathOf(name: string): string;
  /** Names directly in it, or in one of its folders; empty if that does not exist. */
  list(folder?: string): Promise<string[]>;
  /** Whether a file or folder exists. */
  has(name: string): Promise<boolean>;
  /** Undefined: there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** UTF-8. Undefined: there is no such file. */
  readText(name: string): Promise<string | undefined>;
  /** Opens a file to read in parts. Undefined: there is no such file. */
  open(name: string): Promise<OpenFile | undefined>;
}

/**
 * output_dir, a checkpoint, an adapter's folder. Files are whole or absent, even after a crash, and durable once the
 * promise is fulfilled. All methods throw PrefineError("io") if the disk is full, read-only or not ours.
 */
export interface RunFolder extends ModelFiles {
  /** The last part of its absolute path. */
  readonly name: string;
  /** A folder in it; it need not exist. */
  folder(name: string): RunFolder;
  /** Its parent folder. */
  above(): RunFolder;
  /** Whether the folder exists. */
  exists(): Promise<boolean>;
  /** Bytes of a file; undefined if it can't be found. */
  size(name: string): Promise<number | undefined>;
  /**
   * SHA-256 of a file in hexadecimal digits, read in pieces by the platform's fastest implementation: a second per
   * 1.5 GB; nothing if it is unchanged since the last call. Undefined: there is no such file.
   */
  sha256(name: string): Promise<string | undefined>;
  /** Begins a SHA-256, for content that is being written. */
  hash(): Hash;
  /** Tests whether files can be written, before hours of work depend on it. Changes nothing. */
  checkWritable(): Promise<void>;
  /** Replaces a file, or leaves the old one in place; creates the folder if absent. */
  write(name: string, content: Content): Promise<void>;
  /**
   * Creates or replaces the folder with exactly these files. It appears under its name only when every file in it is on
   * disk.
   * @param files requested one at a time, each when the one before is written.
   */
  fill(files: Iterable<readonly [name: string, content: Content]>, options?: FillOptions): Promise<void>;
  /**
   * Appends to a file in one write.
   * @param length bytes to keep; anything after them is cut off.
   * @returns the file's new length.
   */
  append(name: string, length: number, text: string): Promise<number>;
  /**
   * Opens a file that grows record by record; creates it if absent.
   * @param wholeLength bytes of whole records; whatever a crash left after them is cut off.
   */
  openLog(name: string, wholeLength: (bytes: Uint8Array) => number): GrowingFile;
  /** Deletes a file or folder in it; an absent one is fine. */
  delete(name: string): Promise<void>;
  /** Deletes the folder. Renames it first, so a half-deleted one is never taken for whole. */
  remove(): Promise<void>;
  /** Deletes half-written files left directly in it by a crash. */
  deletePartials(): Promise<void>;
  /**
   * Makes this process the only owner until it releases the lock, or returns the owner: of this folder, of one above
   * it, or of one inside it. Creates a missing folder.
   */
  lock(options?: LockOptions): Promise<FolderLock | { owner: LockOwner }>;
  /** The known owner of this folder or one above it, if any; takes nothing. `inside`: or of one inside it. */
  owner(options?: { inside?: boolean }): Promise<LockOwner | undefined>;
}

export interface FillOptions {
  /** Inspects the files before the folder gets its name; if it throws, nothing changes. */
  check?: ((filled: RunFolder) => Promise<void>) | undefined;
  /** Names in a folder that is replaced -> those to keep in the new one. Default: none. */
  keeps?: ((names: readonly string[]) => readonly string[]) | undefined;
}

export interface LockOptions {
  /** Called when the lock has to wait for an owner's heartbeat, with the maximum wait. */
  onWait?: (owner: LockOwner, seconds: number) => void;
  /** Ends the waiting, with its reason. */
  signal?: AbortSignal | undefined;
}

export interface LockOwner {
  /** Unique to each lock. */
  id: string;
  /** "unknown": the file is not a lock of prefine; host, pid and since are placeholders. */
  where: "this process" | "this computer" | "elsewhere" | "unknown";
  host: string;
  pid: number;
  /** When it took the folder: ISO 8601. */
  since: string;
  /** Milliseconds since its last heartbeat; negative if its clock is ahead of this computer's. */
  silence: number;
  /** The owned folder: the one asked about, or the absolute path of one above or inside it. */
  folder: string;
  /** The file to delete if the user knows that the owner is gone. */
  file: string;
}

export interface FolderLock {
  /** As in LockOwner. */
  readonly id: string;
  /** The previous owner, if it died without releasing the lock. */
  readonly tookOver: LockOwner | undefined;
  /** The owner that took over from this process, which was stopped or asleep and taken for dead. */
  lostTo(): Promise<LockOwner | undefined>;
  /** Releases the lock; never fails. Removes the folder if it was created for the lock and is empty. */
  release(): Promise<void>;
}

/** Synchronous if the storage allows it: an error may come with a later record, or with `close`. */
export interface GrowingFile {
  readonly path: string;
  /** Bytes in it when it was opened. */
  readonly length: number;
  /** One write: concurrent readers see all of it. */
  append(bytes: Uint8Array): void;
  /** Returns once it is on disk. May be called repeatedly. */
  close(): void;
}

/** SHA-256 of pieces, the interface of formats/sha256.ts. */
export interface Hash {
  update(piece: Uint8Array): unknown;
  hex(): string;
}

export interface Storage {
  /** The folder that users call `path`: an output_dir, a checkpoint of another run. It need not exist. */
  folder(path: string): RunFolder;
  /** A folder for recomputable data: `name` in the user's cache. */
  cacheFolder(name: string): RunFolder;
  /** The absolute path of a file or folder, the same for all its names. */
  wholePath(path: string): string;
  /** Bytes [start, end) of a file, in pieces; for weights, at the location that a model gives. */
  readRange(range: { file: string; start: number; end: number }): AsyncIterable<Uint8Array>;
  /** For gigabytes of weights: the platform's fastest. */
  sha256(): Hash;
  /** Distinguishes processes that write to one folder, in names of TensorBoard's files. */
  readonly writer: { readonly host: string; readonly pid: number };
}
