/**
 * @file Work that all processes of a job do together: sums, copies, waiting. The interface of the side that computes;
 * the transport (MPI on Node) is passed in. A call blocks until every rank has made the same one.
 */

/** A job's processes, ranks counted from 0; those on one machine share its memory and processors. */
export interface World {
  rank: number;
  size: number;
  /** Rank among the processes on this machine, and their number. */
  localRank: number;
  localSize: number;
  /** Number of machines. */
  machines: number;
  /** Processors per rank: those of this process, divided among the ranks that may use the same ones. */
  processors: number;
  /** The library that connects them, with its version. */
  library: string;
}

/** What the transport does. */
export interface Collectives {
  readonly world: World;
  /** Adds the numbers of all ranks, in place: every rank has the same bits afterward. */
  sum(numbers: Float32Array): void;
  /** The bytes of all ranks, in order; each gives the same number of bytes. */
  gather(own: Uint8Array): Uint8Array;
  /** Copies rank 0's bytes into those of the others. */
  broadcast(bytes: Uint8Array): void;
  /** Ends the connection, once all ranks do. */
  end(): void;
  /** Ends all processes of the job, this one included. */
  abort(code: number): void;
}

/**
 * 4 MB of float32, what one call sums: two ranks on one machine took 0.25 s for 500 MB in such pieces, and 1 to 3 s
 * whole, since a piece stays in the processor's cache. Smaller tensors share a piece, as each call costs a round trip.
 */
const PIECE = 2 ** 20;

/** Sums tensors over all ranks and multiplies the sums by `scale`, in place. @param piece numbers per call. */
export function allReduce(
  tensors: readonly Float32Array[],
  { sum, scale, piece = PIECE }: { sum: Collectives["sum"]; scale: number; piece?: number },
): void {
  const reduce = (numbers: Float32Array) => {
    sum(numbers);
    for (let i = 0; i < numbers.length; i++) numbers[i] *= scale;
  };
  let small: Float32Array[] = [];
  let filled = 0;
  const flush = () => {
    if (small.length === 1) reduce(small[0]);
    else if (small.length > 1) reduceTogether(small, filled, reduce);
    small = [];
    filled = 0;
  };
  for (const tensor of tensors) {
    for (let start = 0; start < tensor.length; start += piece) {
      const part = tensor.subarray(start, start + piece);
      if (filled + part.length > piece) flush();
      small.push(part);
      filled += part.length;
    }
  }
  flush();
}

function reduceTogether(parts: readonly Float32Array[], length: number, reduce: (numbers: Float32Array) => void): void {
  const together = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    together.set(part, at);
    at += part.length;
  }
  reduce(together);
  at = 0;
  for (const part of parts) {
    part.set(together.subarray(at, at + part.length));
    at += part.length;
  }
}
