/** @file GGUF files: blocks against ggml's own values, headers, truncated files. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeGguf } from "../../test/support/writeGguf.ts";
import { memorySource } from "./byteSource.ts";
import { readGguf } from "./gguf.ts";
import { BLOCK_DTYPES, blockBytes, decodeBlocks } from "./ggufBlocks.ts";

const fixture = new URL("../../test/fixtures/gguf-blocks.json", import.meta.url);
const references: Record<string, { blocks: string; values: string }> = JSON.parse(readFileSync(fixture, "utf8"));
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

describe("blocks", () => {
  it.each(BLOCK_DTYPES)("%s has the values that ggml's code gives", (dtype) => {
    const values = new Float32Array(bytesOf(references[dtype].values).buffer);
    const blocks = bytesOf(references[dtype].blocks);
    expect(blockBytes(dtype, values.length)).toBe(blocks.length);
    expect(decodeBlocks(blocks, dtype)).toEqual(values);
  });
});

const folder = mkdtempSync(join(tmpdir(), "prefine-gguf-"));
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

/** A file with one matrix [2, 3] of float32 and a row of 32 in Q8_0. */
function smallFile(metadata: Record<string, string | number | boolean | string[]> = {}): Uint8Array {
  const path = join(folder, "small.gguf");
  writeGguf(
    path,
    { "general.architecture": "llama", "llama.block_count": 2, words: ["a", "größer"], flag: true, ...metadata },
    {
      matrix: { shape: [2, 3], type: 0, bytes: floats(1, 2, 3, 4, 5, 6) },
      row: { shape: [32], type: 8, bytes: bytesOf(references.Q8_0.blocks).subarray(0, 34) },
    },
  );
  return new Uint8Array(readFileSync(path));
}
const read = (bytes: Uint8Array) => readGguf(memorySource(bytes), "x.gguf");

describe("readGguf", () => {
  it("reads metadata and tensors", async () => {
    const bytes = smallFile();
    const { metadata, tensors } = await read(bytes);
    expect(metadata.get("general.architecture")).toBe("llama");
    expect(metadata.get("llama.block_count")).toBe(2);
    expect(metadata.get("words")).toEqual(["a", "größer"]);
    expect(metadata.get("flag")).toBe(true);
    const { start, ...matrix } = tensors.get("matrix")!;
    expect(matrix).toEqual({ dtype: "F32", shape: [2, 3], end: start + 24 });
    expect(new Float32Array(bytes.slice(start, start + 24).buffer)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(tensors.get("row")).toMatchObject({ dtype: "Q8_0", shape: [32] });
  });

  it("rejects truncated files wherever they end", async () => {
    const bytes = smallFile();
    for (let length = 0; length < bytes.length - 32; length += 7) {
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ name: "PrefineError", code: "model" });
    }
  });

  it("reads a header that nothing follows", async () => {
    const path = join(folder, "header.gguf");
    writeGguf(path, { "general.architecture": "llama", last: "x" }, {});
    const bytes = readFileSync(path);
    const header = new Uint8Array(bytes.subarray(0, bytes.lastIndexOf("x") + 1));
    const { metadata, tensors } = await read(header);
    expect([metadata.get("last"), tensors.size]).toEqual(["x", 0]);
  });

  it("names files that are not GGUF, and features it cannot read", async () => {
    await expect(read(new TextEncoder().encode("PK\u0003\u0004 no model".padEnd(500)))).rejects.toThrow(
      /^x\.gguf: expected a GGUF file: .*magic number/,
    );
    const unknown = join(folder, "unknown.gguf");
    writeGguf(unknown, {}, { row: { shape: [256], type: 19, bytes: new Uint8Array(50) } });
    await expect(read(new Uint8Array(readFileSync(unknown)))).rejects.toThrow(/^x\.gguf: row: IQ1_S is not read$/);
  });
  it("has keys and tensors called as what objects have, and each tensor once", async () => {
    const names = ["constructor", "toString", "hasOwnProperty"];
    const { metadata } = await read(smallFile({ constructor: "a", toString: "b", hasOwnProperty: "c" }));
    expect(names.map((name) => metadata.get(name))).toEqual(["a", "b", "c"]);
    expect(metadata.get("valueOf")).toBeUndefined();
    const path = join(folder, "names.gguf");
    const tensor = { shape: [1], type: 0, bytes: floats(1) };
    writeGguf(path, {}, { constructor: tensor, toString: tensor, two: tensor, owt: tensor });
    const bytes = readFileSync(path);
    expect([...(await read(new Uint8Array(bytes))).tensors.keys()]).toEqual(["constructor", "toString", "two", "owt"]);
    bytes.write("two", bytes.indexOf("owt"));
    await expect(read(new Uint8Array(bytes))).rejects.toThrow(/^x.gguf: .* two tensors called "two"$/);
  });
});
