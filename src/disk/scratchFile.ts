/**
 * @file A file without a name, for data that memory should not hold: it is gone when nothing refers to it, or the
 * process ends, however it ends. It is in prefine's cache: temporary folders are often in memory themselves.
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, openSync, read, unlinkSync, write } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ioError } from "./ioError.ts";
import { makeFolder } from "./makeFolder.ts";
import { cachePath } from "./nodeStorage.ts";

const [readAt, writeAt] = [promisify(read), promisify(write)];

/** Bytes that are read at once to hash them. */
const PIECE = 2 ** 20;

const opened = new FinalizationRegistry((descriptor: number) => closeSync(descriptor));

export class ScratchFile {
  private readonly descriptor: number;
  private readonly folder: string;
  private size = 0;
  private hashed: { size: number; hex: Promise<string> } | undefined;

  /** @throws the operating system's error where no file can be made. */
  constructor(folder = cachePath()) {
    makeFolder(folder);
    const path = join(folder, `scratch.${process.pid}-${randomBytes(4).toString("hex")}`);
    this.folder = folder;
    this.descriptor = openSync(path, "wx+", 0o600);
    opened.register(this, this.descriptor);
    unlinkSync(path);
  }

  /** @returns where the bytes are. @throws PrefineError("io") where they can't be written. */
  async append(bytes: Uint8Array): Promise<number> {
    const start = this.size;
    this.size += bytes.length;
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await writeAt(this.descriptor, bytes, done, bytes.length - done, start + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw ioError(error, this.folder, "write");
    }
    return start;
  }

  /** Fills `bytes` from `start` on. @throws PrefineError("io") where they can't be read. */
  async read(bytes: Uint8Array, start: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await readAt(this.descriptor, bytes, done, bytes.length - done, start + done);
        if (bytesRead === 0) throw new Error("it ends too early");
        done += bytesRead;
      }
    } catch (error) {
      throw ioError(error, this.folder, "read");
    }
  }

  /** Of all bytes so far: 400 MB take half a second. @throws PrefineError("io") where they can't be read. */
  sha256(): Promise<string> {
    if (this.hashed?.size !== this.size) this.hashed = { size: this.size, hex: this.hash(this.size) };
    return this.hashed.hex;
  }

  private async hash(size: number): Promise<string> {
    const hash = createHash("sha256");
    const piece = new Uint8Array(Math.min(PIECE, size));
    for (let start = 0; start < size; start += piece.length) {
      const some = piece.subarray(0, Math.min(piece.length, size - start));
      await this.read(some, start);
      hash.update(some);
    }
    return hash.digest("hex");
  }
}
