/** @file The parts that a stream of rows is made of: its files, and the steps that rows go through. */
import type { Row } from "./features.ts";

/** Rows that are read together, in order: a file, or what a program makes. */
export interface Shard {
  /** From the first row on, each time. */
  rows(): AsyncIterable<Row> | Iterable<Row>;
  /** Of a dataset among them: the number of its files, and parts of them. Default: 1. */
  readonly n_shards?: number | undefined;
  readonly shard?: ((part: ShardOptions) => Shard) | undefined;
}

/** A part of a dataset, of whole files: the `index`-th of `num_shards`. */
export interface ShardOptions {
  /** Number of parts. */
  num_shards: number;
  /** The part's number, from 0. */
  index: number;
}

/** A step on the way of a row; `epoch` counts from 0. */
export interface Step {
  (rows: AsyncIterable<Row>, epoch: number): AsyncIterable<Row>;
  /** The step of a part; default: the same. */
  shard?: ((part: ShardOptions) => Step) | undefined;
}

/** The first n rows. */
export const firstRows = ofShare(
  (n) =>
    async function* (rows) {
      let left = n;
      if (left === 0) return;
      for await (const row of rows) {
        yield row;
        if (--left === 0) return;
      }
    },
);

/** The rows after the first n. */
export const rowsAfter = ofShare(
  (n) =>
    async function* (rows) {
      let index = 0;
      for await (const row of rows) if (index++ >= n) yield row;
    },
);

/** A step that counts rows: the parts share the count, as in datasets. */
function ofShare(make: (n: number) => Step): (n: number) => Step {
  return function counting(n: number): Step {
    const shard = ({ num_shards, index }: ShardOptions) =>
      counting(Math.floor(n / num_shards) + (index < n % num_shards ? 1 : 0));
    return Object.assign(make(n), { shard });
  };
}

/** The files of a part, in order; the first parts have one more where they can't be equally large. */
export function partOf(shards: readonly Shard[], { num_shards, index }: ShardOptions): Shard[] {
  const single = shards.flatMap(singleShards);
  const [each, rest] = [Math.floor(single.length / num_shards), single.length % num_shards];
  const startOf = (part: number) => each * part + Math.min(part, rest);
  return single.slice(startOf(index), startOf(index + 1));
}

function singleShards(shard: Shard): Shard[] {
  const { n_shards: num_shards = 1 } = shard;
  if (!shard.shard) return [shard];
  return Array.from({ length: num_shards }, (_, index) => shard.shard!({ num_shards, index }));
}
