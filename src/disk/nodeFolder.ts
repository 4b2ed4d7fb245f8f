/** @file A folder on disk as a run's folder and a model's files. */
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Content } from "../formats/content.ts";
import { lockFolder, ownerOf } from "./folderLock.ts";
import { appendText, openGrowingFile } from "./growingFile.ts";
import { hashFile, newHash } from "./hashFile.ts";
import { ioError } from "./ioError.ts";
import { exists, openFile, readText, readWhole, regular, sizeOf } from "./readFiles.ts";
import type {
  FillOptions,
  FolderLock,
  GrowingFile,
  Hash,
  LockOptions,
  LockOwner,
  OpenFile,
  RunFolder,
} from "./storage.ts";
import { checkWritable, isPartial, removeFolder, writeFileAtomically, writeFolderAtomically } from "./wholeFiles.ts";

export class NodeFolder implements RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get name(): string {
    return basename(resolve(this.path));
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  folder(name: string): RunFolder {
    return new NodeFolder(this.pathOf(name));
  }

  above(): RunFolder {
    return new NodeFolder(dirname(this.path));
  }

  async exists(): Promise<boolean> {
    return (await stat(this.path).catch(() => undefined))?.isDirectory() ?? false;
  }

  async list(folder = ""): Promise<string[]> {
    const path = folder === "" ? this.path : this.pathOf(folder);
    try {
      return await readdir(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw ioError(cause, path, "read");
    }
  }

  has(name: string): Promise<boolean> {
    return exists(this.pathOf(name));
  }

  async size(name: string): Promise<number | undefined> {
    return sizeOf(await regular(this.pathOf(name)));
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return readWhole(await regular(this.pathOf(name)));
  }

  async readText(name: string): Promise<string | undefined> {
    return readText(await regular(this.pathOf(name)));
  }

  async open(name: string): Promise<OpenFile | undefined> {
    return openFile(await regular(this.pathOf(name)));
  }

  async sha256(name: string): Promise<string | undefined> {
    return hashFile(await regular(this.pathOf(name)));
  }

  hash(): Hash {
    return newHash();
  }

  checkWritable(): Promise<void> {
    return checkWritable(this.path);
  }

  write(name: string, content: Content): Promise<void> {
    return writeFileAtomically(this.pathOf(name), content);
  }

  fill(files: Iterable<readonly [name: string, content: Content]>, { check, keeps }: FillOptions = {}): Promise<void> {
    const checkPartial = check && ((partial: string) => check(new NodeFolder(partial)));
    return writeFolderAtomically(this.path, files, { check: checkPartial, keeps });
  }

  append(name: string, length: number, text: string): Promise<number> {
    return appendText(this.pathOf(name), length, text);
  }

  openLog(name: string, wholeLength: (bytes: Uint8Array) => number): GrowingFile {
    return openGrowingFile(this.pathOf(name), wholeLength);
  }

  async delete(name: string): Promise<void> {
    const path = this.pathOf(name);
    await rm(path, { recursive: true, force: true }).catch((cause) => {
      throw ioError(cause, path, "delete");
    });
  }

  remove(): Promise<void> {
    return removeFolder(this.path);
  }

  lock(options: LockOptions = {}): Promise<FolderLock | { owner: LockOwner }> {
    return lockFolder(this.path, options);
  }

  owner(options: { inside?: boolean } = {}): Promise<LockOwner | undefined> {
    return ownerOf(this.path, options);
  }

  async deletePartials(): Promise<void> {
    for (const name of await this.list()) if (isPartial(name)) await this.delete(name);
  }
}
