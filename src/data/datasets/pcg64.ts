/** @file numpy's default generator, PCG64 (O'Neill, 2014), which Python's datasets shuffles and splits with. */
import { describeValue } from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";

const MASK = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const POOL_WORDS = 4;

/** `new Pcg64(seed)` draws what `numpy.random.default_rng(seed)` draws. */
export class Pcg64 {
  #state = 0n;
  readonly #increment: bigint;
  /** The upper half of the last 64 bits, where only the lower one has been taken. */
  #spare: number | undefined;

  /** @throws PrefineError("data") for a seed that numpy refuses, too. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new PrefineError("data", `seed: expected a whole number of at least 0, found ${describeValue(seed)}`);
    }
    const [high, low, streamHigh, streamLow] = seedState(seed);
    this.#increment = ((((streamHigh << 64n) | streamLow) << 1n) | 1n) & MASK;
    this.#step();
    this.#state = (this.#state + ((high << 64n) | low)) & MASK;
    this.#step();
  }

  /** numpy's `Generator.permutation(n)`: a permutation of 0..n-1. */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const other = this.#upTo(i);
      const value = order[i];
      order[i] = order[other];
      order[other] = value;
    }
    return order;
  }

  #step(): void {
    this.#state = (this.#state * MULTIPLIER + this.#increment) & MASK;
  }

  /** The next 32 bits: the lower half of 64 new ones, then their upper half. */
  #uint32(): number {
    if (this.#spare !== undefined) {
      const word = this.#spare;
      this.#spare = undefined;
      return word;
    }
    this.#step();
    const mixed = BigInt.asUintN(64, (this.#state >> 64n) ^ this.#state);
    const turn = this.#state >> 122n;
    const word = BigInt.asUintN(64, (mixed >> turn) | (mixed << (64n - turn)));
    this.#spare = Number(word >> 32n);
    return Number(word & 0xffffffffn);
  }

  /** A whole number from 0 to `largest`, below 2^31: the lowest bits, drawn again where they are more. */
  #upTo(largest: number): number {
    const mask = 2 ** (32 - Math.clz32(largest)) - 1;
    for (;;) {
      const value = this.#uint32() & mask;
      if (value <= largest) return value;
    }
  }
}

/** numpy's SeedSequence(seed).generate_state(4, uint64). */
function seedState(seed: number): bigint[] {
  const pool = mixEntropy([seed >>> 0, Math.floor(seed / 2 ** 32)]);
  let constant = 0x8b51f9dd;
  const words = Array.from({ length: 2 * POOL_WORDS }, (_, i) => {
    let word = pool[i % POOL_WORDS] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    word = Math.imul(word, constant);
    return BigInt((word ^ (word >>> 16)) >>> 0);
  });
  return Array.from({ length: POOL_WORDS }, (_, i) => (words[2 * i + 1] << 32n) | words[2 * i]);
}

/** The seed's words, hashed into four that all depend on each other. */
function mixEntropy(entropy: readonly number[]): Uint32Array {
  let constant = 0x43b0d7e5;
  const hash = (value: number): number => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, 0x931e8875);
    const product = Math.imul(mixed, constant);
    return product ^ (product >>> 16);
  };
  const pool = Uint32Array.from({ length: POOL_WORDS }, (_, i) => hash(entropy[i] ?? 0));
  for (let from = 0; from < POOL_WORDS; from++) {
    for (let to = 0; to < POOL_WORDS; to++) {
      if (from === to) continue;
      const mixed = Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, hash(pool[from]));
      pool[to] = mixed ^ (mixed >>> 16);
    }
  }
  return pool;
}
