/** @file A worker thread that loads a function from a module and applies it to batches of rows. */
import { Worker } from "node:worker_threads";
import { PrefineError } from "../../errors.ts";
import type { Row } from "./features.ts";
import type { MapModule } from "./mapFunction.ts";
import { cannotImport, moduleUrl, noFunction } from "./mapModule.ts";

export type MapReply = { rows: Row[] } | { failure: { index: number; error: Error } };

/** Messages of the thread. Errors are plain fields, because messages don't preserve classes. */
type WorkerMessage =
  | { rows: Row[] }
  | { failed: { index: number; name: string; message: string; code?: string; hint?: string } }
  | { unloadable: string }
  | { exports: string[] };

/**
 * The thread's program. It is a string because a thread can't start from TypeScript sources, and CommonJS because
 * `eval: true` requires it; `import()` still loads both kinds of modules.
 */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const load = import(workerData.url).then(
  (exports) => {
    const fn = workerData.name ? exports[workerData.name] : (exports.default ?? exports.process);
    return typeof fn === "function" ? { fn } : { answer: { exports: Object.keys(exports) } };
  },
  (error) => ({ answer: { unloadable: String(error?.message ?? error) } }),
);
async function run(start, rows) {
  const { fn, answer } = await load;
  if (!fn) return answer;
  const mapped = [];
  try {
    for (const row of rows) {
      const result = (await fn(row, start + mapped.length)) ?? row;
      if (!/^\\[object (Object|Module)/.test(Object.prototype.toString.call(result))) {
        const actual = typeof result === "object" ? Object.prototype.toString.call(result).slice(8, -1) : typeof result;
        const message = "expected a row or nothing from the function, it returned " + actual;
        return { failed: { index: start + mapped.length, name: "PrefineError", code: "data", message } };
      }
      mapped.push(result);
    }
    return { rows: mapped };
  } catch (error) {
    return { failed: failure(start + mapped.length, error) };
  }
}
function failure(index, error) {
  const { name = "Error", message = String(error), code, hint } = error ?? {};
  return { index, name, message, code: String(code), hint };
}
parentPort.on("message", async ({ start, rows }) => {
  const answer = await run(start, rows);
  try {
    parentPort.postMessage(answer);
  } catch (error) {
    parentPort.postMessage({ failed: failure(start, error) }); // a row with a value that cannot be cloned
  }
});
`;

/** One thread, which processes one batch at a time. */
export class MapWorker {
  readonly #worker: Worker;
  readonly #fn: MapModule;
  #settle: { resolve: (reply: MapReply) => void; reject: (error: Error) => void } | undefined;

  constructor(fn: MapModule) {
    this.#fn = fn;
    this.#worker = new Worker(PROGRAM, { eval: true, workerData: { url: moduleUrl(fn), name: fn.export } });
    this.#worker.on("message", (message: WorkerMessage) => this.#receive(message));
    this.#worker.on("error", (error) => this.#settle?.reject(cannotImport(fn, error.message, error)));
    this.#worker.on("exit", (code) => this.#settle?.reject(cannotImport(fn, `its thread ended with ${code}`)));
  }

  /** @param start index of the first row. */
  run(start: number, rows: Row[]): Promise<MapReply> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#worker.postMessage({ start, rows });
    });
  }

  async stop(): Promise<void> {
    this.#settle = undefined;
    await this.#worker.terminate();
  }

  #receive(message: WorkerMessage): void {
    if ("rows" in message) this.#settle?.resolve(message);
    else if ("unloadable" in message) this.#settle?.reject(cannotImport(this.#fn, message.unloadable));
    else if ("exports" in message) this.#settle?.reject(noFunction(this.#fn, message.exports));
    else this.#settle?.resolve({ failure: { index: message.failed.index, error: revive(message.failed) } });
  }
}

function revive(fields: { name: string; message: string; code?: string; hint?: string }): Error {
  if (fields.name === "PrefineError") return new PrefineError("data", fields.message, fields.hint);
  return new Error(fields.message);
}
