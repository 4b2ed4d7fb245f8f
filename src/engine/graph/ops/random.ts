/** @file Dropout masks as a function of a seed: the backward pass regenerates them instead of keeping them. */
import { defineOp, type Emitter, type Tensor } from "../tensor.ts";

/** Finalizer of MurmurHash3 (32 bits): every input bit flips every output bit with probability 1/2. */
function emitHash(x: string, emit: Emitter): string {
  const shiftXor = (value: string, bits: number) => {
    const shifted = emit.node("BitShift", [value, emit.scalar(bits, "uint32")], { direction: "RIGHT" });
    return emit.node("BitwiseXor", [value, shifted]);
  };
  const times = (value: string, factor: number) => emit.node("Mul", [value, emit.scalar(factor, "uint32")]);
  return shiftXor(times(shiftXor(times(shiftXor(x, 16), 0x85ebca6b), 13), 0xc2b2ae35), 16);
}

/** 32 random bits per element of `like`, flat [n]: a function of seed, site and the element's index. */
function emitBits(like: string, seed: string, site: number, emit: Emitter): string {
  const salted = emit.node("BitwiseXor", [seed, emit.scalar(Math.imul(site + 1, 0x9e3779b1) >>> 0, "uint32")]);
  const count = emit.node("Size", [like]);
  const range = emit.node("Range", [emit.scalar(0, "int64"), count, emit.scalar(1, "int64")]);
  const index = emit.node("Mul", [emit.cast(range, "uint32"), emit.scalar(0x9e3779b1, "uint32")]);
  return emitHash(emit.node("BitwiseXor", [index, emitHash(salted, emit)]), emit);
}

const keepOp = defineOp<{ site: number; rate: number }>("dropoutKeep", {
  shape: ([like]) => [{ shape: like.shape }],
  onnx: ([like, seed], emit, { site, rate }) => {
    const threshold = emit.scalar(Math.round(rate * 2 ** 32), "uint32");
    const dropped = emit.node("Less", [emitBits(like, seed, site, emit), threshold]);
    const dtype = emit.inputs[0].dtype;
    const factor = emit.node("Where", [dropped, emit.scalar(0, dtype), emit.scalar(1 / (1 - rate), dtype)]);
    return [emit.node("Reshape", [factor, emit.node("Shape", [like])])];
  },
  vjp: "none",
});

/**
 * Dropout factor per element of `like`: 0 with probability `rate`, else 1 / (1 - rate).
 * @param seed uint32 [], different for each micro-batch
 * @param site a number unique to each dropout in the model
 */
export const dropoutKeep = (like: Tensor, seed: Tensor, site: number, rate: number): Tensor =>
  keepOp([like, seed], { site, rate })[0];

const uniformOp = defineOp<{ site: number }>("uniformNoise", {
  shape: ([like]) => [{ shape: like.shape }],
  onnx: ([like, seed], emit, { site }) => {
    const { dtype } = emit.inputs[0];
    const wide = emit.cast(emitBits(like, seed, site, emit), "float64");
    const unit = emit.node("Sub", [
      emit.node("Mul", [wide, emit.scalar(2 ** -31, "float64")]),
      emit.scalar(1, "float64"),
    ]);
    const noise = emit.cast(unit, dtype);
    return [emit.node("Reshape", [noise, emit.node("Shape", [like])])];
  },
  vjp: "none",
});

/** Uniform in [-1, 1) per element of `like`; seed and site as in {@link dropoutKeep}. */
export const uniformNoise = (like: Tensor, seed: Tensor, site: number): Tensor => uniformOp([like, seed], { site })[0];
