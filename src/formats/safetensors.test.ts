/** @file Files of Python's safetensors, byte for byte; rejects broken headers. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  decodeSafetensors,
  encodeSafetensors,
  parseSafetensorsHeader,
  type SafetensorsTensor,
  safetensorsHeaderLength,
  toFloat32,
} from "./safetensors.ts";

/** Written by Python's safetensors 0.8.0 (torch.save): six tensors of five dtypes, one empty, one a scalar. */
const PYTHON_FILE =
  "eAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOlsyXSwiZGF0" +
  "YV9vZmZzZXRzIjpbMCwxNl19LCJzIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOlsxNiwyNF19LCJi" +
  "LndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwzXSwiZGF0YV9vZmZzZXRzIjpbMjQsNDhdfSwiw6kiOnsiZHR5cGUi" +
  "OiJGMzIiLCJzaGFwZSI6WzAsNF0sImRhdGFfb2Zmc2V0cyI6WzQ4LDQ4XX0sImJmIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpb" +
  "Ml0sImRhdGFfb2Zmc2V0cyI6WzQ4LDUyXX0sImgiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzRdLCJkYXRhX29mZnNldHMiOls1" +
  "Miw2MF19fSAgAQAAAAAAAAD+/////////wAAAAAAAARAAAAAAAAAgD4AAAA/AABAPwAAgD8AAKA/wD9JwAA+ALQBAP97";

const tensors = new Map<string, SafetensorsTensor>([
  ["b.weight", { dtype: "F32", shape: [2, 3], data: Float32Array.from([0, 0.25, 0.5, 0.75, 1, 1.25]) }],
  ["a", { dtype: "I64", shape: [2], data: BigInt64Array.from([1n, -2n]) }],
  ["h", { dtype: "F16", shape: [4], data: Uint16Array.from([0x3e00, 0xb400, 0x0001, 0x7bff]) }],
  ["bf", { dtype: "BF16", shape: [2], data: Uint16Array.from([0x3fc0, 0xc049]) }],
  ["é", { dtype: "F32", shape: [0, 4], data: new Float32Array(0) }],
  ["s", { dtype: "F64", shape: [], data: Float64Array.from([2.5]) }],
]);

/** A file with this JSON as its header and `dataLength` zero bytes of data. */
function fileOf(header: unknown, dataLength: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + dataLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const parse = (file: Uint8Array) => parseSafetensorsHeader(file, file.length, "x.safetensors");
const f32 = (shape: unknown, offsets: unknown) => ({ dtype: "F32", shape, data_offsets: offsets });

describe("safetensors", () => {
  it("writes the same bytes as Python's library", () => {
    const written = Buffer.from(encodeSafetensors(tensors, { format: "pt" })).toString("base64");
    expect(written).toBe(PYTHON_FILE);
  });

  it("reads Python's file", () => {
    const { tensors: read, metadata } = decodeSafetensors(Buffer.from(PYTHON_FILE, "base64"), "python.safetensors");
    expect(metadata).toEqual({ format: "pt" });
    expect([...read.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, { dtype, shape, data }] of tensors) {
      const entry = read.get(name)!;
      expect([entry.dtype, entry.shape]).toEqual([dtype, shape]);
      expect(Buffer.compare(entry.data, new Uint8Array(data.buffer))).toBe(0);
    }
    const floats = (name: string) => [...toFloat32(read.get(name)!.data, read.get(name)!.dtype, name)];
    expect(floats("h")).toEqual([1.5, -0.25, 2 ** -24, 65504]);
    expect(floats("bf")).toEqual([1.5, -3.140625]);
    expect(floats("b.weight")).toEqual([0, 0.25, 0.5, 0.75, 1, 1.25]);
    expect(floats("s")).toEqual([2.5]);
    expect(() => floats("a")).toThrow("a: expected F32, F16, BF16 or F64, found I64");
  });

  it("keeps names that a JavaScript object would lose or reorder", () => {
    const odd = new Map<string, SafetensorsTensor>(
      ["10", "2", "__proto__"].map((name) => [name, { dtype: "U8", shape: [1], data: Uint8Array.of(name.length) }]),
    );
    const { tensors: read } = decodeSafetensors(encodeSafetensors(odd), "odd");
    expect([...read].map(([name, { data }]) => [name, data[0]]).sort()).toEqual([
      ["10", 2],
      ["2", 1],
      ["__proto__", 9],
    ]);
  });

  it("gives offsets from the start of the file, reading only its header", () => {
    const file = Buffer.from(PYTHON_FILE, "base64");
    const headerEnd = 8 + safetensorsHeaderLength(file.subarray(0, 8));
    const { tensors: read } = parseSafetensorsHeader(file.subarray(0, headerEnd), file.length, "x");
    expect(read.get("h")).toEqual({ dtype: "F16", shape: [4], start: headerEnd + 52, end: headerEnd + 60 });
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "expected at least 8 bytes, found 0"],
    ["text", new TextEncoder().encode("version https://git-lfs"), "expected a header of at most"],
    ["a truncated header", fileOf({}, 0).subarray(0, 9), "the header ends at byte 10, the file at byte 9"],
    ["broken JSON", fileOf("{nonsense}", 0), "the header is not JSON"],
    ["an array", fileOf([], 0), "not a JSON object"],
    [
      "a tensor twice",
      fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}', 0),
      'has "a" twice',
    ],
    ["a field twice", fileOf('{"a":{"dtype":"F32","shape":[0],"shape":[0],"data_offsets":[0,0]}}', 0), '"shape" twice'],
    ["numbers as metadata", fileOf({ __metadata__: { a: 1 } }, 0), "__metadata__ is not a map of strings"],
    [
      "an unknown dtype",
      fileOf({ a: { ...f32([1], [0, 4]), dtype: "F33" } }, 4),
      'tensor "a" has the unknown dtype "F33"',
    ],
    ["a negative size", fileOf({ a: f32([-1], [0, 4]) }, 4), 'tensor "a" has the shape [-1]'],
    ["odd offsets", fileOf({ a: f32([1], [4, 0]) }, 4), 'tensor "a" has the data_offsets [4,0]'],
    ["a wrong length", fileOf({ a: f32([2, 3], [0, 20]) }, 20), 'tensor "a", F32 [2, 3], needs 24 bytes and has 20'],
    ["a huge shape", fileOf({ a: f32([2 ** 40, 2 ** 40], [0, 4]) }, 4), "needs NaN bytes"],
    ["an overlap", fileOf({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8), 'tensor "b" overlaps'],
    ["a gap", fileOf({ a: f32([1], [0, 4]), b: f32([1], [8, 12]) }, 12), 'tensor "b" leaves a gap'],
    ["truncated data", fileOf({ a: f32([2], [0, 8]) }, 4), "describes 70 bytes, the file has 66"],
    ["bytes after the data", fileOf({ a: f32([1], [0, 4]) }, 8), "describes"],
  ])("rejects %s", (_name, file, message) => {
    expect(() => parse(file)).toThrow(message);
    expect(() => parse(file)).toThrow("x.safetensors: not a whole safetensors file");
  });
});

const model = fileURLToPath(new URL("../../../shared/reference/hub/models/gpt2/model.safetensors", import.meta.url));

describe.skipIf(!existsSync(model))("safetensors of ../shared/reference (skipped if absent)", () => {
  it("reads a model from the hub", () => {
    const { tensors: read } = decodeSafetensors(readFileSync(model), model);
    expect(read.get("wte.weight")?.shape[0]).toBe(768);
    expect(read.get("h.0.attn.c_attn.weight")?.dtype).toBe("F32");
    expect(toFloat32(read.get("ln_f.weight")!.data, "F32", "ln_f.weight").every(Number.isFinite)).toBe(true);
  });
});
