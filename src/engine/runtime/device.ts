/** @file The device that computes: a thread of its own with named tensors and sessions; every call is asynchronous. */
import { Worker } from "node:worker_threads";
import { PrefineError, type PrefineErrorCode } from "../../errors.ts";
import type { LoweredGraph } from "../onnx/lower.ts";
import type {
  Feed,
  Fetch,
  FileRange,
  HostTensor,
  KernelItem,
  Reply,
  Request,
  RuntimeInfo,
  ThreadError,
  ThreadOptions,
} from "./protocol.ts";
import { disableTelemetry } from "./telemetry.ts";

export type { Feed, Fetch, FileRange, HostTensor, RuntimeInfo } from "./protocol.ts";

/** The compiled entry of the compute thread; from TypeScript sources (tests) the built one beside them is used. */
function threadUrl(): URL {
  const here = import.meta.url;
  if (!here.endsWith(".ts")) return new URL("./computeThread.js", here);
  return new URL("../../../dist/engine/runtime/computeThread.js", here);
}

/** As {@link threadUrl}, for a module with kernels: sources map to what was built of them. */
function kernelUrl(module: string): string {
  return module.endsWith(".ts") ? module.replace(/\/src\/(.*)\.ts$/, "/dist/$1.js") : module;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Sixteen million numbers: 70 ms of AdamW. Adapters are smaller, and need no thread besides. */
const SHARED_FROM = 2 ** 24;

/** Once in a process is enough. */
let isNoticeGiven = false;

/** Sends requests to the compute thread and matches the answers. */
export class Device {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private ended: Error | null = null;
  private disposed: Promise<void> | null = null;
  private readonly telemetry = disableTelemetry();

  /**
   * @param options.threads of a MatMul and of large kernels; default: $PREFINE_NUM_THREADS, else by the processor.
   * @param options.runtime "native" or "wasm"; default: $PREFINE_RUNTIME, else native where it loads.
   * @param options.sharedFrom numbers in all tensors from which an `applyEach` is shared among threads.
   */
  constructor(options: { threads?: number; runtime?: string; sharedFrom?: number } = {}) {
    const { PREFINE_NUM_THREADS, PREFINE_RUNTIME, PREFINE_EXECUTION_PROVIDERS } = process.env;
    const workerData: ThreadOptions = {
      threads: options.threads ?? Number(PREFINE_NUM_THREADS ?? 0),
      runtime: options.runtime ?? (PREFINE_RUNTIME || undefined),
      providers: (PREFINE_EXECUTION_PROVIDERS ?? "").split(",").flatMap((name) => name.trim() || []),
      sharedFrom: options.sharedFrom ?? SHARED_FROM,
    };
    this.worker = new Worker(threadUrl(), { workerData });
    this.worker.on("message", (reply: Reply) => this.settle(reply));
    this.worker.on("error", (error) => this.end(error));
    this.worker.on("exit", () => this.end(new Error("internal: the compute thread has ended")));
    this.worker.unref();
  }

  private settle(reply: Reply): void {
    const call = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (this.waiting.size === 0) this.worker.unref();
    if ("error" in reply) call?.reject(explain(reply.error));
    else call?.resolve(reply.result);
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const call of this.waiting.values()) call.reject(error);
    this.waiting.clear();
  }

  private call<T>(request: Request, transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    this.worker.ref();
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.worker.postMessage({ id, request }, transfer);
    });
  }

  /** Which ONNX Runtime computes. Ask when the weights are in: the notice counts them, and comes once a process. */
  async runtime(): Promise<RuntimeInfo> {
    const info = await this.call<RuntimeInfo>({ method: "runtime" });
    const notices = [info.notice, info.kind === "native" ? this.telemetry : null].filter((line) => line !== null);
    const notice = isNoticeGiven || notices.length === 0 ? null : notices.join("\n");
    isNoticeGiven ||= notice !== null;
    return { ...info, notice };
  }

  /** Compiles a graph. */
  async open(graph: LoweredGraph, options: { profile?: boolean } = {}): Promise<Session> {
    const { bytes: model, tightMemory: arena } = graph;
    const request: Request = { method: "open", model, arena, profile: !!options.profile };
    const id = await this.call<number>(request);
    return new Session(
      graph,
      (feeds, fetches) => this.run(id, feeds, fetches),
      () => this.call({ method: "close", session: id }),
    );
  }

  private async run(
    session: number,
    feeds: [string, Feed][],
    fetches: [string, Fetch][],
  ): Promise<Map<string, HostTensor>> {
    return new Map(await this.call<[string, HostTensor][]>({ method: "run", session, feeds, fetches }));
  }

  /** Reads tensors from files into the device, widened to float32 unless the range says `keep`. */
  load(tensors: [string, FileRange][]): Promise<void> {
    return this.call({ method: "load", tensors });
  }

  /** Copies tensors into the device. */
  put(tensors: [string, HostTensor][]): Promise<void> {
    return this.call({ method: "put", tensors });
  }

  /** Makes tensors of zeros in the device. */
  zeros(tensors: { name: string; dtype: "float32" | "uint8"; shape: readonly number[] }[]): Promise<void> {
    return this.call({ method: "zeros", tensors: tensors.map(({ name, dtype, shape }) => [name, dtype, shape]) });
  }

  /** Copies of stored tensors, in the order of the names. */
  read(names: string[]): Promise<HostTensor[]> {
    return this.call({ method: "read", names });
  }

  /** Duplicates stored tensors under new names. */
  copy(pairs: [from: string, to: string][]): Promise<void> {
    return this.call({ method: "copy", pairs });
  }

  free(names: string[]): Promise<void> {
    return this.call({ method: "free", names });
  }

  /** Runs `kernel`, an export of `module` (an import.meta.url), over lists of stored tensors on the compute thread. */
  apply<T>(module: string, kernel: string, tensors: Record<string, string[]>, args: unknown): Promise<T> {
    return this.call({ method: "apply", module: kernelUrl(module), kernel, tensors, args });
  }

  /**
   * Runs `kernel` once for each item, over that item's tensors alone, in any order; where they are large, on several
   * threads. For tensors that were loaded, put, copied or made: what a run stored may be the runtime's own memory.
   * @returns the results, in the order of the items
   */
  applyEach<T>(module: string, kernel: string, items: readonly KernelItem[]): Promise<T[]> {
    return this.call({ method: "applyEach", module: kernelUrl(module), kernel, items });
  }

  /** Frees all memory of the runtime and ends the thread; however often it is called. */
  dispose(): Promise<void> {
    this.disposed ??= this.endThread();
    return this.disposed;
  }

  private async endThread(): Promise<void> {
    if (this.ended) return;
    await this.call({ method: "stop" });
    await this.worker.terminate(); // a thread can't end itself everywhere: Deno's parentPort has no close()
  }
}

/** One compiled graph. */
export class Session {
  private readonly graph: LoweredGraph;
  private readonly send: (feeds: [string, Feed][], fetches: [string, Fetch][]) => Promise<Map<string, HostTensor>>;
  readonly release: () => Promise<void>;

  constructor(graph: LoweredGraph, send: Session["send"], release: () => Promise<void>) {
    this.graph = graph;
    this.send = send;
    this.release = release;
  }

  /**
   * One execution. @param feeds by input name: the name of a stored tensor, or a value.
   * @param fetches by output name, or asked for each; outputs that are left out are sent back.
   */
  run(
    feeds: Record<string, string | HostTensor>,
    fetches: Record<string, Fetch> | ((output: string) => Fetch | undefined) = {},
  ): Promise<Map<string, HostTensor>> {
    const inputs = this.graph.inputs.map(({ name, of, rows }): [string, Feed] => {
      const feed = feeds[of];
      if (feed === undefined) throw new Error(`internal: no feed for the graph input "${of}"`);
      return [name, typeof feed === "string" ? { stored: feed, ...(rows ? { rows } : {}) } : feed];
    });
    const fetchOf = typeof fetches === "function" ? fetches : (name: string) => fetches[name];
    return this.send(
      inputs,
      this.graph.outputs.map(({ name }) => [name, fetchOf(name) ?? "return"]),
    );
  }
}

/** The runtime's words for the two failures that a person can do something about. */
function explain({ name, message, code, hint }: ThreadError): Error {
  if (name === "PrefineError") return new PrefineError(code as PrefineErrorCode, message, hint);
  if (/Failed to allocate memory|bad_alloc|Array buffer allocation failed/.test(message)) {
    const size = /size (\d+)/.exec(message)?.[1];
    const wanted = size ? ` (${(Number(size) / 2 ** 20).toFixed(0)} MiB more were asked for)` : "";
    return new PrefineError(
      "training",
      `out of memory in the compute thread${wanted}`,
      "Lower max_length, or free memory.",
    );
  }
  if (code) return new PrefineError("io", message);
  return new Error(message.startsWith("internal:") ? message : `internal: ONNX Runtime: ${message}`);
}
