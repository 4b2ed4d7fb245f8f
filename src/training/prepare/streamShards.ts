/**
 * @file Pairs of a stream of which each rank of a job reads files of its own, as in accelerate. A rank's files may end
 * before those of others: it begins them again, while epochs of the run are those of rank 0.
 */
import type { PackedPair } from "../../data/preferences/types.ts";
import type { DeviceRanks } from "../../engine/runtime/device.ts";
import type { PairSource } from "../run.ts";
import type { ReadPair, StreamReader } from "./streamReader.ts";

interface ShardOptions {
  split: string;
  /** Name of a rank's files. */
  splitOf: (rank: number) => string;
  batchSize: number;
  /** Leaves out a rank's smaller batch at the end of its files. */
  dropLast: boolean;
  ranks: DeviceRanks;
}

/** Where a rank is in its own files. */
interface Place {
  pass: number;
  /** Pairs of this pass that have been given, and their hash. */
  given: number;
  hash: string;
}

export class StreamShards implements PairSource {
  readonly length = Number.POSITIVE_INFINITY;
  readonly origin: NonNullable<PairSource["origin"]>;
  readonly reader: StreamReader;
  private readonly options: ShardOptions;
  private readonly rowOf: number[] = [];
  /** This pass's first pairs, which fill up its last batch. */
  private firstPairs: ReadPair[] = [];
  /** Places of all ranks, by rank. */
  private places = "";
  private before: string | undefined;
  /** Epoch of the run; undefined: no pairs have been asked for. */
  private epoch: number | undefined;
  private hasEnded = false;
  /** Whether rank 0 had another batch after the last step: an epoch that ends nevertheless was ended by a callback. */
  private hadMore = false;

  constructor(reader: StreamReader, options: ShardOptions) {
    this.reader = reader;
    this.options = options;
    this.origin = { split: options.split, rows: this.rowOf, splitOf: options.splitOf };
  }

  get givenHash(): string {
    return this.places;
  }

  resumeAfter(places: string): void {
    this.before = places;
  }

  pairs(indices: readonly number[], epoch = this.epoch ?? 0): Promise<PackedPair[]> {
    return this.reader.inTurn(() => this.take(indices[0], epoch));
  }

  /** Whether rank 0 has another batch; all ranks call it after the batches of a step. */
  hasMore(): Promise<boolean> {
    return this.reader.inTurn(async () => {
      const own = await this.available();
      const [first] = await this.options.ranks.gather(Float64Array.of(own));
      this.hadMore = first > 0;
      this.places = JSON.stringify({ hadMore: this.hadMore, ranks: await this.gatherPlaces() });
      return this.hadMore;
    });
  }

  async end(): Promise<void> {
    await this.reader.end();
  }

  /**
   * This rank's next batch. All ranks have equally many pairs: where the files of one end, it fills its batch up with
   * its first pairs; none on all ranks once those of rank 0 have ended.
   */
  private async take(first: number, epoch: number): Promise<PackedPair[]> {
    if (epoch !== this.epoch) await this.enterEpoch(first, epoch);
    if (this.hasEnded) return [];
    const { batchSize, ranks } = this.options;
    const sizes = await ranks.gather(Float64Array.of(await this.available()));
    this.hasEnded = sizes[0] === 0;
    if (this.hasEnded) return [];
    const isSame = sizes.every((size) => size === sizes[0]);
    if (sizes[ranks.world.rank] === 0) {
      await this.restart(this.reader.pass + 1);
      await this.reader.fill(batchSize);
    }
    return this.batch(isSame ? sizes[0] : batchSize);
  }

  /** Pairs of this rank's next batch; 0: its files have ended. */
  private async available(): Promise<number> {
    const { batchSize, dropLast } = this.options;
    await this.reader.fill(batchSize);
    const size = Math.min(batchSize, this.reader.ahead.length);
    return dropLast && size < batchSize ? 0 : size;
  }

  private batch(size: number): PackedPair[] {
    const { reader } = this;
    const from = reader.given;
    const own: [ReadPair, number][] = this.give(size).map((pair, i) => [pair, from + i]);
    const missing = size - own.length;
    const { length } = this.firstPairs;
    for (let i = 0; i < missing; i++) own.push([this.firstPairs[i % length], i % length]);
    return own.map(([pair, index]) => reader.packed(pair, index));
  }

  private give(count: number): ReadPair[] {
    const from = this.reader.given;
    const pairs = this.reader.give(count);
    for (const [i, pair] of pairs.entries()) this.note(pair, from + i);
    return pairs;
  }

  private note(pair: ReadPair, at: number): void {
    this.rowOf[at] = pair.row;
    if (at < this.options.batchSize) this.firstPairs.push(pair);
  }

  private async restart(pass: number): Promise<void> {
    await this.reader.restart(pass);
    this.firstPairs = [];
  }

  /** Rank 0 begins its files again; after a resume, all ranks go to their places. */
  private async enterEpoch(first: number, epoch: number): Promise<void> {
    const isStart = this.epoch === undefined;
    this.epoch = epoch;
    this.hasEnded = false;
    const { batchSize, ranks } = this.options;
    const given = Math.floor(first / (batchSize * ranks.world.size)) * batchSize;
    if (isStart && (given > 0 || epoch > 0)) return this.goToPlace(given, epoch);
    if (!isStart) await this.beginAgain(epoch);
  }

  private async beginAgain(epoch: number): Promise<void> {
    if (this.options.ranks.world.rank === 0) await this.restart(epoch);
    else if (this.hadMore) await this.restart(this.reader.pass + 1);
  }

  /** @param given pairs of each rank before, where a checkpoint does not say more: as in transformers. */
  private async goToPlace(given: number, epoch: number): Promise<void> {
    const { rank } = this.options.ranks.world;
    const saved = this.before === undefined ? undefined : this.savedPlaces(this.before);
    this.before = undefined;
    if (!saved) return this.skipTo({ pass: epoch, given, hash: "" });
    this.hadMore = saved.hadMore;
    await this.skipTo(saved.ranks[rank]);
    if (this.reader.hash !== saved.ranks[rank].hash) throw this.reader.otherRows();
    if (saved.ranks[0].pass !== epoch) await this.beginAgain(epoch); // the last step was the last of its epoch
  }

  private async skipTo({ pass, given }: Place): Promise<void> {
    await this.restart(pass);
    let at = 0;
    await this.reader.skipTo(given, (pair) => this.note(pair, at++));
  }

  /** @throws PrefineError("config") if the checkpoint's stream was no such one. */
  private savedPlaces(text: string): { hadMore: boolean; ranks: Place[] } {
    try {
      const saved = JSON.parse(text) as { hadMore: boolean; ranks: Place[] };
      if (saved.ranks.length === this.options.ranks.world.size) return saved;
    } catch {}
    throw this.reader.otherRows();
  }

  private async gatherPlaces(): Promise<Place[]> {
    const { ranks } = this.options;
    const { pass, given, hash } = this.reader;
    const codes = Array.from(hash.padEnd(HASH), (char) => char.charCodeAt(0));
    const all = await ranks.gather(Float64Array.of(pass, given, ...codes));
    return Array.from({ length: ranks.world.size }, (_, rank) => {
      const [theirPass, theirGiven, ...theirs] = all.subarray(rank * (HASH + 2), (rank + 1) * (HASH + 2));
      return { pass: theirPass, given: theirGiven, hash: String.fromCharCode(...theirs).trim() };
    });
  }
}

/** Characters of a SHA-256. */
const HASH = 64;
