/** @file Pages of parquet whose headers, runs or dictionaries promise more than they have: values, or one message. */
import { type ColumnMetaData, type FileMetaData, parquetSchema } from "hyparquet";
import { expect, it } from "vitest";
import { checkThrift } from "./parquetChecks.ts";
import { readColumnPages } from "./parquetColumns.ts";

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
const zigzag = (value: number) => varint(value < 0 ? -2 * value - 1 : 2 * value);
/** A struct of 32-bit numbers, and of structs as bytes, by field. */
function struct(fields: Record<number, number | number[] | undefined>): number[] {
  let last = 0;
  const parts = Object.entries(fields).flatMap(([id, value]) => {
    if (value === undefined) return [];
    const head = ((Number(id) - last) << 4) | (typeof value === "number" ? 5 : 12);
    last = Number(id);
    return [head, ...(typeof value === "number" ? zigzag(value) : value)];
  });
  return [...parts, 0];
}

const PLAIN = 0;
const DELTA_TEXTS = 7;
const DICTIONARY = 8;

interface PageSizes {
  size?: number;
  length?: number;
}
const dictionaryPage = (count: number, bytes: number[], { size, length }: PageSizes = {}) => [
  ...struct({ 1: 2, 2: length ?? bytes.length, 3: size ?? bytes.length, 7: struct({ 1: count, 2: PLAIN }) }),
  ...bytes,
];
const dataPage = (count: number, encoding: number, bytes: number[], { size, length }: PageSizes = {}) => [
  ...struct({
    1: 0,
    2: length ?? bytes.length,
    3: size ?? bytes.length,
    5: struct({ 1: count, 2: encoding, 3: 3, 4: 3 }),
  }),
  ...bytes,
];
const text = (value: string) => [value.length, 0, 0, 0, ...Buffer.from(value)];
const words = dictionaryPage(2, [...text("yes"), ...text("no")]);

const schema = parquetSchema({
  schema: [
    { name: "root", num_children: 1 },
    { name: "a", type: "BYTE_ARRAY", repetition_type: "REQUIRED", converted_type: "UTF8" },
  ],
} as FileMetaData);
const budget = () => ({ bytes: 1e6, values: 1e6 });

function read(bytes: number[], rows: number, codec = "UNCOMPRESSED"): unknown[] {
  const column = { type: "BYTE_ARRAY", path_in_schema: ["a"], codec } as unknown as ColumnMetaData;
  const reading = { schema, rows, parsers: {}, budget: budget() };
  return readColumnPages(Uint8Array.from(bytes), column, reading)!.flatMap((chunk) => Array.from(chunk ?? []));
}

it("values, coded and plain", () => {
  const coded = dataPage(3, DICTIONARY, [1, ...varint(2 * 2), 1, ...varint(1 * 2), 0]);
  const plain = dataPage(2, PLAIN, [...text("a"), ...text("")]);
  expect(read([...words, ...coded, ...plain], 5)).toEqual(["no", "no", "yes", "a", ""]);
});

it.each<[kind: string, message: RegExp, bytes: number[], rows?: number, codec?: string]>([
  ["values without end", /too many values/, [...words, ...dataPage(2 ** 31 - 1, DICTIONARY, [0])]],
  [
    "a run without end",
    /run of 536870911 values/,
    [...words, ...dataPage(9, DICTIONARY, [1, ...varint(2 ** 30 - 2), 1])],
  ],
  ["packed values without end", /run of 8000 values/, [...words, ...dataPage(9, DICTIONARY, [0, ...varint(2001)])]],
  ["no dictionary", /dictionary, which is missing/, dataPage(9, DICTIONARY, [1, 18, 1])],
  ["places beyond it", /beyond its dictionary/, [...words, ...dataPage(9, DICTIONARY, [8, 18, 7])], 9],
  ["a long dictionary", /12 bytes says that it has 9999 values/, dictionaryPage(9999, text("12345678"))],
  ["a negative count", /a page of -1 values/, dataPage(-1, PLAIN, text("a"))],
  ["a negative size", /a page of -30 bytes/, dataPage(1, PLAIN, text("a"), { size: -30 })],
  ["a page beyond its column", /a page of 99 bytes ends beyond/, dataPage(1, PLAIN, text("a"), { size: 99 })],
  ["too few rows", /it has 1 rows, its row group 7/, dataPage(1, PLAIN, text("a")), 7],
  ["a huge page", /too many bytes/, dataPage(1, PLAIN, text("a"), { length: 2 ** 31 - 1 }), 1, "SNAPPY"],
  ["a page longer than it says", /more bytes than 100/, dataPage(1, PLAIN, zstdZeros(999), { length: 100 }), 1, "ZSTD"],
  ["an unknown codec", /unsupported compression constructor/, dataPage(1, PLAIN, text("a")), 1, "constructor"],
  ["texts that repeat the one before", /too many bytes/, dataPage(9000, DELTA_TEXTS, growingTexts(9000))],
])("%s", (_kind, message, bytes, rows = 9, codec = "UNCOMPRESSED") => {
  expect(() => read(bytes, rows, codec)).toThrow(message);
});

/** Blocks of 128 KiB, 4 bytes each. */
function zstdZeros(blocks: number): number[] {
  const block = (isLast: boolean) => {
    const head = (131_072 << 3) | 2 | (isLast ? 1 : 0);
    return [head & 255, (head >> 8) & 255, head >> 16, 0];
  };
  const all = Array.from({ length: blocks }, (_, i) => block(i + 1 === blocks)).flat();
  return [0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, ...all];
}

/** The n-th text shares n - 1 characters with the one before. */
function growingTexts(count: number): number[] {
  const deltas = (first: number, step: number) => {
    const blocks = Array.from({ length: Math.ceil((count - 1) / 128) }, () => [...zigzag(step), 0, 0, 0, 0]);
    return [...varint(128), 4, ...varint(count), ...zigzag(first), ...blocks.flat()];
  };
  return [...deltas(0, 1), ...deltas(1, 0), ...Array.from({ length: count }, () => 97)];
}

it.each<[kind: string, bytes: number[]]>([
  ["lists within lists that promise 2^28 items", Array.from({ length: 50 }, () => [0xf9, 255, 255, 255, 127]).flat()],
  ["lists within lists", [0x19, ...Array(999).fill(0x19)]],
  ["structs within structs", Array(999).fill(0x1c)],
  ["a number without end", [0x15, ...Array(999).fill(0xff)]],
  ["a text beyond its end", [0x18, ...varint(2 ** 40)]],
  ["no end", [0x15, 2]],
  ["an unknown type", [0x1f, 0]],
])("thrift: %s", (_kind, bytes) => {
  expect(() => checkThrift(Uint8Array.from(bytes), 0)).toThrow(/^damaged: /);
});
