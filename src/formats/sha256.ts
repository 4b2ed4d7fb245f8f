/**
 * @file SHA-256 (FIPS 180-4) of bytes in pieces, in plain JavaScript: WebCrypto takes only one piece, and node:crypto
 * is not available everywhere. 110 MB per second, a tenth of node:crypto: for the identity of data, not for gigabytes
 * of weights. @noble/hashes is as fast, but is 1.8 MB, and its current line needs Node 20.19.
 */

/** The first 32 bits of the fractional parts of `root` of the first `count` primes. */
function fractionsOfRoots(root: (prime: number) => number, count: number): Int32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Int32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
}

const START = fractionsOfRoots(Math.sqrt, 8);
const ROUNDS = fractionsOfRoots(Math.cbrt, 64);
const BLOCK = 64; // bytes

/** `new Sha256().update(a).update(b).hex()` */
export class Sha256 {
  private readonly state = Int32Array.from(START);
  private readonly words = new Int32Array(64);
  /** The beginning of an incomplete block. */
  private readonly pending = new Uint8Array(BLOCK);
  private readonly pendingView = new DataView(this.pending.buffer);
  private total = 0;

  /** Hashes the bytes of the array, in memory order. */
  update(piece: ArrayBufferView): this {
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    const used = this.total % BLOCK;
    this.total += bytes.length;
    let at = 0;
    if (used > 0) {
      at = Math.min(BLOCK - used, bytes.length);
      this.pending.set(bytes.subarray(0, at), used);
      if (used + at < BLOCK) return this;
      this.addBlock(this.pendingView, 0);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.addBlock(view, at);
    this.pending.set(bytes.subarray(at));
    return this;
  }

  /** The hash in hexadecimal digits; nothing can be added after this. */
  hex(): string {
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(this.total) * 8n);
    const toLength = BLOCK - 8 - 1 - (this.total % BLOCK);
    const padding = new Uint8Array(1 + (toLength < 0 ? toLength + BLOCK : toLength));
    padding[0] = 0x80;
    this.update(padding).update(length);
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  private addBlock(view: DataView, offset: number): void {
    const { words, state } = this;
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(offset + 4 * i);
    extend(words);
    let a = state[0]; // not [a, b, ...] = state: the iterator takes longer than the rounds
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}

/** Expands the 16 words of a block to 64. */
function extend(words: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
}

/** Hash of bytes, or of a text's UTF-8. */
export function sha256(data: string | ArrayBufferView): string {
  return new Sha256().update(typeof data === "string" ? new TextEncoder().encode(data) : data).hex();
}
