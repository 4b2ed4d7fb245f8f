/** @file Rows that are computed together: each step adds a token to every one. Rows join and leave between steps. */
import type { CachedRow, ForkingDecoder } from "../../generation/decoder.ts";
import { largest } from "../../lists.ts";
import { advance, type ServedRow } from "./servedRow.ts";

/** A row, and where the keys and values of all but its last token are. */
interface Member {
  served: ServedRow;
  at: Omit<CachedRow, "length">;
}

/** A row that has ended, its cache still in place until the next step. */
export type EndedRow = Member;

/** Tokens that a row has read: all but the last, which the next step reads. */
export const tokensRead = ({ row }: ServedRow): number[] => row.ids.slice(0, -1);

export class Batch {
  private members: Member[] = [];
  private readonly cache: ForkingDecoder;
  /** Caches that new rows come from: no longer needed once they have joined. */
  private sources: ForkingDecoder[] = [];
  private isSettled = true;

  constructor(decoder: ForkingDecoder) {
    this.cache = decoder.fork();
  }

  get rows(): readonly ServedRow[] {
    return this.members.map(({ served }) => served);
  }

  /** Positions of the longest row after the next step. */
  get length(): number {
    return largest(
      this.members.map(({ served }) => served.row.ids.length),
      0,
    );
  }

  /** @param source a cache that belongs to the rows alone; it is freed once they have been copied. */
  join(rows: readonly ServedRow[], source: ForkingDecoder, place: (served: ServedRow) => number): void {
    for (const served of rows) this.members.push({ served, at: { of: source, row: place(served) } });
    this.sources.push(source);
    this.isSettled = false;
  }

  /** Removes rows, whose answers go on elsewhere or nowhere. */
  remove(isGone: (served: ServedRow) => boolean): ServedRow[] {
    const gone = this.members.filter(({ served }) => isGone(served));
    if (gone.length > 0) this.isSettled = false;
    this.members = this.members.filter((member) => !gone.includes(member));
    return gone.map(({ served }) => served);
  }

  /** Brings the cache in line with the rows. */
  async settle(): Promise<void> {
    if (this.isSettled) return;
    const { cache } = this;
    if (this.members.length === 0) await cache.clear();
    else await cache.compose(this.members.map(({ served, at }) => ({ ...at, length: served.row.ids.length - 1 })));
    for (const [row, member] of this.members.entries()) member.at = { of: cache, row };
    for (const source of this.sources.splice(0)) await source.clear();
    this.isSettled = true;
  }

  /**
   * One token for every row. If it fails, all rows end with the error.
   * @returns the rows that have ended; their caches stay until the next call of `settle`.
   */
  async step(): Promise<EndedRow[]> {
    if (this.members.length === 0) return [];
    try {
      await this.settle();
      const lasts = this.members.map(({ served: { row } }) => row.ids.length - 1);
      const tokens = Int32Array.from(this.members, ({ served: { row } }) => row.ids[row.ids.length - 1]);
      const options = { batch: this.members.length, length: 1 };
      const logits = await this.cache.step(tokens, Int32Array.from(lasts), options);
      const size = this.cache.vocabSize;
      const ended = this.members.filter(({ served }, b) => advance(served, logits.subarray(b * size, (b + 1) * size)));
      this.remove((served) => ended.some((member) => member.served === served));
      return ended;
    } catch (error) {
      for (const served of this.remove(() => true)) served.onEnd({ error });
      await this.cache.clear().catch(() => {});
      return [];
    }
  }
}
