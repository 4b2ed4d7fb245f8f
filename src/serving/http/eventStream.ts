/** @file Server-sent events: `data: {...}` per event, to a reader that may be slow. */
import type { ServerResponse } from "node:http";

/** Bytes that may wait for a reader: an answer of thousands of tokens. One that never reads is dropped. */
const MOST_WAITING_BYTES = 4 * 2 ** 20;

export interface EventStream {
  send(event: object): void;
  /** @param last what OpenAI's streams end with. */
  end(last?: string): void;
}

export function openEventStream(
  response: ServerResponse,
  headers: Record<string, string>,
  mostWaiting = MOST_WAITING_BYTES,
): EventStream {
  const type = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" };
  response.writeHead(200, { ...headers, ...type, "x-accel-buffering": "no" });
  response.flushHeaders();
  const write = (text: string) => {
    if (response.destroyed || response.writableEnded) return;
    response.write(text);
    if (response.writableLength > mostWaiting) response.destroy();
  };
  return {
    send: (event) => write(`data: ${JSON.stringify(event)}\n\n`),
    end: (last) => {
      if (last !== undefined) write(`data: ${last}\n\n`);
      response.end();
    },
  };
}
