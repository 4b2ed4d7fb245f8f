/** @file Rows of .json and .jsonl files in blocks; errors name the line. */
import { describe, expect, it } from "vitest";
import { memorySource } from "./byteSource.ts";
import { openJson, readJsonBlock } from "./jsonRows.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Rows from the first pass, and from reading the blocks afterward. */
async function readBoth(bytes: Uint8Array, blockBytes: number) {
  const seen: unknown[] = [];
  const file = await openJson(memorySource(bytes), "x.json", () => (row) => seen.push(row), blockBytes);
  const blocks = [];
  for (const block of file.blocks) {
    const rows = await readJsonBlock(file, block);
    expect(rows).toHaveLength(block.rows);
    blocks.push(rows);
  }
  return { seen, blocks, file };
}

const failing = (text: string | Uint8Array, blockBytes: number) =>
  readBoth(typeof text === "string" ? bytesOf(text) : text, blockBytes).then(
    () => "no error",
    (error: Error) => error.message,
  );

const rows = [
  { prompt: 'quotes " and \\ and \\" and ]}, [{', n: 1 },
  { prompt: "日本語 😀 \u2028 \n newline", nested: { list: [[1, [2]], { a: {} }], empty: [], text: "}{" } },
  { prompt: "", n: -1.5e3, ok: true, none: null },
  { prompt: "x".repeat(300) },
  {},
];
const layouts: [string, string][] = [
  ["JSON Lines", rows.map((row) => JSON.stringify(row)).join("\n")],
  [
    "JSON Lines with CRLF, blank lines and a last line end",
    `\r\n${rows.map((row) => JSON.stringify(row)).join("\r\n \r\n")}\r\n`,
  ],
  ["JSON Lines with a byte order mark", `\ufeff${rows.map((row) => JSON.stringify(row)).join("\n")}\n`],
  ["a list in one line", JSON.stringify(rows)],
  ["an indented list with a byte order mark", `\ufeff\n  ${JSON.stringify(rows, null, 2)}\n\n`],
];

describe("JSON files of rows", () => {
  it.each(layouts)("reads %s the same whole and in blocks of any size", async (_name, text) => {
    let sizes = 0;
    for (const blockBytes of [1, 2, 3, 5, 7, 16, 64, 256, 100_000]) {
      const { seen, blocks } = await readBoth(bytesOf(text), blockBytes);
      expect(seen).toEqual(rows);
      expect(blocks.flat()).toEqual(rows);
      if (blockBytes === 100_000) expect(blocks).toHaveLength(1);
      if (blockBytes === 64) expect(blocks.length).toBeGreaterThan(1);
      sizes++;
    }
    expect(sizes).toBe(9);
  });

  it("records the line of every block", async () => {
    const text = '{"a":1}\n\n{"a":2}\n{"a":3}\n';
    expect((await readBoth(bytesOf(text), 8)).file.blocks.map(({ line }) => line)).toEqual([1, 3]);
    const list = '[\n{"a":\n1},\n\n{"a":2}\n]';
    expect((await readBoth(bytesOf(list), 14)).file.blocks.map(({ line }) => line)).toEqual([2, 5]);
  });

  it("reads an empty list as no rows", async () => {
    expect((await readBoth(bytesOf(" [ \n ] \n"), 3)).seen).toEqual([]);
  });

  const latin1 = new Uint8Array([...bytesOf('{"a":1}\n{"a":"'), 0xe9, ...bytesOf('"}\n')]);
  it.each<[string, string | Uint8Array, RegExp]>([
    ["an empty file", "", /^x\.json: expected rows, found an empty file/],
    ["white space", " \n\t\n", /^x\.json: expected rows, found an empty file/],
    ["plain text", "hello", /^x\.json:1: expected a row as a JSON object, found: neither an object nor a list/],
    ["an object over several lines", '{\n"a": x\n}', /^x\.json:1: .*position 1|^x\.json:1: .*(Expected|Unexpected)/],
    ["a broken line", '{"a":1}\n\n{"a":}\n{"a":3}', /^x\.json:3: .*Unexpected token/],
    ["a truncated last line", '{"a":1}\n{"a":"tex', /^x\.json:2: .*(Unterminated string|Unexpected end)/],
    ["a number as a line", '{"a":1}\n7', /^x\.json:2: .*found: 7$/],
    ["a list as a line", '{"a":1}\n[1]', /^x\.json:2: .*found: a list$/],
    ["bytes that are not UTF-8", latin1, /^x\.json:2: .*utf-8/i],
    ["a broken element", '[\n{"a":1},\n{"a":x}\n]', /^x\.json:3: .*Unexpected token/],
    ["text in the list", '[{"a":1},\n"x"]', /^x\.json:2: .*found: "x"$/],
    ["a trailing comma", '[{"a":1},\n]', /^x\.json:2: .*Unexpected end of JSON input/],
    ["nothing between commas", '[{"a":1},\n,{"a":1}]', /^x\.json:2: .*Unexpected end of JSON input/],
    ["a comma at the beginning", '[,{"a":1}]', /^x\.json:1: .*Unexpected end of JSON input/],
    ["no comma", '[{"a":1}\n{"a":1}]', /^x\.json:1: .*JSON/],
    ["a list without an end", '[{"a":1},\n{"a":2}\n', /^x\.json:2: .*a list without an end; is the file truncated\?$/],
    [
      "a list truncated in an element",
      '[{"a":1},\n{"a":',
      /^x\.json:2: .*a list without an end; is the file truncated\?$/,
    ],
    ["a second list", '[{"a":1}]\n[{"a":1}]', /^x\.json:2: .*text after the end of the list$/],
  ])("rejects %s, naming file and line", async (_name, text, message) => {
    for (const blockBytes of [1, 4, 1000]) expect(await failing(text, blockBytes)).toMatch(message);
  });
});

it("a column twice is refused where Arrow reads the rows: in JSON Lines and objects one after another", async () => {
  const lines = '{"a":"1"}\n{"a":"1","b":"2","a":"3"}\n';
  expect(await failing(lines, 1000)).toBe('x.json:2: expected a row with each column once, found "a" twice');
  expect(await failing('{\n"a":1,\n"a":2}\n{"a":3}', 1000)).toContain(
    'x.json:1: expected a row with each column once, found "a" twice',
  );
  const { seen } = await readBoth(bytesOf('[{"a":"1","b":"2","a":"3"}]'), 1000);
  expect(seen).toEqual([{ a: "3", b: "2" }]); // pandas keeps the last one
});
