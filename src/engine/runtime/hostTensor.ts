/** @file Host tensors of float32 numbers, the type of weights. */
import type { HostTensor } from "./protocol.ts";

export const float32 = ({ shape, data }: { shape: readonly number[]; data: Float32Array }): HostTensor => ({
  dtype: "float32",
  shape,
  data,
});
