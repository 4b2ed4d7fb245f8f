/** @file Caches of ended answers: a conversation that goes on computes only what is new. */
import type { CachedRow, ForkingDecoder } from "../../generation/decoder.ts";
import { sum } from "./tokens.ts";

interface Entry {
  key: string;
  /** What has been read, token by token. */
  ids: readonly number[];
  cache: ForkingDecoder;
}

/** Fewer common tokens are not worth a copy. */
const FEWEST = 8;

export class PrefixCache {
  private readonly mostTokens: number;
  /** The least recently used first. */
  private entries: Entry[] = [];

  /** @param mostTokens of all entries together. */
  constructor(mostTokens: number) {
    this.mostTokens = mostTokens;
  }

  /**
   * The longest beginning of `ids` that is in memory, without their last one, which has to be computed.
   * @param key of what must be equal besides: the adapter, the rotary frequencies.
   */
  find(key: string, ids: readonly number[]): CachedRow | undefined {
    let best: { entry: Entry; length: number } | undefined;
    for (const entry of this.entries) {
      if (entry.key !== key) continue;
      const length = Math.min(commonLength(entry.ids, ids), ids.length - 1);
      if (length >= FEWEST && length > (best?.length ?? 0)) best = { entry, length };
    }
    if (!best) return undefined;
    const { entry, length } = best;
    this.entries = [...this.entries.filter((one) => one !== entry), entry];
    return { of: entry.cache, row: 0, length };
  }

  /** Copies a row of a batch. @param ids the tokens that it has read. */
  async keep(key: string, ids: readonly number[], { of, row }: Omit<CachedRow, "length">): Promise<void> {
    const isKnown = (entry: Entry) => entry.key === key && commonLength(entry.ids, ids) === ids.length;
    if (ids.length < FEWEST || ids.length > this.mostTokens || this.entries.some(isKnown)) return;
    const isPart = (entry: Entry) => entry.key === key && commonLength(entry.ids, ids) === entry.ids.length;
    await this.drop(this.entries.filter(isPart)); // the new one has all of them
    while (sum(this.entries.map((entry) => entry.ids.length)) + ids.length > this.mostTokens)
      await this.drop(this.entries.slice(0, 1));
    const cache = of.fork();
    await cache.compose([{ of, row, length: ids.length }]);
    this.entries.push({ key, ids, cache });
  }

  /** Tokens of all entries together. */
  get tokens(): number {
    return sum(this.entries.map((entry) => entry.ids.length));
  }

  private async drop(entries: readonly Entry[]): Promise<void> {
    this.entries = this.entries.filter((entry) => !entries.includes(entry));
    for (const { cache } of entries) await cache.clear();
  }
}

function commonLength(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
