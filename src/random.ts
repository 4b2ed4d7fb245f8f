/** @file Seeded random numbers: torch's CPU generator (mt19937), value for value, and a counter-based one (Philox). */

const STATE_WORDS = 624;
const SHIFT = 397;
/** Bytes of torch.Generator.get_state() on the CPU. */
const STATE_BYTES = 5056;

/**
 * torch's CPU generator: `new Mt19937(seed)` draws what `torch.Generator().manual_seed(seed)` draws, in the same order.
 * randperm and uniform are equal bit for bit; normal within 3e-7 of max(1, |x|), because torch takes its logarithm and
 * sine from a vector library that differs between machines.
 */
export class Mt19937 {
  /** The initial seed, which torch keeps in the state. */
  private initialSeed: bigint;
  private readonly words = new Uint32Array(STATE_WORDS);
  /** Words of the current block already drawn; 624 before the first draw. */
  private used = STATE_WORDS;
  /** True until the first block is generated, which torch's state distinguishes from a used-up block. */
  private fresh = true;
  /** The second value of a Box-Muller pair, kept for the next call, as in torch. */
  private spareNormal: number | undefined;

  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new Error(`internal: seed must be a safe integer, found ${seed}`);
    this.initialSeed = BigInt.asUintN(64, BigInt(seed));
    this.words[0] = seed >>> 0; // torch seeds the engine with the low 32 bits
    for (let i = 1; i < STATE_WORDS; i++) {
      const previous = this.words[i - 1] ^ (this.words[i - 1] >>> 30);
      this.words[i] = Math.imul(1812433253, previous) + i;
    }
  }

  /** The next 32 bits. */
  uint32(): number {
    if (this.used === STATE_WORDS) this.twist();
    let y = this.words[this.used++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A float64 in [0, 1) with 53 random bits: one element of torch.rand(dtype=torch.float64). */
  random(): number {
    const high = this.uint32() & 0x1fffff; // 21 of the 53 bits
    return (high * 0x100000000 + this.uint32()) * 2 ** -53;
  }

  /** torch.randperm(n): a permutation of 0..n-1. */
  randperm(n: number): Int32Array {
    if (n >= 2 ** 32 / 20) throw new Error(`internal: torch shuffles ${n} numbers by another algorithm`);
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < n - 1; i++) {
      const other = i + (this.uint32() % (n - i));
      const value = order[i];
      order[i] = order[other];
      order[other] = value;
    }
    return order;
  }

  /** tensor.uniform_(from, to) on a float32 tensor: fills `out` and returns it. */
  uniform(out: Float32Array, from = 0, to = 1): Float32Array {
    const low = Math.fround(from);
    const range = Math.fround(Math.fround(to) - low);
    for (let i = 0; i < out.length; i++) {
      const unit = (this.uint32() & 0xffffff) * 2 ** -24;
      out[i] = unit * range + low; // one rounding, like torch's fused multiply-add: float64 holds the sum
    }
    return out;
  }

  /**
   * tensor.normal_(mean, std) on a float32 tensor: fills `out` and returns it. torch has two algorithms: below 16
   * elements pairs in float64 with the second value kept for later, else blocks of 16 in float32.
   */
  normal(out: Float32Array, mean = 0, std = 1): Float32Array {
    if (out.length < 16) {
      for (let i = 0; i < out.length; i++) out[i] = this.nextNormal() * std + mean;
      return out;
    }
    this.uniform(out);
    for (let start = 0; start + 15 < out.length; start += 16) normalBlock(out.subarray(start, start + 16), mean, std);
    if (out.length % 16 !== 0) normalBlock(this.uniform(out.subarray(out.length - 16)), mean, std); // drawn again
    return out;
  }

  /**
   * nn.init.kaiming_uniform_(a=sqrt(5)) on a weight [rows, fanIn]: initial values of nn.Linear and PEFT's lora_A,
   * uniform within 1 / sqrt(fanIn).
   */
  kaimingUniform(out: Float32Array, fanIn: number): Float32Array {
    const gain = Math.sqrt(2 / (1 + Math.sqrt(5) ** 2)); // in torch's order, for the same rounding of the bound
    const bound = Math.sqrt(3) * (gain / Math.sqrt(fanIn));
    return this.uniform(out, -bound, bound);
  }

  /** Discards `count` 32-bit draws: those that torch spends on a tensor that prefine does not need. */
  skip(count: number): void {
    let left = count;
    while (left > STATE_WORDS - this.used) {
      left -= STATE_WORDS - this.used;
      this.twist();
    }
    this.used += left;
  }

  /** The state in the layout of torch.Generator.get_state() (5056 bytes). */
  getState(): Uint8Array {
    const bytes = new Uint8Array(STATE_BYTES);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, this.initialSeed, true);
    view.setInt32(8, this.fresh ? 1 : STATE_WORDS + 1 - this.used, true); // draws until the next block, plus one
    view.setInt32(12, 1, true); // seeded
    view.setBigUint64(16, BigInt(this.fresh ? 0 : this.used), true);
    for (let i = 0; i < STATE_WORDS; i++) view.setUint32(24 + 8 * i, this.words[i], true);
    const normals = 24 + 8 * STATE_WORDS; // normal_x, normal_y, normal_rho, normal_is_valid
    view.setFloat64(normals + 8, this.spareNormal ?? 0, true);
    view.setInt32(normals + 24, this.spareNormal === undefined ? 0 : 1, true);
    return bytes;
  }

  /** Continues from a state of getState or torch.Generator.get_state(). */
  setState(bytes: Uint8Array): void {
    if (bytes.length !== STATE_BYTES) {
      throw new Error(`internal: a generator's state has ${STATE_BYTES} bytes, found ${bytes.length}`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const left = view.getInt32(8, true);
    const next = Number(view.getBigUint64(16, true));
    this.fresh = left === 1 && next === 0;
    if (!this.fresh && left + next !== STATE_WORDS + 1) throw new Error("internal: not a state of a CPU generator");
    this.used = this.fresh ? STATE_WORDS : next;
    this.initialSeed = view.getBigUint64(0, true);
    for (let i = 0; i < STATE_WORDS; i++) this.words[i] = view.getUint32(24 + 8 * i, true);
    const normals = 24 + 8 * STATE_WORDS;
    this.spareNormal = view.getInt32(normals + 24, true) === 0 ? undefined : view.getFloat64(normals + 8, true);
  }

  /** One value of at::normal_distribution<double>. */
  private nextNormal(): number {
    if (this.spareNormal !== undefined) {
      const value = this.spareNormal;
      this.spareNormal = undefined;
      return value;
    }
    const angle = 2 * Math.PI * this.random();
    const radius = Math.sqrt(-2 * Math.log1p(-this.random()));
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  private twist(): void {
    const w = this.words;
    for (let i = 0; i < STATE_WORDS; i++) {
      const y = (w[i] & 0x80000000) | (w[(i + 1) % STATE_WORDS] & 0x7fffffff);
      w[i] = w[(i + SHIFT) % STATE_WORDS] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.used = 0;
    this.fresh = false;
  }
}

/** a * b + c rounded once to float32, like the processor's fused instruction. */
const fma = (a: number, b: number, c: number) => Math.fround(a * b + c);
const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);
const floats = (...values: number[]): number[] => values.map(Math.fround);

/** Coefficients of Cephes' logf, highest power first. */
const LOG = floats(
  ...[7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1],
  ...[-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1],
);
const [LN2_HIGH, LN2_LOW, SQRT_HALF] = floats(0.693359375, -2.1219444e-4, Math.SQRT1_2);

/** Cephes' logf for normal x > 0 with fused products: what torch's vectorized generator computes, bit for bit. */
function log32(x: number): number {
  float[0] = x;
  let exponent = (bits[0] >>> 23) - 126;
  bits[0] = (bits[0] & 0x007fffff) | 0x3f000000;
  const half = float[0]; // x / 2^exponent, from 1/2 up to 1
  const isSmall = half < SQRT_HALF;
  if (isSmall) exponent -= 1;
  const t = isSmall ? Math.fround(Math.fround(half - 1) + half) : Math.fround(half - 1);
  const square = Math.fround(t * t);
  const series = Math.fround(LOG.reduce((sum, coefficient) => fma(sum, t, coefficient)) * t);
  const low = fma(exponent, LN2_LOW, Math.fround(series * square));
  return fma(exponent, LN2_HIGH, Math.fround(t + fma(-0.5, square, low)));
}

/** pi / 4 in three parts, so that the reduced angle keeps its digits. */
const QUARTER_TURN = floats(-0.78515625, -2.4187564849853516e-4, -3.77489498e-8);
const [S3, S2, S1] = floats(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1);
const [C3, C2, C1] = floats(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2);
const EIGHTHS = Math.fround(4 / Math.PI);

/** Cephes' sinf and cosf of an angle >= 0, in the same way as {@link log32}. */
function sinCos32(angle: number): [sin: number, cos: number] {
  const octant = (Math.trunc(Math.fround(angle * EIGHTHS)) + 1) & ~1;
  const x = QUARTER_TURN.reduce((rest, part) => fma(octant, part, rest), angle);
  const square = Math.fround(x * x);
  const series = Math.fround(fma(fma(C3, square, C2), square, C1) * square);
  const cos = Math.fround(fma(series, square, -Math.fround(square * 0.5)) + 1);
  const sin = fma(Math.fround(fma(fma(S3, square, S2), square, S1) * square), x, x);
  const isSwapped = (octant & 2) !== 0;
  const [first, second] = isSwapped ? [cos, sin] : [sin, cos];
  return [(octant & 4) === 0 ? first : -first, ((octant - 2) & 4) === 0 ? -second : second];
}

/**
 * Box-Muller over 16 uniform values in place: element j (below 8) gives the radius, element j + 8 the angle. Equals
 * torch bit for bit on processors with AVX2; its plain build rounds some values differently.
 */
function normalBlock(block: Float32Array, mean: number, std: number): void {
  const [turn, scale, shift] = floats(2 * Math.PI, std, mean);
  for (let j = 0; j < 8; j++) {
    const radius = Math.fround(Math.sqrt(-2 * log32(Math.fround(1 - block[j]))));
    const [sin, cos] = sinCos32(Math.fround(turn * block[j + 8]));
    block[j] = fma(Math.fround(radius * cos), scale, shift);
    block[j + 8] = fma(Math.fround(radius * sin), scale, shift);
  }
}

/** [high, low] 32 bits of a * b for unsigned 32-bit integers. */
function multiplyWide(a: number, b: number): [number, number] {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^32
  const cross = aLow * bHigh + (middle & 0xffff); // below 2^32
  return [(aHigh * bHigh + (middle >>> 16) + (cross >>> 16)) >>> 0, Math.imul(a, b) >>> 0];
}

/**
 * Philox 4x32-10 (Salmon et al., 2011): four random 32-bit words that are a pure function of counter and key, so any
 * draw can be repeated without the ones before it.
 */
export function philox(counter: [number, number, number, number], key: [number, number]): Uint32Array {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiplyWide(0xd2511f53, c0 >>> 0);
    const [high1, low1] = multiplyWide(0xcd9e8d57, c2 >>> 0);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return Uint32Array.of(c0, c1, c2, c3);
}

/**
 * A float64 in [0, 1) with 53 random bits, a pure function of (seed, step, index): sampled generation draws the token
 * of sequence `index` at `step` with it, so that neither batching nor resuming changes the draw.
 */
export function counterUniform(seed: number, step: number, index: number): number {
  const key: [number, number] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  const [a, b] = philox([step >>> 0, index >>> 0, Math.floor(step / 2 ** 32) >>> 0, 0], key);
  return ((a >>> 11) * 0x100000000 + b) * 2 ** -53;
}
