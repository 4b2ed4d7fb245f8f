/** @file Numbered rows on their way through threads, in groups; results come in the order of the rows. */
import type { ReadRow } from "../../../data/preferences/readRow.ts";
import { namedError } from "../../../data/preferences/rowReader.ts";
import type { ExaminedRows } from "../../../data/preferences/tokenizingThreads.ts";

/** Bytes of rows that a thread gets at once: some 50 ms of work. */
const GROUP_BYTES = 262_144;

interface Group {
  numbers: number[];
  rows: ReadRow[];
}

export interface RowQueueOptions<T> {
  examine(rows: readonly ReadRow[]): Promise<ExaminedRows<T>>;
  /** Groups under way at once. */
  capacity: number;
  /** The row's name in messages. */
  nameOf(number: number): string;
  onRow(number: number, examined: T, row: ReadRow): void;
}

export class RowQueue<T> {
  private readonly options: RowQueueOptions<T>;
  private sent: (Group & { examined: Promise<ExaminedRows<T>> })[] = [];
  private failure: { error: unknown } | undefined;
  private group: Group = { numbers: [], rows: [] };
  private bytes = 0;

  constructor(options: RowQueueOptions<T>) {
    this.options = options;
  }

  /** Adds a row; waits while too many are under way. @returns whether a group was sent. */
  async add(number: number, row: ReadRow, bytes: number): Promise<boolean> {
    this.group.numbers.push(number);
    this.group.rows.push(row);
    this.bytes += bytes;
    if (this.bytes < GROUP_BYTES) return false;
    this.send();
    if (this.sent.length > this.options.capacity) await this.takeFirst();
    return true;
  }

  /** Waits for all rows. @throws the first error, with the name of its row. */
  async end(): Promise<void> {
    if (this.failure) throw this.failure.error;
    this.send();
    while (this.sent.length > 0) await this.takeFirst();
  }

  private send(): void {
    const { numbers, rows } = this.group;
    if (rows.length === 0) return;
    const examined = this.options.examine(rows);
    examined.catch(() => {}); // thrown in its turn
    this.sent.push({ numbers, rows, examined });
    this.group = { numbers: [], rows: [] };
    this.bytes = 0;
  }

  private async takeFirst(): Promise<void> {
    const first = this.sent.shift();
    if (!first) return;
    const { rows, failure } = await first.examined;
    for (const [i, examined] of rows.entries()) this.options.onRow(first.numbers[i], examined, first.rows[i]);
    if (!failure) return;
    this.sent = []; // rows behind it, which may fail as well
    this.failure = { error: namedError(this.options.nameOf(first.numbers[rows.length]), failure.error) };
    throw this.failure.error;
  }
}
