/** @file Rows in groups of about the same amount of text. */

import { pushAll } from "../../lists.ts";
import type { Row } from "../datasets/features.ts";

/** Rows and characters that are tokenized at once: some 10 ms. */
const CHUNK_ROWS = 64;
const CHUNK_CHARACTERS = 32_768;
const CHUNKS_PER_MESSAGE = 16;

/** Rows in small groups. */
export async function* chunksOf(rows: AsyncIterable<Row> | Iterable<Row>): AsyncGenerator<Row[]> {
  let chunk: Row[] = [];
  let characters = 0;
  for await (const row of rows) {
    chunk.push(row);
    characters += charactersOf(row);
    if (chunk.length < CHUNK_ROWS && characters < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = [];
    characters = 0;
  }
  if (chunk.length > 0) yield chunk;
}

/** Of all texts in a value. */
export function charactersOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, inner) => sum + charactersOf(inner), 0);
}

/** Groups for threads: some 50 ms each, since every message takes time of both threads. */
export async function* larger(chunks: AsyncGenerator<Row[]>): AsyncGenerator<Row[]> {
  let group: Row[] = [];
  let count = 0;
  for await (const chunk of chunks) {
    pushAll(group, chunk);
    if (++count % CHUNKS_PER_MESSAGE !== 0) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
