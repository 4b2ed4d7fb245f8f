/** @file Keys that an object has twice, at any depth and however they are spelled. */
import { expect, test } from "vitest";
import { duplicateKey, repeatedColumn } from "./duplicateKeys.ts";

test.each<[json: string, key: string | undefined]>([
  ["{}", undefined],
  ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}', undefined],
  ['{"a":"b","b":"a"}', undefined],
  ['{"a":"\\"a\\":","b":["a","a"]}', undefined],
  ['{"a":1,"a":1}', "a"],
  ['{"a":1,"\\u0061":2}', "a"],
  ['{"x":[1,{"b" : 1,\n "b"\t: 2}]}', "b"],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
  ['{"":1,"":2}', ""],
])("%s", (json, key) => {
  JSON.parse(json);
  expect(duplicateKey(json)).toBe(key);
});

test("strings of megabytes", () => {
  const long = JSON.stringify('a"\\'.repeat(3_000_000));
  expect(duplicateKey(`{${long}:1,"b":${long},"c":[${long}]}`)).toBeUndefined();
  expect(duplicateKey(`{"b":${long},"b":1}`)).toBe("b");
});

test.each<[json: string, key: string | undefined]>([
  ['{"a":"\\"b\\":1","b":[{"a":2}]}', undefined],
  ['{"a":{"x":1,"x":2},"b":[{"y":1,"y":2}]}', undefined], // as in datasets, the last of nested ones
  ['{"a":1,"b":2,"a":3}', "a"],
  ['{"a" : 1, "a": 2, "b" : 3}', "a"],
  ['{"b":{"a":1},"\\u0062":2}', "b"],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
])("columns of %s", (json, key) => {
  expect(repeatedColumn(json, JSON.parse(json))).toBe(key);
});
