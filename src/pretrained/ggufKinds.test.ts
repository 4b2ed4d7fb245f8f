/** @file What GGUF files that are no language model are called, and what to give instead. */
import { expect, test } from "vitest";
import type { GgufTensor } from "../formats/gguf.ts";
import { ggufModels, ggufParts } from "../formats/ggufPath.ts";
import { refuseOtherGguf } from "./ggufKinds.ts";

const tensor: GgufTensor = { dtype: "F32", shape: [1], start: 0, end: 4 };

test.each<[metadata: Record<string, unknown>, tensors: number, message: string, hint: string]>([
  [{ "general.architecture": "clip" }, 1, "a language model, found the vision or audio part of one", "next to it"],
  [{ "general.type": "mmproj" }, 1, "a language model, found the vision or audio part of one (mmproj)", "next to it"],
  [{ "general.type": "adapter", "general.architecture": "llama" }, 1, "found an adapter", "adapter_config.json"],
  [{ "general.type": "imatrix" }, 1, "found an importance matrix", "own GGUF file"],
  [{ "general.architecture": "llama" }, 0, "found only metadata: it has no tensors", "the file with the weights."],
  [{ "tokenizer.ggml.tokens": ["a"] }, 0, "found only a vocabulary: it has no tensors", "loaded as a tokenizer"],
])("%o with %i tensors", (metadata, count, message, hint) => {
  const tensors = new Map(count > 0 ? [["x", tensor]] : []);
  const file = { metadata: new Map(Object.entries(metadata)), tensors, where: "x.gguf" };
  expect(() => refuseOtherGguf(file)).toThrow(
    expect.objectContaining({
      code: "model",
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  );
});

test("a model's weights are none of these", () => {
  const metadata = new Map(Object.entries({ "general.type": "model", "general.architecture": "llama" }));
  expect(() => refuseOtherGguf({ metadata, tensors: new Map([["x", tensor]]), where: "x.gguf" })).not.toThrow();
});

test("parts are one model; a vision part is not the model of its folder", () => {
  const [first, second] = ggufParts("a/m-00002-of-00002.gguf");
  expect([first, second]).toEqual(["a/m-00001-of-00002.gguf", "a/m-00002-of-00002.gguf"]);
  expect(ggufParts("m-1-of-2.gguf")).toEqual(["m-1-of-2.gguf"]);
  expect(ggufParts("m-00003-of-00002.gguf")).toEqual(["m-00003-of-00002.gguf"]);
  expect(ggufParts("m-00001-of-99999.gguf")).toEqual(["m-00001-of-99999.gguf"]);
  const names = ["README.md", "mmproj-f16.gguf", second.slice(2), first.slice(2)];
  expect(ggufModels(names)).toEqual(["m-00001-of-00002.gguf"]);
  expect(ggufModels(["mmproj-f16.gguf"])).toEqual(["mmproj-f16.gguf"]);
});
