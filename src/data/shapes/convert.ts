/**
 * @file Rows of one format -> rows of another. What the target can't hold is refused by row and field: each written row
 * is read again and compared, so that nothing is lost or changed in silence.
 */
import { describeValue } from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { equalJson } from "../../formats/equalJson.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import { isObject } from "../../formats/parseJson.ts";
import { type RowName, rowNames } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import { extractPrompt } from "../preferences/extractPrompt.ts";
import { asMessages } from "./messages.ts";
import type { PairStream } from "./readPairs.ts";
import {
  cannotHold,
  merged,
  type NumberedPair,
  type Pair,
  type Reading,
  type ReadPair,
  type Shape,
  within,
  without,
} from "./shape.ts";
import { TRL_COLUMNS, trlRow } from "./trl.ts";

export interface ConvertOptions {
  to: Shape;
  /** `data_format_options` of the target. */
  settings: Readonly<Record<string, unknown>>;
  /** Texts become messages of user and assistant. */
  chat: boolean;
  /** Columns to leave out. */
  drop: readonly string[];
  /** The split's name in messages. */
  split: string;
  /** Names of the rows in messages. Default: `SPLIT row N`. */
  nameOf?: RowName | undefined;
}

/** The rows of a stream in the target's format. @throws PrefineError("data") naming row and field. */
export async function* convertPairs(stream: PairStream, options: ConvertOptions): AsyncGenerator<Row> {
  if (!options.to.writes) {
    throw new PrefineError("config", `--to ${options.to.name}: this format can only be read`, "Choose another.");
  }
  const { nameOf = rowNames(options.split) } = options;
  for await (const read of stream.pairs())
    yield* within(nameOf(read.index), () => convertPair(read, stream.shape, options));
}

function convertPair(read: NumberedPair, from: Shape, { to, settings, chat, drop }: ConvertOptions): Row[] {
  const whole = chat ? asMessages(read.pair) : read.pair;
  const pair = from === to ? whole : withoutNullExtras(whole);
  const rest = keptColumns(
    { pair, rest: without(read.rest, [...drop, ...(from === to ? [] : impliedIn(read, from))]) },
    from,
    to,
  );
  const written = [to.writes?.({ pair, rest }, settings) ?? []].flat();
  const implied = from === to ? [] : impliedIn({ pair, rest }, to);
  const rows = to.collects ? written : written.map((row) => withRest(row, { rest, implied }, to));
  for (const row of rows) refuseUnwritable(row, "");
  if (to.name !== "trl" && to.name !== "passthrough") {
    const own = written.flatMap((row) => Object.keys(row));
    compare({ pair, rest }, readAgain(rows, to, settings), { own, format: to.name });
  }
  return rows;
}

/** A pair without tools and kwargs that are null. */
function withoutNullExtras({ tools, chat_template_kwargs, ...pair }: Pair): Pair {
  return {
    ...pair,
    ...((tools ?? null) === null ? {} : { tools }),
    ...((chat_template_kwargs ?? null) === null ? {} : { chat_template_kwargs }),
  };
}

/** What a shape writes for a pair alone, without other columns; empty where it can't hold the pair. */
function bareRow(shape: Shape, pair: Pair): Row {
  if (!shape.writes || shape.collects) return {};
  try {
    return [shape.writes({ pair, rest: {} }, {})].flat()[0] ?? {};
  } catch (error) {
    if (error instanceof PrefineError && error.code === "data") return {};
    throw error;
  }
}

/** Columns that a shape writes for the pair anyway: which side has won, a list of these two answers. */
function impliedIn({ pair, rest }: ReadPair, shape: Shape): string[] {
  const bare = bareRow(shape, pair);
  const shared = Object.keys(rest).filter((name) => Object.hasOwn(bare, name));
  return shared.every((name) => isSame(bare[name], rest[name])) ? shared : [];
}

/** The other columns, but for those of the source whose content the pair has. @throws for those without a place. */
function keptColumns({ pair, rest }: ReadPair, from: Shape, to: Shape): Row {
  if (to.name === "trl" || to.name === from.name || to.keeps === undefined) return rest;
  const texts = exactJsonText([pair.prompt ?? "", pair.chosen, pair.rejected]);
  const isRestated = (value: unknown) =>
    isEmpty(value) || (typeof value === "string" && texts.includes(JSON.stringify(value).slice(1, -1)));
  const isDropped = (name: string) =>
    (rest[name] ?? null) === null || (from.restates?.includes(name) === true && isRestated(rest[name]));
  const others = Object.keys(rest).filter((name) => !to.keeps?.includes(name) && !isDropped(name));
  if (others.length === 0)
    return without(
      rest,
      Object.keys(rest).filter((name) => !to.keeps?.includes(name)),
    );
  const hint = `Add --drop ${others.join(" ")} to leave ${others.length === 1 ? "it" : "them"} out.`;
  throw cannotHold(to.name, others[0], "other columns", hint);
}

const isEmpty = (value: unknown) =>
  value === "" ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === "object" && value !== null && Object.keys(value).length === 0);

/** A row with the other columns. @throws PrefineError("data") for a column that the target has for another value. */
function withRest(row: Row, others: { rest: Row; implied: string[] }, to: Shape): Row {
  const rest = without(others.rest, to.consumes ?? []);
  for (const [name, value] of Object.entries(rest)) {
    const isImplied = others.implied.includes(name); // would not come back
    if (value === null || !Object.hasOwn(row, name) || (!isImplied && isSame(row[name], value))) continue;
    throw cannotHold(
      to.name,
      name,
      "this column, whose name it has for another value",
      `Add --drop ${name} to leave it out.`,
    );
  }
  return merged(row, without(rest, Object.keys(row)));
}

/** Unlike in Python, NaN is NaN. */
const isSame = (a: unknown, b: unknown): boolean => Object.is(a, b) || equalJson(withoutNulls(a), withoutNulls(b));

/** Keys that are null are as if they were not there: parquet files have all keys in all messages. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const set = Object.keys(value).filter((name) => value[name] !== null);
  return Object.fromEntries(set.map((name) => [name, withoutNulls(value[name])]));
}

function readAgain(rows: Row[], to: Shape, settings: Readonly<Record<string, unknown>>): ReadPair[] {
  const plain = { pairing: null, margin: null, ties: "skip", hasChatTemplate: true, isConversion: true } as const;
  const reading: Reading = { ...plain, settings, note: () => {}, skip: () => {} };
  const collector = to.collects?.(reading);
  return rows.flatMap((row, i) => (collector ? collector.add(row, i) : to.reads(row, reading)));
}

/**
 * @param own columns that the format itself writes: for a pair that lacks them, they are new.
 * @throws PrefineError("data") for what is another value after writing and reading.
 */
function compare(
  before: ReadPair,
  after: readonly ReadPair[],
  { own, format }: { own: string[]; format: string },
): void {
  const [one] = after;
  const expected = explicit(trlRow(before));
  const found = one === undefined ? {} : explicit(trlRow(one));
  const isNew = (name: string) =>
    own.includes(name) && !TRL_COLUMNS.includes(name) && (expected[name] ?? null) === null;
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].filter((name) => !isNew(name));
  const wrong = names.find((name) => !isSame(expected[name] ?? null, found[name] ?? null));
  if (wrong === undefined && after.length === 1) return;
  const field = wrong ?? "chosen";
  const [wanted, other] = [expected, found].map((row) => describeValue(row[field] ?? undefined));
  throw cannotHold(format, field, `${wanted}, which would be read as ${other}`);
}

/** With the prompt that chosen and rejected begin with, where it has no column. */
function explicit(row: Row): Row {
  const { chosen, rejected } = row as Record<string, string>; // or messages
  const isImplicit = row.prompt === undefined && chosen !== undefined && rejected !== undefined;
  return isImplicit ? { ...row, ...extractPrompt({ chosen, rejected }) } : row;
}

/** @throws PrefineError("data") for values that JSON has no text for. */
function refuseUnwritable(value: unknown, field: string): void {
  if (typeof value !== "object" || value === null) return;
  if (ArrayBuffer.isView(value) || value instanceof Date) {
    throw cannotHold("JSON", field, value instanceof Date ? "a time" : "bytes", "Convert or drop the column first.");
  }
  for (const [name, inner] of Object.entries(value)) refuseUnwritable(inner, field === "" ? name : `${field}.${name}`);
}

/** Text of the rows of a file: a line per row, or one list. */
export async function* rowsAsText(rows: AsyncIterable<Row>, asList: boolean): AsyncGenerator<string> {
  let count = 0;
  if (asList) yield "[";
  for await (const row of rows) {
    const text = exactJsonText(row);
    yield asList ? `${count > 0 ? ",\n" : "\n"}${text}` : `${text}\n`;
    count++;
  }
  if (asList) yield "\n]\n";
}
