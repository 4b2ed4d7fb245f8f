/** @file Rows tokenized in several threads: given and returned in groups, in order. */
import { PrefineError } from "../../errors.ts";
import { type Notes, notesOf } from "../../formats/written.ts";
import type { TokenizerThread } from "../tokenizers/slowCalls.ts";
import { type ExaminedRow, type ExamineSettings, longestPrompt, type PromptFill } from "./examineRow.ts";
import type { ReadRow } from "./readRow.ts";
import type { SentPair } from "./sentPair.ts";

/** The rows up to the first that failed, and its error. */
export interface ExaminedRows<T = ExaminedRow> {
  rows: readonly T[];
  failure?: { error: unknown };
}

/** Rows to tokenize in a thread, and what is noted of their numbers and keys. */
export interface RowsRequest {
  rows: readonly ReadRow[];
  settings: ExamineSettings;
  notes: Notes | undefined;
}

/** Rows without their answers, of which a thread says whether the prompt fills max_length. */
export interface PromptsRequest {
  promptsOf: readonly ReadRow[];
  settings: ExamineSettings;
  notes: Notes | undefined;
}

/** Rows to tokenize in a thread without checks. */
export interface PairsRequest {
  pairsOf: readonly ReadRow[];
  notes: Notes | undefined;
}

/** Of a row; one that fails does not end the others. `unpackSent` makes the pair when it is needed. */
export type PairOrError = { pair: SentPair } | { error: unknown };

/** Groups that wait for each thread, so that it never runs dry while the caller reads rows. */
const WAITING = 2;

export class TokenizingThreads {
  private readonly threads: readonly { thread: TokenizerThread; busy: number }[];
  private readonly settings: ExamineSettings;
  private readonly stopped: Promise<never>;

  private constructor(threads: readonly TokenizerThread[], settings: ExamineSettings, signal: AbortSignal | undefined) {
    this.threads = threads.map((thread) => ({ thread, busy: 0 }));
    this.settings = settings;
    this.stopped = new Promise((_, reject) => {
      const stop = () => reject(new PrefineError("interrupted", "stopped while tokenizing the data"));
      if (signal?.aborted) stop();
      else signal?.addEventListener("abort", stop, { once: true });
    });
    this.stopped.catch(() => {}); // reported to who waits
  }

  /** @returns undefined where there are no threads. */
  static of(
    threads: readonly TokenizerThread[],
    settings: ExamineSettings,
    signal?: AbortSignal,
  ): TokenizingThreads | undefined {
    return threads.length > 0 ? new TokenizingThreads(threads, settings, signal) : undefined;
  }

  /** Groups that may be in work at once. */
  get capacity(): number {
    return WAITING * this.threads.length;
  }

  /** @throws PrefineError("interrupted") when the signal stops it. */
  async examine(rows: readonly ReadRow[]): Promise<ExaminedRows> {
    return (await this.send({ rows, settings: this.settings, notes: notesOf(rows) })) as ExaminedRows;
  }

  /**
   * Whether the rows' prompts fill max_length; their answers stay here.
   * @throws PrefineError("interrupted") when the signal stops it.
   */
  async promptFills(rows: readonly ReadRow[]): Promise<ExaminedRows<PromptFill>> {
    const { max_length } = this.settings.truncation;
    const promptsOf = rows.map((row) => withoutAnswers(row, longestPrompt(max_length)));
    const reply = await this.send({ promptsOf, settings: this.settings, notes: notesOf(promptsOf) });
    return reply as ExaminedRows<PromptFill>;
  }

  /**
   * The pairs of rows as they are, for checks elsewhere.
   * @throws PrefineError("interrupted") when the signal stops it.
   */
  async tokenize(rows: readonly ReadRow[]): Promise<PairOrError[]> {
    return (await this.send({ pairsOf: rows, notes: notesOf(rows) })) as PairOrError[];
  }

  private async send(request: RowsRequest | PromptsRequest | PairsRequest): Promise<unknown> {
    const least = this.threads.reduce((best, other) => (other.busy < best.busy ? other : best));
    least.busy++;
    try {
      return await Promise.race([least.thread.work(request), this.stopped]);
    } finally {
      least.busy--;
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.threads.map(({ thread }) => thread.end()));
  }
}

/** The answers stay here, and the rest of a long prompt. */
const withoutAnswers = (row: ReadRow, longest: number): ReadRow =>
  row.kind === "texts"
    ? { ...row, prompt: row.prompt.slice(0, longest), chosen: "", rejected: "" }
    : { ...row, chosen: [], rejected: [] };
