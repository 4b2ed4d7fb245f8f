/**
 * @file The tokens of large splits on disk, so that another run with the same data and tokenizer starts at once: a file
 * per data, tokenizer, template and settings. Only a cache: whatever is missing or damaged is made anew.
 */
import type { FolderLock, RunFolder } from "../../../disk/storage.ts";
import { PrefineError } from "../../../errors.ts";
import { sha256 } from "../../../formats/sha256.ts";
import { decodeTokens, encodeTokens, type TokenEntry } from "./tokenFile.ts";

/** All files together; beyond it, the one that was not used for the longest time goes. UltraFeedback takes 100 MB. */
const MOST_BYTES = 4e9;

export interface TokenCachePlace {
  folder: RunFolder;
  /** Prefine's: another version may tokenize or check otherwise. */
  version: string;
  /** Default: 4 GB. */
  mostBytes?: number;
}

/** Next to each file, to know when it was last used, and how much it holds. */
interface Use {
  used: string;
  rows: number;
}

export class TokenCache {
  private readonly folder: RunFolder;
  private readonly mostBytes: number;
  private readonly prefix: string;

  /** @param settings JSON: all that decides tokens and lines, except for the data. */
  constructor({ folder, version, mostBytes = MOST_BYTES }: TokenCachePlace, settings: unknown) {
    this.folder = folder;
    this.mostBytes = mostBytes;
    this.prefix = `${sha256(JSON.stringify([version, settings])).slice(0, 24)}-`;
  }

  /** Whether there is data with these settings: else, there is no need to know which data it is. */
  async hasAny(): Promise<boolean> {
    const names = await this.folder.list().catch(() => []);
    return names.some((name) => name.startsWith(this.prefix) && name.endsWith(ENDING));
  }

  /** @param data says which data it is. @returns undefined where there is none, or `fault` for a damaged file. */
  async read(data: string): Promise<TokenEntry | { fault: string } | undefined> {
    const name = this.nameOf(data);
    try {
      const bytes = await this.folder.read(name);
      if (!bytes) return undefined;
      const entry = decodeTokens(bytes, () => this.folder.hash());
      if (!entry) return { fault: `${this.folder.pathOf(name)}: damaged` };
      await this.note(name, entry).catch(() => {}); // a folder that is only read serves as well
      return entry;
    } catch (error) {
      return { fault: (error as Error).message };
    }
  }

  /** Leaves a file that holds more rows alone; deletes the oldest. @throws PrefineError("io"). */
  async write(data: string, entry: TokenEntry): Promise<void> {
    const name = this.nameOf(data);
    const lock = await this.lockAtOnce();
    if (lock === "taken") return; // another run is writing
    try {
      if (lock) await this.folder.deletePartials(); // of runs that were killed
      const before = (await this.folder.has(name)) ? await this.useOf(name) : undefined;
      if (before && before.rows > entry.examined.size) return;
      const content = encodeTokens(entry, () => this.folder.hash());
      if (content.byteLength > this.mostBytes) return;
      await this.folder.write(name, content);
      await this.note(name, entry);
      await this.deleteOldest(name);
    } finally {
      await lock?.release();
    }
  }

  /**
   * A file is whole without it; it tells files that are being written from those that a crash left.
   * @returns undefined where only minutes would show whether its owner lives: the end of a training does not wait.
   */
  private async lockAtOnce(): Promise<FolderLock | "taken" | undefined> {
    const waiting = new AbortController();
    const stop = () => waiting.abort(new PrefineError("io", `${this.folder.path}: locked`));
    try {
      const lock = await this.folder.lock({ onWait: stop, signal: waiting.signal });
      if (!("owner" in lock)) return lock;
      return lock.owner.where === "this process" ? undefined : "taken";
    } catch (error) {
      if (waiting.signal.aborted) return undefined;
      throw error;
    }
  }

  private nameOf(data: string): string {
    return `${this.prefix}${sha256(data).slice(0, 40)}${ENDING}`;
  }

  private note(name: string, entry: TokenEntry): Promise<void> {
    const use: Use = { used: new Date().toISOString(), rows: entry.examined.size };
    return this.folder.write(`${name}${USE}`, JSON.stringify(use));
  }

  private async useOf(name: string): Promise<Use> {
    const never = { used: "", rows: 0 };
    try {
      const { used, rows } = JSON.parse((await this.folder.readText(`${name}${USE}`)) ?? "{}") as Partial<Use>;
      return { used: String(used ?? ""), rows: Number(rows) || 0 };
    } catch {
      return never;
    }
  }

  private async deleteOldest(newest: string): Promise<void> {
    const names = (await this.folder.list()).filter((name) => name.endsWith(ENDING));
    const sizeOf = async (name: string) => (await this.folder.size(name)) ?? 0;
    const files = await Promise.all(
      names.map(async (name) => ({ name, bytes: await sizeOf(name), ...(await this.useOf(name)) })),
    );
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, bytes } of files.toSorted((a, b) => (a.used < b.used ? -1 : 1))) {
      if (total <= this.mostBytes || name === newest) continue;
      await this.folder.delete(name).catch(() => {}); // Windows: another run reads it
      await this.folder.delete(`${name}${USE}`).catch(() => {});
      total -= bytes;
    }
  }
}

const ENDING = ".tokens";
const USE = ".used";
