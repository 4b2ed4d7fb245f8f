/** @file Starts tokenizers in threads of Node; imported by what trains and generates. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { PairOrError, PairsRequest, PromptsRequest, RowsRequest } from "../data/preferences/tokenizingThreads.ts";
import { openThreadsWith, type SlowCall, type TokenizerThread } from "../data/tokenizers/slowCalls.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { threadProgram } from "../device/openDevice.ts";
import { PrefineError, type PrefineErrorCode } from "../errors.ts";
import { notesOf } from "../formats/written.ts";
import type { PairsReply, RowsReply, TokenizerReply, TokenizerRequest } from "./tokenizerThread.ts";

/** Each has a copy of the tokenizer: 40 MB for GPT-2's. */
const MOST_THREADS = 8;

tokenizeOn(availableParallelism());

/** Sets how many threads tokenize a large dataset: all processors, or in a job a rank's share of them. */
export function tokenizeOn(processors: number): void {
  openThreadsWith((tokenizer) => new NodeThread(tokenizer), Math.min(processors, MOST_THREADS));
}

interface Waiting {
  resolve(reply: never): void;
  reject(error: Error): void;
}

/** Answers in the order of the calls. */
class NodeThread implements TokenizerThread {
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];
  private failure: Error | undefined;

  constructor(tokenizer: Tokenizer) {
    this.worker = new Worker(threadProgram("tokenizerThread", import.meta.url), { workerData: tokenizer.threadParts });
    this.worker.on("message", (reply) => this.waiting.shift()?.resolve(reply as never));
    this.worker.on("error", (error) => this.fail(error as Error));
    this.worker.on("exit", () => this.fail(new Error("internal: the tokenizer's thread has ended")));
    this.worker.unref(); // while a caller waits, see `send`
  }

  async call(call: SlowCall): Promise<unknown> {
    const reply = await this.send<TokenizerReply>({ call, notes: notesOf(call) } satisfies TokenizerRequest);
    if ("value" in reply) return reply.value;
    throw revive(reply.error);
  }

  async work(request: object): Promise<unknown> {
    if ("pairsOf" in request) {
      const pairs = await this.send<PairsReply>(request as PairsRequest);
      return pairs.map((one): PairOrError => ("pair" in one ? one : { error: revive(one.error) }));
    }
    const { rows, error } = await this.send<RowsReply<unknown>>(request as RowsRequest | PromptsRequest);
    return error ? { rows, failure: { error: revive(error) } } : { rows };
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private async send<Reply>(request: TokenizerRequest | RowsRequest | PromptsRequest | PairsRequest): Promise<Reply> {
    if (this.failure) throw this.failure;
    const reply = new Promise<Reply>((resolve, reject) => this.waiting.push({ resolve, reject }));
    this.worker.ref();
    this.worker.postMessage(request);
    try {
      return await reply;
    } finally {
      if (this.waiting.length === 0) this.worker.unref();
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

function revive({ name, message, code, hint }: NonNullable<RowsReply["error"]>): Error {
  return name === "PrefineError" ? new PrefineError(code as PrefineErrorCode, message, hint) : new Error(message);
}
