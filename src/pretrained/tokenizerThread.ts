/** @file The program of a tokenizer's thread: answers calls one at a time. Started by tokenizerThreads.ts. */
import { parentPort, workerData } from "node:worker_threads";
import type { SlowCall } from "../data/tokenizers/slowCalls.ts";
import { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import type { ThreadParts } from "../data/tokenizers/tokenizerParts.ts";
import { addNotes, type Notes } from "../formats/written.ts";

/** A call, and what is noted of its numbers and keys. */
export interface TokenizerRequest {
  call: SlowCall;
  notes: Notes | undefined;
}

/** An answer, or the parts of an error: classes do not survive the way between threads. */
export type TokenizerReply =
  | { value: unknown }
  | { error: { name: string; message: string; code?: string; hint?: string } };

const tokenizer = tokenizerOf(workerData as ThreadParts);

function tokenizerOf({ origin, chat_template, pad_token, ...parts }: ThreadParts): Tokenizer {
  const json = origin instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(origin)) : origin;
  return Object.assign(new Tokenizer({ ...parts, json }), { chat_template, pad_token });
}

function answer([method, ...args]: SlowCall): TokenizerReply {
  try {
    return { value: (tokenizer[method] as (...args: unknown[]) => unknown)(...args) };
  } catch (error) {
    const { name, message, code, hint } = error as { name: string; message: string; code?: string; hint?: string };
    return { error: { name, message, code, hint } };
  }
}

parentPort?.on("message", ({ call, notes }: TokenizerRequest) => {
  addNotes(call, notes);
  parentPort?.postMessage(answer(call));
});
