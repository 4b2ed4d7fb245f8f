/** @file SHA-256 against node:crypto, and the examples of FIPS 180-4. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Sha256, sha256 } from "./sha256.ts";

const nodes = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * i * 31 + i) % 251);

test("the standard's examples", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const twoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  expect(sha256(twoBlocks)).toBe("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  expect(sha256("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("hashes a text's UTF-8", () => {
  const text = "na\u00efve \u6f22 \u{1f600}";
  expect(sha256(text)).toBe(nodes(Buffer.from(text)));
});

test("bytes of every length around a block's", () => {
  for (let length = 0; length <= 260; length++) {
    const part = bytes.subarray(0, length);
    expect(new Sha256().update(part).hex(), `${length} bytes`).toBe(nodes(part));
  }
});

test("pieces of any length, including views into a buffer and arrays of numbers", () => {
  const expected = nodes(bytes);
  for (const step of [1, 3, 63, 64, 65, 127, 128, 200, 999]) {
    const hash = new Sha256();
    for (let at = 0; at < bytes.length; at += step) hash.update(bytes.subarray(at, at + step));
    expect(hash.hex(), `in pieces of ${step}`).toBe(expected);
  }
  const ids = Int32Array.from({ length: 100 }, (_, i) => 50256 - i * 77).subarray(3);
  expect(new Sha256().update(ids).hex()).toBe(nodes(new Uint8Array(ids.buffer, 12, 388)));
});
