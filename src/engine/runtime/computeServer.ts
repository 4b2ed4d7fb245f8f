/**
 * @file The server that computes, wherever it runs (a Node thread, a browser worker): holds the tensors and the ONNX
 * Runtime sessions and answers requests one at a time. The host provides what differs between platforms.
 */
import type { ConstantData, Dtype } from "../graph/tensor.ts";
import type { Collectives } from "./collectives.ts";
import { callKernel, type KernelTable } from "./kernels.ts";
import { canMove, type KernelThreads, numbersOf } from "./kernelThreads.ts";
import type { Ort, OrtRuntime, OrtSession, OrtTensor } from "./ort.ts";
import {
  type Fetch,
  type FileRange,
  type HostTensor,
  type LaunchedRank,
  type Numbered,
  partsOf,
  type Reply,
  type Request,
  type RuntimeInfo,
} from "./protocol.ts";
import { Ranks } from "./ranks.ts";
import { bytesInMemory, type ReadBytes } from "./readTensor.ts";
import { TensorStore } from "./tensorStore.ts";
import { checkWasmMemory, explainWasmFailure, wasmCopies } from "./wasmMemory.ts";

/** The platform that the server runs on. */
export interface ComputeHost {
  /** Its ONNX Runtime; a failure to load is reported to the first request that needs it. */
  loading: Promise<OrtRuntime>;
  /** Threads per MatMul; 0: the runtime's choice. Read when a graph is opened: joining others may lower it. */
  readonly threads: number;
  /** ONNX Runtime's execution providers in order of preference: `cuda`; empty: the CPU. */
  providers: readonly string[];
  /** Explains why a session does not open, or run. */
  explainFailure(cause: Error): Error;
  /** Source of `load`; closed when everything is read. */
  openFiles(): { read: ReadBytes; close(): void };
  kernels: KernelTable;
  /** Connects this process to the others of its job; absent: the platform has no jobs of several processes. */
  join?: ((launched: LaunchedRank) => Collectives) | undefined;
  kernelThreads: KernelThreads;
  /** Total numbers in the tensors of an `applyEach` from which it is split among threads. */
  sharedFrom: number;
}

type RequestOf<M extends Request["method"]> = Extract<Request, { method: M }>;

class ComputeServer {
  private readonly host: ComputeHost;
  private readonly tensors = new TensorStore();
  private readonly sessions = new Map<number, OrtSession>();
  private readonly ranks: Ranks;
  private nextSession = 1;

  constructor(host: ComputeHost) {
    this.host = host;
    this.ranks = new Ranks(this.tensors, host.join);
  }

  async answer(request: Request): Promise<unknown> {
    const { tensors } = this;
    switch (request.method) {
      case "runtime":
        return this.runtimeInfo();
      case "open":
        return this.open(request);
      case "close":
        return this.close(request);
      case "run":
        return this.run(request);
      case "load":
        return this.load(request.tensors);
      case "put":
        for (const [name, tensor] of request.tensors) tensors.set(name, tensor);
        return undefined;
      case "zeros":
        for (const tensor of request.tensors) tensors.makeZeros(tensor);
        return undefined;
      case "read":
        return request.names.map((name) => tensors.duplicate(name)); // transferred by serve: one copy instead of two
      case "copy":
        for (const [from, to] of request.pairs) tensors.set(to, tensors.duplicate(from));
        return undefined;
      case "free":
        return tensors.free(request.names);
      case "apply":
        return this.apply(request);
      case "applyEach":
        return this.applyEach(request);
      case "clear":
        return this.clear();
      case "stop":
        return this.stop();
      default:
        return this.ranks.answer(request);
    }
  }

  /** The runtime in use; in WebAssembly with large weights, the notice says what copying them costs. */
  private async runtimeInfo(): Promise<RuntimeInfo> {
    const { kind, version, notice } = await this.host.loading;
    const copies = kind === "wasm" ? wasmCopies([...this.tensors.all()].map(({ data }) => data)) : "";
    return { kind, version, notice: notice && notice + copies };
  }

  /**
   * Weights are inputs, not initializers: onnxruntime-node reads the JavaScript buffer in place, so all sessions (step,
   * scoring, generation, the reference) share one copy. Initializers in external files would be mapped once per session
   * and count twice in resident memory as soon as two sessions are open. WebAssembly copies every input into its memory
   * for the duration of a run: 0.1 s for GPT-2 in a step of 9 s.
   */
  private async open({ model, arena, onCpu, held }: RequestOf<"open">): Promise<number> {
    const { loading, providers, threads } = this.host;
    const { ort, kind } = await loading;
    const creating = ort.InferenceSession.create(model, {
      ...(providers.length > 0 ? { executionProviders: providers.map((name) => provider(name, onCpu)) } : {}),
      // common-subexpression elimination would undo recomputation
      graphOptimizationLevel: "disabled",
      executionMode: "sequential",
      interOpNumThreads: 1,
      ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
      // would plan one block per new set of shapes: wastes 0.4 GB on GPT-2 with pairs of all lengths
      enableMemPattern: false,
      // An arena belongs to the session and gives nothing back: steps of up to 1,864 tokens of SmolLM2 took 3.0 GB with
      // it instead of 2.7, and no less time. Tight-memory graphs do better with one (see LoweringOptions). In
      // WebAssembly a feed that finds no room after the arena would be written to address 0.
      enableCpuMemArena: arena && kind === "native",
      logSeverityLevel: 3,
      ...(held.length > 0 ? { externalData: held.map((name) => this.heldBytes(name)) } : {}),
      // products of held weights are fast only when packed; packing others would copy what all sessions share
      extra: { session: { disable_prepacking: held.length > 0 ? "0" : "1" } },
    });
    const session = await creating.catch((cause: Error) => {
      throw this.host.explainFailure(cause);
    });
    this.sessions.set(this.nextSession, session);
    return this.nextSession++;
  }

  private heldBytes(name: string): { path: string; data: Uint8Array } {
    const { buffer, byteOffset, byteLength } = this.tensors.get(name).data;
    return { path: name, data: new Uint8Array(buffer, byteOffset, byteLength) };
  }

  private async close({ session: id }: RequestOf<"close">): Promise<void> {
    const session = this.sessions.get(id);
    this.sessions.delete(id);
    await session?.release();
  }

  /** WebAssembly does not write into given tensors: there, outputs that go `into` one are copied. */
  private async run({ session, feeds, fetches }: RequestOf<"run">): Promise<[string, HostTensor][]> {
    const { ort, kind } = await this.host.loading;
    const values = feeds.map(([name, feed]): [string, HostTensor] => [name, this.tensors.feed(feed)]);
    if (kind === "wasm") checkWasmMemory(values.map(([, { data }]) => data));
    const inputs = Object.fromEntries(values.map(([name, value]) => [name, toOrt(ort, value)]));
    const given: Record<string, OrtTensor | null> = {};
    for (const [name, fetch] of fetches) {
      const isGiven = kind === "native" && typeof fetch === "object" && "into" in fetch;
      given[name] = isGiven ? toOrt(ort, this.tensors.rows(fetch.into, fetch.rows)) : null;
    }
    const opened = this.sessions.get(session);
    if (!opened) throw new Error(`internal: session ${session} is closed`);
    const running = opened.run(inputs, given as Record<string, OrtTensor>);
    const explain = (cause: Error): never => {
      throw this.host.explainFailure(cause);
    };
    const outputs = await running.catch(kind === "wasm" ? explainWasmFailure : explain);
    return fetches.flatMap((each) => this.collect(kind, each, outputs[each[0]]));
  }

  private collect(kind: RuntimeInfo["kind"], [name, fetch]: [string, Fetch], value: OrtTensor): [string, HostTensor][] {
    const tensor: HostTensor = { dtype: value.type as Dtype, shape: [...value.dims], data: value.data as ConstantData };
    if (fetch === "return") return [[name, tensor]];
    if ("store" in fetch) {
      this.tensors.set(fetch.store, tensor);
      return [];
    }
    if (kind === "native") return []; // it has written into the stored tensor, and returns a copy of it as well
    const into = this.tensors.rows(fetch.into, fetch.rows);
    (into.data as Float32Array).set(tensor.data as Float32Array);
    return [];
  }

  private async load(ranges: [string, FileRange][]): Promise<void> {
    const { kind } = await this.host.loading;
    if (kind === "wasm") checkWasmMemory(ranges.map(([, range]) => ({ byteLength: bytesInMemory(range) })));
    const files = this.host.openFiles();
    try {
      await this.tensors.load(ranges, files.read);
    } finally {
      files.close();
    }
  }

  /** Runs a kernel over lists of stored tensors. */
  private apply({ kernel, tensors: names, args }: RequestOf<"apply">): unknown {
    const lists = Object.entries(names).map(([key, list]) => {
      return [key, list.map((name) => this.tensors.get(name).data)] as const;
    });
    return callKernel(this.host.kernels, kernel, Object.fromEntries(lists), args);
  }

  /** Runs a kernel once per item; several threads share the work if it is large enough. */
  private async applyEach({ kernel, items }: RequestOf<"applyEach">): Promise<unknown[]> {
    const { kernels, kernelThreads, sharedFrom } = this.host;
    const calls = items.map(({ tensors: names, args }) => {
      const stored = Object.entries(names).map(([key, name]) => [key, this.tensors.get(name)] as const);
      return { tensors: Object.fromEntries(stored), args };
    });
    const numbers = calls.reduce((sum, call) => sum + numbersOf(call), 0);
    const isWorthIt = kernelThreads.count > 1 && calls.length > 1 && numbers >= sharedFrom;
    if (isWorthIt && canMove(calls, this.tensors.all())) return kernelThreads.run(kernel, calls);
    return calls.map(({ tensors, args }) => {
      const data = Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [key, tensor.data]));
      return callKernel(kernels, kernel, data, args);
    });
  }

  private async stop(): Promise<void> {
    this.ranks.leave();
    await this.clear();
  }

  /** Frees everything; more requests may follow. */
  private async clear(): Promise<void> {
    await this.host.kernelThreads.end();
    for (const session of this.sessions.values()) await session.release();
    this.sessions.clear();
    this.tensors.clear();
  }
}

/** @param onCpu names of nodes to leave to the CPU; only WebGPU's provider can be told to. */
function provider(name: string, onCpu: readonly string[]): string | { name: string; forceCpuNodeNames: string[] } {
  return name === "webgpu" && onCpu.length > 0 ? { name, forceCpuNodeNames: [...onCpu] } : name;
}

function toOrt(ort: Ort, { dtype, shape, data }: HostTensor): OrtTensor {
  // the JavaScript API has no bfloat16: the graph takes its bits
  const type = dtype === "bfloat16" ? "uint16" : dtype;
  const tensor = new ort.Tensor(type as "float32", data as Float32Array, shape);
  // If JavaScript has a Float16Array (Node 24, Bun, Deno), the tensor shows the bits of float16 as one; the native
  // binding does not know it and takes its length for 0.
  return tensor.data === data ? tensor : Object.defineProperty(tensor, "data", { value: data });
}

/**
 * Answers requests in order.
 * @param reply posts an answer and transfers the given memory.
 * @returns the function to call with each request.
 */
export function serve(
  host: ComputeHost,
  reply: (answer: Reply, transfer: ArrayBuffer[]) => void,
): (request: Numbered) => void {
  const server = new ComputeServer(host);
  let queue = Promise.resolve();
  const answer = async ({ id, request }: Numbered): Promise<void> => {
    try {
      const result = await server.answer(request);
      const copies = request.method === "read" ? (result as HostTensor[]).map(({ data }) => data.buffer) : [];
      reply({ id, result }, copies as ArrayBuffer[]);
    } catch (error) {
      reply({ id, error: partsOf(error) }, []);
    }
  };
  return (numbered) => {
    queue = queue.then(() => answer(numbered));
  };
}
