/** @file Rows of a stream in a random order, as far as a buffer reaches. */
import type { Row } from "./features.ts";
import type { Pcg64 } from "./pcg64.ts";

/**
 * datasets 5.2's buffer: full, it is put into a random order and half of it goes on. The order equals datasets' in the
 * first epoch where that reads rows one by one (from_generator); of files it takes whole tables, several at a time.
 */
export async function* drawn(rows: AsyncIterable<Row>, random: Pcg64, size: number): AsyncGenerator<Row> {
  let buffer: Row[] = [];
  for await (const row of rows) {
    buffer.push(row);
    if (buffer.length < size) continue;
    const order = random.permutation(buffer.length);
    const given = buffer.length - (size >> 1);
    for (const index of order.subarray(0, given)) yield buffer[index];
    buffer = Array.from(order.subarray(given), (index) => buffer[index]);
  }
  for (const index of random.permutation(buffer.length)) yield buffer[index];
}
