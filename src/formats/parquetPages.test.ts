/** @file Pages of parquet with values that do not fit their header, levels, dictionary or type: one message each. */
import { type ColumnMetaData, type FileMetaData, parquetSchema } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, it } from "vitest";
import { memorySource } from "./byteSource.ts";
import { openParquet, readRowGroup } from "./parquet.ts";
import { readColumnPages } from "./parquetColumns.ts";
import { nestsTooDeeply, problemOfFooter } from "./parquetSchema.ts";

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
const zigzag = (value: number) => varint(value < 0 ? -2 * value - 1 : 2 * value);
function struct(fields: Record<number, number | number[]>): number[] {
  let last = 0;
  const parts = Object.entries(fields).flatMap(([id, value]) => {
    const head = ((Number(id) - last) << 4) | (typeof value === "number" ? 5 : 12);
    last = Number(id);
    return [head, ...(typeof value === "number" ? zigzag(value) : value)];
  });
  return [...parts, 0];
}

const [PLAIN, RLE, BIT_PACKED, DELTA, DELTA_LENGTHS, DELTA_TEXTS, DICTIONARY, SPLIT] = [0, 3, 4, 5, 6, 7, 8, 9];
const pageOf = (type: number, kind: number, head: Record<number, number>, bytes: number[]) => [
  ...struct({ 1: type, 2: bytes.length, 3: bytes.length, [kind]: struct(head) }),
  ...bytes,
];
const dictionary = (count: number, bytes: number[], encoding = PLAIN) => pageOf(2, 7, { 1: count, 2: encoding }, bytes);
const page = (count: number, encoding: number, bytes: number[], levels = RLE) =>
  pageOf(0, 5, { 1: count, 2: encoding, 3: levels, 4: levels }, bytes);
interface Second {
  nulls?: number;
  rows: number;
  lengths: [repetition: number, definition: number];
}
const second = (count: number, encoding: number, bytes: number[], { nulls = 0, rows, lengths }: Second) =>
  pageOf(3, 8, { 1: count, 2: nulls, 3: rows, 4: encoding, 5: lengths[1], 6: lengths[0], 7: 0 }, bytes);
const int = (value: number) => [value, 0, 0, 0];
const text = (value: string) => [...int(value.length), ...Buffer.from(value)];
/** A run of one value; levels with their length before. */
const run = (count: number, value: number) => [...varint(count * 2), value];
const levels = (...runs: number[][]) => [...int(runs.flat().length), ...runs.flat()];
const words = dictionary(2, [...text("yes"), ...text("no")]);
const deltas = (count: number, first = 0, widths = [0, 0, 0, 0]) => [
  ...varint(128),
  4,
  ...varint(count),
  ...zigzag(first),
  ...(count > 1 ? [0, ...widths] : []),
];

const COLUMNS: Record<string, { elements: object[]; path: string[]; type: string }> = {
  text: { elements: [{ name: "a", type: "BYTE_ARRAY", repetition_type: "REQUIRED", converted_type: "UTF8" }], path: ["a"], type: "BYTE_ARRAY" }, // biome-ignore format: a line each
  optional: { elements: [{ name: "a", type: "BYTE_ARRAY", repetition_type: "OPTIONAL", converted_type: "UTF8" }], path: ["a"], type: "BYTE_ARRAY" }, // biome-ignore format: a line each
  int: { elements: [{ name: "a", type: "INT32", repetition_type: "REQUIRED" }], path: ["a"], type: "INT32" },
  double: { elements: [{ name: "a", type: "DOUBLE", repetition_type: "REQUIRED" }], path: ["a"], type: "DOUBLE" },
  truth: { elements: [{ name: "a", type: "BOOLEAN", repetition_type: "REQUIRED" }], path: ["a"], type: "BOOLEAN" },
  fixed: { elements: [{ name: "a", type: "FIXED_LEN_BYTE_ARRAY", type_length: 3, repetition_type: "REQUIRED" }], path: ["a"], type: "FIXED_LEN_BYTE_ARRAY" }, // biome-ignore format: a line each
  list: {
    elements: [
      { name: "a", repetition_type: "OPTIONAL", converted_type: "LIST", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "BYTE_ARRAY", repetition_type: "OPTIONAL", converted_type: "UTF8" },
    ],
    path: ["a", "list", "element"],
    type: "BYTE_ARRAY",
  },
};

function read(name: string, bytes: number[], rows: number, more: Partial<ColumnMetaData> = {}): unknown[] {
  const { elements, path, type } = COLUMNS[name]!;
  const schema = parquetSchema({ schema: [{ name: "root", num_children: 1 }, ...elements] } as FileMetaData);
  const column = { type, path_in_schema: path, codec: "UNCOMPRESSED", ...more } as unknown as ColumnMetaData;
  const reading = { schema, rows, parsers: {}, budget: { bytes: 1e6, values: 1e6 } };
  return readColumnPages(Uint8Array.from(bytes), column, reading)!.flatMap((chunk) => Array.from(chunk ?? []));
}

it("lists, missing values, packed levels, the second version of pages", () => {
  const lists = [...levels([3, 0b0010]), ...levels([...varint(5), 0b11_11_11, 0]), 1, ...run(3, 1)];
  expect(read("list", [...words, ...page(3, DICTIONARY, lists)], 2)).toEqual([[["no", "no"]], [["no"]]]);
  const optional = [...levels(run(2, 1), run(1, 0)), ...text("a"), ...text("b")];
  expect(read("optional", page(3, PLAIN, optional), 3)).toEqual(["a", "b", null]);
  const bytes = [...run(2, 1), ...run(1, 0), ...text("a"), ...text("b")];
  expect(read("optional", second(3, PLAIN, bytes, { nulls: 1, rows: 3, lengths: [0, 4] }), 3)).toEqual([
    "a",
    "b",
    null,
  ]);
  expect(read("int", page(129, DELTA, [...deltas(129, 7)]), 129)).toEqual(Array(129).fill(7));
});

const nested = [...levels(run(2, 0)), ...levels(run(2, 3))];
const REFUSED: [kind: string, message: RegExp, column: string, bytes: number[], rows?: number, more?: object][] = [
  ["places beyond the dictionary of a list", /beyond its dictionary/, "list", [...words, ...page(2, DICTIONARY, [...nested, 8, ...run(2, 7)])]], // biome-ignore format: a line each
  ["places in an empty dictionary", /beyond its dictionary/, "int", [...dictionary(0, []), ...page(2, DICTIONARY, [0])]],
  ["places in an empty dictionary of texts", /beyond its dictionary/, "text", [...dictionary(0, []), ...page(2, DICTIONARY, [1, ...run(2, 0)])]], // biome-ignore format: a line each
  ["places of 33 bits", /places in a dictionary of 33 bits/, "text", [...words, ...page(2, DICTIONARY, [33, ...run(2, 0)])]],
  ["fewer places than values", /structure that does not end/, "text", [...words, ...page(9, DICTIONARY, [1, ...run(2, 0)])]],
  ["packed places that end early", /length beyond its end/, "text", [...words, ...page(99, DICTIONARY, [1, 27, 0])]],
  ["two dictionaries", /two dictionaries/, "text", [...words, ...words, ...page(2, DICTIONARY, [1, ...run(2, 0)])]],
  ["a dictionary behind values", /behind a page/, "text", [...page(1, PLAIN, text("a")), ...words]],
  ["a dictionary of truth values", /dictionary of truth values/, "truth", [...dictionary(1, [1]), ...page(2, DICTIONARY, [1, 4, 0])]], // biome-ignore format: a line each
  ["a dictionary that is encoded", /dictionary encoded as/, "text", [...dictionary(1, text("a"), DELTA), ...page(2, PLAIN, [])]],
  ["a level of definition above the highest", /a level of 3/, "optional", page(2, PLAIN, [...levels([...run(2, 3)]), ...text("a")])],
  ["a level of repetition above the highest", /a level of 2/, "list", page(2, PLAIN, [...levels(run(1, 0), run(1, 2)), ...levels(run(2, 3)), ...text("a"), ...text("b")])], // biome-ignore format: a line each
  ["levels that end early", /structure that does not end/, "optional", page(3, PLAIN, [...levels(run(2, 1)), ...text("a"), ...text("b")])],
  ["levels beyond the page", /levels of 99 bytes/, "optional", page(2, PLAIN, [...int(99), 4, 1])],
  ["packed levels as before parquet 2", /levels encoded as BIT_PACKED/, "optional", page(2, PLAIN, [...levels(run(2, 1)), ...text("a"), ...text("b")], BIT_PACKED)], // biome-ignore format: a line each
  ["a row that another column began", /begins within a row/, "list", page(2, PLAIN, [...levels(run(2, 1)), ...levels(run(2, 3)), ...text("a"), ...text("b")])], // biome-ignore format: a line each
  ["an item of an empty list", /item of a list that its level 1 says is empty/, "list", page(2, PLAIN, [...levels(run(1, 0), run(1, 1)), ...levels(run(1, 3), run(1, 1)), ...text("a")]), 1], // biome-ignore format: a line each
  ["another number of missing values", /1 missing values, its header says 0/, "optional", second(2, PLAIN, [...run(1, 1), ...run(1, 0), ...text("a")], { rows: 2, lengths: [0, 4] })], // biome-ignore format: a line each
  ["another number of rows in a page", /a page of 2 rows, its header says 1/, "optional", second(2, PLAIN, [...run(2, 1), ...text("a"), ...text("b")], { rows: 1, lengths: [0, 2] })], // biome-ignore format: a line each
  ["negative lengths of levels", /NaN of levels/, "optional", second(2, PLAIN, [...run(2, 1), ...text("a")], { rows: 2, lengths: [0, -2] })],
  ["more rows than the row group", /it has 3 rows, its row group 2/, "int", page(3, PLAIN, [1, 2, 3].flatMap(int))],
  ["more rows of lists", /it has 2 rows, its row group 1/, "list", page(2, PLAIN, [...nested, ...text("a"), ...text("b")]), 1],
  ["another number of values", /it has 2 values, the footer says 3/, "int", page(2, PLAIN, [1, 2].flatMap(int)), 2, { num_values: 3n }],
  ["another type in the footer", /type INT64, its schema INT32/, "int", page(2, PLAIN, [1, 2].flatMap(int)), 2, { type: "INT64" }],
  ["an encoding of truth values for numbers", /INT32 encoded as RLE/, "int", page(2, RLE, [...int(2), ...run(2, 1)])],
  ["differences of texts", /BYTE_ARRAY encoded as DELTA_BINARY/, "text", page(2, DELTA, deltas(2))],
  ["differences of floats", /DOUBLE encoded as DELTA_BINARY/, "double", page(2, DELTA, deltas(2))],
  ["lengths of numbers", /INT32 encoded as DELTA_LENGTH/, "int", page(2, DELTA_LENGTHS, deltas(2))],
  ["split bytes of texts", /BYTE_ARRAY encoded as BYTE_STREAM/, "text", page(2, SPLIT, [1, 2])],
  ["too few split bytes", /5 bytes says that it has 2 values/, "int", page(2, SPLIT, [1, 2, 3, 4, 5])],
  ["too few numbers, with another page behind", /4 bytes says that it has 2 values/, "int", [...page(2, PLAIN, int(1)), ...page(1, PLAIN, int(2))]],
  ["a text that goes on in the next page", /Invalid typed array length|out of bounds/, "text", [...page(1, PLAIN, [9, 0, 0, 0, 97]), ...page(1, PLAIN, text("b"))]],
  ["fixed bytes that go on in the next page", /says that it has 1 values/, "fixed", [...page(1, PLAIN, [1]), ...page(1, PLAIN, [1, 2, 3])]],
  ["too few truth values", /1 bytes says that it has 9 values/, "truth", page(9, PLAIN, [1]), 9],
  ["differences in many parts", /damaged: differences/, "int", page(9, DELTA, [...varint(128), ...varint(2 ** 31), 9, 0])],
  ["differences in parts of 1", /damaged: differences/, "int", page(9, DELTA, [...varint(4), 4, 9, 0])],
  ["many differences", /9999 differences in a page of 9/, "int", page(9, DELTA, [...varint(128), 4, ...varint(9999), 0])],
  ["few differences", /2 differences in a page of 9/, "int", page(9, DELTA, deltas(2))],
  ["a first value without end", /more than 64 bits/, "int", page(2, DELTA, [...varint(128), 4, 2, ...Array(11).fill(255), 0])],
  ["a smallest difference without end", /more than 64 bits/, "int", page(2, DELTA, [...varint(128), 4, 2, 0, ...Array(99).fill(255), 0])],
  ["differences of 200 bits", /differences of 200 bits/, "int", page(2, DELTA, deltas(2, 0, [200, 0, 0, 0]))],
  ["differences beyond the page", /length beyond its end/, "int", page(2, DELTA, deltas(2, 0, [8, 0, 0, 0]))],
  ["negative lengths of texts", /Invalid typed array length/, "text", page(1, DELTA_LENGTHS, deltas(1, -5)), 1],
  ["a text that begins like none", /5 bytes of the one before, which has 0/, "text", page(1, DELTA_TEXTS, [...deltas(1, 5), ...deltas(1, 0)]), 1],
  ["a text of -1 bytes", /and -1 others/, "text", page(1, DELTA_TEXTS, [...deltas(1, 0), ...deltas(1, -1)]), 1],
  ["fixed bytes of another length", /2 bytes in a column of 3 each/, "fixed", page(1, DELTA_TEXTS, [...deltas(1, 0), ...deltas(1, 2), 1, 2]), 1],
]; // biome-ignore format: a line each

it.each(REFUSED)("%s", (_kind, message, column, bytes, rows = 2, more = {}) => {
  expect(() => read(column, bytes, rows, more)).toThrow(message);
});

const columnData = [
  { name: "a", data: ["x", "y"] },
  { name: "b", data: ["z", "w"] },
];
const whole = new Uint8Array(parquetWriteBuffer({ columnData }));

it("names the file, the row group and the column", async () => {
  const broken = Uint8Array.from(whole);
  broken[broken.indexOf(120) - 4] = 99; // the length of x
  const file = await openParquet(memorySource(broken), "data/x.parquet");
  await expect(readRowGroup(file, 0)).rejects.toMatchObject({
    message: 'data/x.parquet: not a whole parquet file: row group 0: column "a": its structure is damaged',
  });
});

type Change = (metadata: FileMetaData) => void;
it.each<[kind: string, message: RegExp, change: Change]>([
  ["an element that no parent has", /schema of 4 elements, of which 3/, ({ schema }) => schema.push({ name: "c", type: "INT32" })], // biome-ignore format: a line each
  ["fixed bytes without a length", /"a" has values of 0 bytes/, ({ schema }) => Object.assign(schema[1]!, { type: "FIXED_LEN_BYTE_ARRAY" })], // biome-ignore format: a line each
  ["dates of 64 bits", /"a" has the type INT64 for DATE/, ({ schema }) => Object.assign(schema[1]!, { type: "INT64", converted_type: "DATE", logical_type: undefined })], // biome-ignore format: a line each
  ["texts of numbers", /"a" has the type INT32 for UTF8/, ({ schema }) => Object.assign(schema[1]!, { type: "INT32" })],
  ["half floats of 3 bytes", /3 bytes for FLOAT16/, ({ schema }) => Object.assign(schema[1]!, { type: "FIXED_LEN_BYTE_ARRAY", type_length: 3, converted_type: undefined, logical_type: { type: "FLOAT16" } })], // biome-ignore format: a line each
  ["decimals of more digits than bytes have", /decimals of 10 digits, 2 of them/, ({ schema }) => Object.assign(schema[1]!, { type: "INT32", converted_type: "DECIMAL", precision: 10, scale: 2, logical_type: undefined })], // biome-ignore format: a line each
  ["decimals with more digits after the point", /decimals of 3 digits, 5 of them/, ({ schema }) => Object.assign(schema[1]!, { type: "INT64", converted_type: "DECIMAL", precision: 3, scale: 5, logical_type: undefined })], // biome-ignore format: a line each
  [
    "another number of rows",
    /row groups have 2 rows, it says 7/,
    (metadata) => Object.assign(metadata, { num_rows: 7n }),
  ],
  ["pages in another file", /in another file, "b.parquet"/, ({ row_groups }) => Object.assign(row_groups[0]!.columns[0]!, { file_path: "b.parquet" })], // biome-ignore format: a line each
  ["two columns with the same pages", /"a" of row group 0 and "b" of row group 0 have the same pages/, ({ row_groups: [group] }) => { group!.columns[1]!.meta_data!.data_page_offset = group!.columns[0]!.meta_data!.data_page_offset; }], // biome-ignore format: a line each
])("%s", async (_kind, message, change) => {
  const { metadata } = await openParquet(memorySource(whole), "x.parquet");
  expect(problemOfFooter(metadata, parquetSchema(metadata))).toBeUndefined();
  const changed = structuredClone(metadata);
  change(changed);
  expect(problemOfFooter(changed, parquetSchema(changed))).toMatch(message);
});

it("a schema that nests deeply is reported before it is read", () => {
  const nested = (depth: number, width = 1) => [
    { name: "root", num_children: width },
    ...Array.from({ length: width }, () => [
      ...Array.from({ length: depth - 1 }, () => ({ name: "a", num_children: 1 })),
      { name: "a" },
    ]).flat(),
  ];
  expect([nested(200), nested(3, 500), nested(201), nested(100_000)].map(nestsTooDeeply)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
