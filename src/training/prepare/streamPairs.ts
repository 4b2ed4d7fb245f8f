/**
 * @file Pairs of a stream as steps need them. The ranks of a job share its pairs in rounds, as accelerate's
 * IterableDatasetShard does: each reads all rows, and trains on its own batch of each round.
 */
import type { PackedPair } from "../../data/preferences/types.ts";
import type { DeviceRanks } from "../../engine/runtime/device.ts";
import type { PairSource } from "../run.ts";
import { type ReaderOptions, type ReadPair, type StreamedRows, StreamReader } from "./streamReader.ts";
import { StreamShards } from "./streamShards.ts";

export interface StreamOptions extends ReaderOptions {
  batchSize: number;
  /** Leaves out the smaller batch at the end of the rows. */
  dropLast: boolean;
  /** The job that shares the stream. */
  ranks: DeviceRanks | undefined;
}

/** What a stream says before the first step. */
export interface StreamSource extends PairSource {
  readonly reader: StreamReader;
}

/**
 * Reads the first pairs. Where there are as many files as ranks, each rank reads files of its own, as in accelerate.
 * @throws PrefineError("data") where there are no pairs.
 */
export async function openStreamPairs(rows: StreamedRows, options: StreamOptions): Promise<StreamSource> {
  const { ranks, split } = options;
  const { size = 1, rank = 0 } = ranks?.world ?? {};
  const isSharded = ranks !== undefined && rows.n_shards >= size;
  const part = isSharded ? rows.shard({ num_shards: size, index: rank }) : rows;
  const splitOf = (one: number) => `${split}, files of rank ${one}:`;
  const reader = new StreamReader(part, isSharded ? { ...options, split: splitOf(rank) } : options);
  await reader.begin();
  return isSharded ? new StreamShards(reader, { ...options, splitOf, ranks }) : new StreamPairs(reader, options);
}

class StreamPairs implements StreamSource {
  readonly length = Number.POSITIVE_INFINITY;
  readonly origin: NonNullable<PairSource["origin"]>;
  readonly reader: StreamReader;
  private readonly batchSize: number;
  /** Pairs of a batch of each rank. */
  private readonly roundSize: number;
  private readonly ranks: DeviceRanks | undefined;
  private readonly dropLast: boolean;
  /** Row of each pair of this pass. */
  private readonly rowOf: number[] = [];
  /** The pass's first round, which fills up the last one of several ranks. */
  private firstRound: ReadPair[] = [];
  private before: string | undefined;

  constructor(reader: StreamReader, { split, batchSize, dropLast, ranks }: StreamOptions) {
    this.reader = reader;
    this.batchSize = batchSize;
    this.ranks = ranks;
    this.roundSize = batchSize * (ranks?.world.size ?? 1);
    this.dropLast = dropLast;
    this.origin = { split, rows: this.rowOf };
  }

  get givenHash(): string {
    return this.reader.hash;
  }

  resumeAfter(hash: string): void {
    this.before = hash;
  }

  pairs(indices: readonly number[], epoch = this.reader.pass): Promise<PackedPair[]> {
    return this.reader.inTurn(() => this.take(indices[0], epoch));
  }

  async hasMore(): Promise<boolean> {
    const needed = this.dropLast ? this.roundSize : 1;
    await this.reader.inTurn(() => this.reader.fill(needed));
    return this.reader.ahead.length >= needed;
  }

  async end(): Promise<void> {
    await this.reader.end();
  }

  /** This rank's batch of the round that has the pair `first`; fewer at the end of the rows, or none. */
  private async take(first: number, epoch: number): Promise<PackedPair[]> {
    const { reader, roundSize } = this;
    const start = Math.floor(first / roundSize) * roundSize;
    if (epoch !== reader.pass || start < reader.given) await reader.restart(epoch);
    if (reader.given < start) await this.skipTo(start);
    if (reader.given < start) return [];
    if (this.before !== undefined && start > 0 && this.before !== reader.hash) throw reader.otherRows();
    this.before = undefined;
    await reader.fill(roundSize);
    if (reader.ahead.length === 0 || (this.dropLast && reader.ahead.length < roundSize)) return [];
    return this.ownBatch(this.round());
  }

  private async skipTo(start: number): Promise<void> {
    const { reader } = this;
    let at = reader.given;
    const firstRound: ReadPair[] = at === 0 ? [] : this.firstRound;
    await reader.skipTo(start, (pair) => {
      if (at < this.roundSize) firstRound.push(pair);
      this.rowOf[at++] = pair.row;
    });
    this.firstRound = firstRound;
  }

  /** The next pairs, with their numbers. */
  private round(): [ReadPair, number][] {
    const from = this.reader.given;
    const pairs = this.reader.give(this.roundSize);
    if (from === 0) this.firstRound = pairs;
    for (const [i, { row }] of pairs.entries()) this.rowOf[from + i] = row;
    return pairs.map((pair, i) => [pair, from + i]);
  }

  private ownBatch(round: [ReadPair, number][]): PackedPair[] {
    const { ranks, batchSize, firstRound } = this;
    const from = (ranks?.world.rank ?? 0) * batchSize;
    const places = Array.from({ length: ranks ? batchSize : round.length }, (_, i) => from + i);
    const own = places.map((place): [ReadPair, number] => {
      if (place < round.length) return round[place];
      const again = (place - round.length) % firstRound.length;
      return [firstRound[again], again];
    });
    return own.map(([pair, index]) => this.reader.packed(pair, index));
  }
}
