/** @file Equality of JSON values: the expected result is that of Python 3.11's `json.loads(a) == json.loads(b)`. */
import { describe, expect, test } from "vitest";
import { equalJson } from "./equalJson.ts";

describe("equal to Python", () => {
  test.each([
    ["1", "1.0", true],
    ["0", "-0.0", true],
    ["[0]", "[-0.0]", true],
    ["1", '"1"', false],
    ["null", "false", false],
    ["null", "0", false],
    ["null", "{}", false],
    ["{}", "null", false],
    ["{}", "[]", false],
    ["[]", "{}", false],
    ['""', "[]", false],
    ['{"0": 1}', "[1]", false],
    ["[1]", '{"0": 1, "length": 1}', false],
    ['{"a": 1, "b": 2}', '{"b": 2, "a": 1}', true],
    ['{"a": 1}', '{"a": 1, "b": null}', false],
    ['{"a": 1, "b": null}', '{"a": 1, "c": null}', false],
    ['{"toString": 1}', "{}", false],
    ["{}", '{"__proto__": {}}', false],
    ['{"__proto__": 1}', '{"__proto__": 1}', true],
    ['{"__proto__": 1}', '{"__proto__": 2}', false],
    ["[1, 2]", "[2, 1]", false],
    ["[1]", "[1, 2]", false],
    ["[[1], [2, [3]]]", "[[1], [2, [3]]]", true],
    ["[[1], [2, [3]]]", "[[1], [2, [4]]]", false],
    ['{"a": [{"b": [null, true]}]}', '{"a": [{"b": [null, true]}]}', true],
    ['{"a": [{"b": [null, true]}]}', '{"a": [{"b": [null, false]}]}', false],
    ['"\\u00e9"', '"e\\u0301"', false],
  ])("%s and %s: %s", (a, b, expected) => {
    expect(equalJson(JSON.parse(a), JSON.parse(b))).toBe(expected);
    expect(equalJson(JSON.parse(b), JSON.parse(a))).toBe(expected);
  });

  test("NaN equals nothing, infinities equal themselves", () => {
    const [infinity, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
    expect(equalJson(nan, nan)).toBe(false);
    expect(equalJson({ a: [nan] }, { a: [nan] })).toBe(false);
    expect(equalJson([infinity], [infinity])).toBe(true);
    expect(equalJson([infinity], [-infinity])).toBe(false);
  });
});

describe("beyond JSON", () => {
  test("true is not 1", () => {
    expect(equalJson(true, 1)).toBe(false);
  });

  test("an undefined key counts as absent", () => {
    expect(equalJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(equalJson({ a: 1, b: undefined }, { a: 1, c: undefined })).toBe(true);
    expect(equalJson({ a: 1, b: undefined }, { a: 1, c: 2 })).toBe(false);
    expect(equalJson({ b: undefined }, { b: null })).toBe(false);
  });

  test("dates, big integers and bytes of parquet compare by value", () => {
    expect(equalJson(new Date(5), new Date(5))).toBe(true);
    expect(equalJson(new Date(5), new Date(6))).toBe(false);
    expect(equalJson(new Date(5), {})).toBe(false);
    expect(equalJson({}, new Date(5))).toBe(false);
    expect(equalJson(2n ** 60n, 2n ** 60n)).toBe(true);
    expect(equalJson(2n ** 60n, 2n ** 60n + 1n)).toBe(false);
    expect(equalJson(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalJson(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  });
});
