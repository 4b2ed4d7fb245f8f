/** @file Starts tokenizers in threads of Node; imported by what trains and generates. */
import { Worker } from "node:worker_threads";
import { openThreadsWith, type SlowCall, type TokenizerThread } from "../data/tokenizers/slowCalls.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { threadProgram } from "../device/openDevice.ts";
import { PrefineError, type PrefineErrorCode } from "../errors.ts";
import { notesOf } from "../formats/written.ts";
import type { TokenizerReply, TokenizerRequest } from "./tokenizerThread.ts";

openThreadsWith((tokenizer) => new NodeThread(tokenizer));

/** One call at a time. */
class NodeThread implements TokenizerThread {
  private readonly worker: Worker;

  constructor(tokenizer: Tokenizer) {
    this.worker = new Worker(threadProgram("tokenizerThread", import.meta.url), { workerData: tokenizer.threadParts });
    this.worker.on("error", () => {}); // reported to the call
  }

  call(call: SlowCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        this.worker.off("message", receive).off("error", fail).off("exit", end);
        action();
      };
      const receive = (reply: TokenizerReply) =>
        settle(() => ("value" in reply ? resolve(reply.value) : reject(revive(reply.error))));
      const fail = (error: Error) => settle(() => reject(error));
      const end = () => settle(() => reject(new Error("internal: the tokenizer's thread has ended")));
      this.worker.on("message", receive).on("error", fail).on("exit", end);
      this.worker.postMessage({ call, notes: notesOf(call) } satisfies TokenizerRequest);
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

function revive({ name, message, code, hint }: Extract<TokenizerReply, { error: object }>["error"]): Error {
  return name === "PrefineError" ? new PrefineError(code as PrefineErrorCode, message, hint) : new Error(message);
}
