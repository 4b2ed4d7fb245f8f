/** @file Additive attention masks over cached keys: one mask per sliding window. */
import type { HostTensor } from "../engine/runtime/device.ts";
import { HIDDEN } from "../models/packedAttention.ts";
import type { DecoderStepOptions } from "./decoder.ts";

/** Name of the graph's input with the mask of all layers with this window. */
export const maskName = (window: number | null) => (window === null ? "mask" : `mask ${window}`);

export interface CacheState {
  /** P: cached tokens per row. */
  cached: number;
  /** [B] pad tokens at the left of each row. */
  padding: Int32Array;
}

/**
 * A token sees itself and earlier keys, except padding and keys outside its window: [B, 1, S, P + S]. Rows are only
 * padded on the left, so distances in the cache equal distances of positions.
 */
function causalMask(step: DecoderStepOptions, { cached, padding }: CacheState, window: number | null): HostTensor {
  const { batch, length } = step;
  const keys = cached + length;
  const data = new Float32Array(batch * length * keys);
  for (let b = 0; b < batch; b++) {
    for (let s = 0; s < length; s++) {
      const row = (b * length + s) * keys;
      const first = window === null ? padding[b] : Math.max(padding[b], cached + s - window + 1);
      // a padding token only sees itself, so that its softmax is defined
      for (let k = 0; k < keys; k++) {
        const hidden = k > cached + s || (k < first && k !== cached + s);
        if (hidden) data[row + k] = HIDDEN;
      }
    }
  }
  return { dtype: "float32", shape: [batch, 1, length, keys], data };
}

/** The masks of a step, by input name. */
export function causalMasks(
  step: DecoderStepOptions,
  state: CacheState,
  windows: readonly (number | null)[],
): Record<string, HostTensor> {
  return Object.fromEntries([...new Set(windows)].map((window) => [maskName(window), causalMask(step, state, window)]));
}
