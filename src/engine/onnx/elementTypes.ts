/** @file ONNX's codes (TensorProto.DataType) for the element types that prefine's graphs use. */
import type { Dtype, NarrowDtype } from "../graph/tensor.ts";

export const elementTypes: Readonly<Record<Dtype | NarrowDtype | "uint16", number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  bfloat16: 16,
};

/** Types in which the runtime is fed narrow floats: its JavaScript API has no bfloat16, so its bits go as uint16. */
export const storedElementTypes: Readonly<Record<NarrowDtype, number>> = {
  float16: elementTypes.float16,
  bfloat16: elementTypes.uint16,
};
