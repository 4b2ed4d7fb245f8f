/**
 * @file AdamW with 8-bit moments (arXiv 2110.02861), equal to bitsandbytes': the low-memory optimizer here, because run
 * files that want to save memory name this one, it follows AdamW's own curve (unlike lion), and the moments, the
 * largest part of full fine-tuning, shrink to a quarter.
 * Embeddings and tensors under 4,096 numbers keep float32 moments, as under transformers' Trainer.
 */

import { CODE_BLOCK, decodeBlock, dynamicCodes, encodeBlock } from "../formats/dynamicCodes.ts";
import { type AdamwSettings, adamw, adamwStep } from "./adamw.ts";
import type { Optimizer } from "./optimizer.ts";

/** bitsandbytes' min_8bit_size. */
const SMALLEST = 4096;
const EMBEDDING = /(^|\.)(wte|wpe|embed_tokens|embed_in)\.weight$/;
const signed = dynamicCodes(true);
const unsigned = dynamicCodes(false);

export const adamw8bit: Optimizer<AdamwSettings> = {
  state: (tensor, settings) => {
    const { name, shape } = tensor;
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (size < SMALLEST || EMBEDDING.test(name)) return adamw.state(tensor, settings);
    const scales = [Math.ceil(size / CODE_BLOCK)];
    return {
      state1: { dtype: "uint8", shape },
      state2: { dtype: "uint8", shape },
      absmax1: { dtype: "float32", shape: scales },
      absmax2: { dtype: "float32", shape: scales },
    };
  },
  update: (tensor, settings, context) => {
    if (!tensor.state.state1) return adamw.update(tensor, settings, context);
    const { param, grad, state, weightDecay } = tensor;
    const first = { codes: state.state1 as Uint8Array, scales: state.absmax1 as Float32Array };
    const second = { codes: state.state2 as Uint8Array, scales: state.absmax2 as Float32Array };
    const moments = [new Float32Array(CODE_BLOCK), new Float32Array(CODE_BLOCK)];
    const options = { ...settings, ...context };
    for (let start = 0, block = 0; start < param.length; start += CODE_BLOCK, block++) {
      const end = Math.min(start + CODE_BLOCK, param.length);
      const [expAvg, expAvgSq] = moments.map((whole) => whole.subarray(0, end - start));
      decodeBlock(signed, { codes: first.codes, start, scale: first.scales[block] }, expAvg);
      decodeBlock(unsigned, { codes: second.codes, start, scale: second.scales[block] }, expAvgSq);
      const [p, g] = [param.subarray(start, end), grad.subarray(start, end)];
      adamwStep([{ param: p, grad: g, expAvg, expAvgSq, weightDecay }], options);
      first.scales[block] = encodeBlock(signed, expAvg, { codes: first.codes, start });
      second.scales[block] = encodeBlock(unsigned, expAvgSq, { codes: second.codes, start });
    }
  },
};
