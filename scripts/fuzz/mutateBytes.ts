/** @file Mutations independent of the format: flipped bits, cuts, insertions, repetitions, false lengths. */
import type { Dice } from "./dice.ts";

type Mutation = (bytes: Buffer, dice: Dice) => Buffer;

/** Lengths and offsets that a reader may believe. */
const LIES = [0n, 1n, 7n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

const span = (bytes: Buffer, dice: Dice) => {
  const start = dice.below(bytes.length + 1);
  return [start, Math.min(bytes.length, start + 1 + dice.below(Math.max(1, bytes.length >> 2)))] as const;
};
const splice = (bytes: Buffer, start: number, end: number, middle: Uint8Array = Buffer.alloc(0)) =>
  Buffer.concat([bytes.subarray(0, start), middle, bytes.subarray(end)]);
const noise = (length: number, dice: Dice) => Buffer.from(Array.from({ length }, () => dice.below(256)));

const MUTATIONS: Mutation[] = [
  function flipBits(bytes, dice) {
    for (let flips = 1 + dice.below(8); flips > 0 && bytes.length > 0; flips--) {
      bytes[dice.below(bytes.length)] ^= 1 << dice.below(8);
    }
    return bytes;
  },
  /** Formats store their numbers at the beginning and the end. */
  function flipNearAnEnd(bytes, dice) {
    const reach = Math.min(bytes.length, 64);
    if (reach > 0)
      bytes[dice.chance(0.5) ? dice.below(reach) : bytes.length - 1 - dice.below(reach)] ^= 1 << dice.below(8);
    return bytes;
  },
  (bytes, dice) => bytes.subarray(0, dice.below(bytes.length + 1)),
  (bytes, dice) => bytes.subarray(dice.below(Math.min(bytes.length, 32) + 1)),
  (bytes, dice) => splice(bytes, ...span(bytes, dice)),
  function insert(bytes, dice) {
    const at = dice.below(bytes.length + 1);
    return splice(bytes, at, at, noise(1 + dice.below(16), dice));
  },
  function overwrite(bytes, dice) {
    const [start, end] = span(bytes, dice);
    return splice(bytes, start, end, dice.chance(0.5) ? Buffer.alloc(end - start) : noise(end - start, dice));
  },
  function repeat(bytes, dice) {
    const [start, end] = span(bytes, dice);
    return splice(bytes, end, end, bytes.subarray(start, end));
  },
  function lieAboutLength(bytes, dice) {
    const lie = Buffer.alloc(8);
    lie.writeBigUInt64LE(dice.chance(0.5) ? dice.pick(LIES) : BigInt(bytes.length + dice.below(33) - 16));
    const width = dice.pick([4, 8]);
    const places = [0, 8, bytes.length - 8, bytes.length - 4, dice.below(Math.max(1, bytes.length))];
    const at = Math.min(Math.max(0, dice.pick(places)), bytes.length);
    return splice(bytes, at, Math.min(bytes.length, at + width), lie.subarray(0, width));
  },
];

/** A damaged copy. */
export function mutateBytes(bytes: Uint8Array, dice: Dice): Buffer {
  return Buffer.from(dice.pick(MUTATIONS)(Buffer.from(bytes), dice));
}
