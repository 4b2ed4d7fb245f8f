/** @file Rows tokenized in several threads: given and returned in groups, in order. */
import { PrefineError } from "../../errors.ts";
import { threadsOf } from "../tokenizers/slowCalls.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { ExaminedRow, ExamineSettings } from "./examineRow.ts";
import type { ReadRow } from "./readRow.ts";

/** The rows up to the first that failed, and its error. */
export interface ExaminedRows {
  rows: readonly ExaminedRow[];
  failure?: { error: unknown };
}

/** Tokenizes rows elsewhere. */
export interface RowThread {
  examine(rows: readonly ReadRow[], settings: ExamineSettings): Promise<ExaminedRows>;
  /** Ends the thread, whatever it is doing. */
  end(): Promise<void>;
}

/** Groups that wait for each thread, so that it never runs dry while the caller reads rows. */
const WAITING = 2;

export class TokenizingThreads {
  private readonly threads: readonly { thread: RowThread; busy: number }[];
  private readonly settings: ExamineSettings;
  private readonly stopped: Promise<never>;

  private constructor(threads: readonly RowThread[], settings: ExamineSettings, signal: AbortSignal | undefined) {
    this.threads = threads.map((thread) => ({ thread, busy: 0 }));
    this.settings = settings;
    this.stopped = new Promise((_, reject) => {
      const stop = () => reject(new PrefineError("interrupted", "stopped while tokenizing the data"));
      if (signal?.aborted) stop();
      else signal?.addEventListener("abort", stop, { once: true });
    });
    this.stopped.catch(() => {}); // reported to who waits
  }

  /** Undefined where there are no threads, or the tokenizer can't be sent to one. */
  static open(tokenizer: Tokenizer, settings: ExamineSettings, signal?: AbortSignal): TokenizingThreads | undefined {
    const threads = threadsOf(tokenizer);
    return threads.length > 0 ? new TokenizingThreads(threads, settings, signal) : undefined;
  }

  /** Groups that may be in work at once. */
  get capacity(): number {
    return WAITING * this.threads.length;
  }

  /** @throws PrefineError("interrupted") when the signal stops it. */
  async examine(rows: readonly ReadRow[]): Promise<ExaminedRows> {
    const least = this.threads.reduce((best, other) => (other.busy < best.busy ? other : best));
    least.busy++;
    try {
      return await Promise.race([least.thread.examine(rows, this.settings), this.stopped]);
    } finally {
      least.busy--;
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.threads.map(({ thread }) => thread.end()));
  }
}
