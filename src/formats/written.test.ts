/** @file JSON that loses nothing: exact numbers and orders of keys, beside plain values. */
import { describe, expect, test } from "vitest";
import { parseExactJson } from "./exactJson.ts";
import {
  addNotes,
  copyWritten,
  hasWritten,
  isFloat,
  keysOf,
  notesOf,
  orderedObject,
  restoreWritten,
} from "./written.ts";

type Json = Record<string, unknown>;

describe("exact JSON", () => {
  test.each([
    '{"a":[1,2.5,-3,{"b":null}],"c":"x: 1.0, \\"2\\": 3"}',
    '[50.0,1e3,-0.0,0.1,1E-7,true,false,null,"",[],{}]',
    ' { "2" : 1 , "1" : [ { "10" : "\\u00e9\\n" } ] } ',
    '"a"',
    "7",
    "5.0",
    '{"__proto__":{"x":1.0},"constructor":2.0}',
  ])("%s has the values of JSON.parse", (text) => {
    expect(parseExactJson(text)).toEqual(JSON.parse(text));
  });

  test("ints keep their digits, and have no negative zero", () => {
    const { big, safe, zero } = parseExactJson(
      '{"big":12345678901234567890,"safe":9007199254740991,"zero":-0}',
    ) as Json;
    expect({ big, safe, zero }).toEqual({ big: 12345678901234567890n, safe: 9007199254740991, zero: 0 });
  });

  test("floats and the order of keys are known", () => {
    const value = parseExactJson('{"b":1,"10":2.0,"2":[3,4.0]}') as Json;
    expect(keysOf(value)).toEqual(["b", "10", "2"]);
    expect(["b", "10"].map((key) => isFloat(value, key, value[key] as number))).toEqual([false, true]);
    const list = value["2"] as number[];
    expect(list.map((item, i) => isFloat(list, String(i), item))).toEqual([false, true]);
  });

  test.each(['{"a":1.0', '{"a":01.0}', "[1.0,]", "{'a':1.0}", "1.0 2.0", `${"[".repeat(300)}1.0${"]".repeat(300)}`])(
    "%s is refused",
    (text) => {
      expect(() => parseExactJson(text)).toThrow(SyntaxError);
    },
  );
});

describe("notes", () => {
  const read = () =>
    parseExactJson('{"call":{"x":50.0,"by":{"b":1,"10":2}},"text":"t"}') as { call: Json; text: string };
  const orders = ({ call }: { call: Json }) => [isFloat(call, "x", 50), keysOf(call.by as object)];
  const exact = [true, ["b", "10"]];

  test("go to a copy, to another thread, and to what was made of a part", () => {
    const value = read();
    const copy = structuredClone(value);
    expect(orders(copy)).toEqual([false, ["10", "b"]]);
    addNotes(copy, structuredClone(notesOf(value)));
    expect(orders(copy)).toEqual(exact);
    const made = { call: { ...value.call, by: { ...(value.call.by as object) } } };
    restoreWritten(made, value);
    expect(orders(made)).toEqual(exact);
    expect([hasWritten(value), hasWritten({ text: "t" }), notesOf({ text: "t" })]).toEqual([true, false, undefined]);
  });

  test("follow deleted and added keys", () => {
    const object = orderedObject(
      Object.entries({}).concat([
        ["b", 1],
        ["10", 2],
        ["2", 3],
      ] as [string, number][]),
    );
    delete object["10"];
    object.c = 4;
    expect(keysOf(object)).toEqual(["b", "2", "c"]);
    expect(keysOf(copyWritten({ ...object }, object))).toEqual(["b", "2", "c"]);
  });
});
