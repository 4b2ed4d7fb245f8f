/**
 * @file Where the ranks of a job meet before each of their calls: they see that all of them make the same one, or that
 * one has failed, and why. So an error that one rank meets alone ends the work of all, and none waits for it.
 */
import { PrefineError, type PrefineErrorCode } from "../../errors.ts";
import { largest } from "../../lists.ts";
import type { Collectives } from "./collectives.ts";
import type { ThreadError } from "./protocol.ts";

const CALLS = ["fail", "allReduce", "gather", "broadcast", "share", "leave"] as const;
type Call = (typeof CALLS)[number];

const FAIL = CALLS.indexOf("fail");

/** The first rank that has failed. */
export interface Failure {
  rank: number;
  error: ThreadError;
}

export class Meeting {
  private readonly collectives: Collectives;
  /** Until this rank has called `fail` as well: code that takes an error as a warning must not continue alone. */
  private failure: Failure | undefined;

  constructor(collectives: Collectives) {
    this.collectives = collectives;
  }

  /**
   * All ranks call it before a call of theirs. Cost: an exchange of 16 bytes.
   * @param amount of what is exchanged, which must be equal.
   * @throws the error of a rank that has failed; PrefineError("config") on all ranks if they make different calls.
   */
  before(call: Exclude<Call, "fail">, amount = 0): void {
    if (this.failure) throw errorOf(this.failure);
    const heads = this.exchange(CALLS.indexOf(call), amount);
    if (heads.some(([code]) => code === FAIL)) {
      this.failure = this.firstFailure(heads, null);
      throw errorOf(this.failure);
    }
    const other = heads.findIndex((head) => head.join() !== heads[0].join());
    if (other < 0) return;
    const found = [0, other].map((rank) => `${CALLS[heads[rank][0]]} (${heads[rank][1]}) on rank ${rank}`);
    const message = `expected the same call on all ranks, found ${found.join(" and ")}`;
    throw new PrefineError("config", message, "Call the methods of a trainer on all ranks, in the same order.");
  }

  /** All ranks call it after an error, whether they met it here or elsewhere. */
  fail(own: ThreadError): Failure {
    const failure = this.failure ?? this.firstFailure(this.exchange(FAIL, 0), own);
    this.failure = undefined;
    return failure;
  }

  /** Returns once all ranks call it; those that make other calls get errors until then. */
  end(): void {
    for (let isOver = false; !isOver; ) {
      this.failure = undefined;
      try {
        this.before("leave");
        isOver = true;
      } catch (error) {
        if (!(error instanceof PrefineError)) throw error;
      }
    }
  }

  private exchange(code: number, amount: number): Float64Array[] {
    const all = floatsOf(this.collectives.gather(new Uint8Array(Float64Array.of(code, amount).buffer)));
    return Array.from({ length: this.collectives.world.size }, (_, rank) => all.subarray(2 * rank, 2 * rank + 2));
  }

  private firstFailure(heads: readonly Float64Array[], own: ThreadError | null): Failure {
    const rank = heads.findIndex(([code]) => code === FAIL);
    return { rank, error: this.errors(own)[rank] };
  }

  /** Of all ranks; null for those that have not failed. */
  private errors(own: ThreadError | null): ThreadError[] {
    const { collectives } = this;
    const text = new TextEncoder().encode(JSON.stringify(own));
    const lengths = floatsOf(collectives.gather(new Uint8Array(Float64Array.of(text.length).buffer)));
    const longest = largest(lengths);
    const padded = new Uint8Array(longest);
    padded.set(text);
    const all = collectives.gather(padded);
    const decoder = new TextDecoder();
    return Array.from(lengths, (length, rank) =>
      JSON.parse(decoder.decode(all.subarray(rank * longest, rank * longest + length))),
    );
  }
}

/** The error of another rank. */
export function errorOf({ rank, error: { name, message, code, hint } }: Failure): PrefineError {
  const known = name === "PrefineError" ? (code as PrefineErrorCode) : code ? "io" : "training"; // io: it has an errno
  return new PrefineError(known, `rank ${rank}: ${message}`, hint);
}

const floatsOf = ({ buffer }: Uint8Array) => new Float64Array(buffer);
