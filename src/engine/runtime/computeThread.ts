/**
 * @file The compute thread: holds the tensors and the ONNX Runtime sessions and runs them one after another, so that
 * the main thread's event loop stays free (a run of onnxruntime-node blocks the thread that calls it, 0.8 s for GPT-2).
 */
import { closeSync, openSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { PrefineError } from "../../errors.ts";
import type { ConstantData, Dtype } from "../graph/tensor.ts";
import { callKernel } from "./callKernel.ts";
import { canMove, KernelThreads, numbersOf } from "./kernelThreads.ts";
import { loadRuntime, type Ort, type OrtSession, type OrtTensor } from "./ortRuntime.ts";
import {
  type Feed,
  type Fetch,
  type FileRange,
  type HostTensor,
  partsOf,
  type Request,
  type RuntimeInfo,
  type ThreadOptions,
} from "./protocol.ts";
import { readStored, storedBytes } from "./readTensor.ts";
import { removeTelemetryLog } from "./telemetry.ts";
import { checkWasmMemory, explainWasmFailure, wasmCopies } from "./wasmMemory.ts";

const tensors = new Map<string, HostTensor>();
const sessions = new Map<number, OrtSession>();
let nextSession = 1;
const { runtime: wanted, threads, providers, sharedFrom } = workerData as ThreadOptions;
/** Kernels read and write 28 bytes a number: more threads than four wait for the memory, and for the largest tensor. */
const kernelCount = Math.min(threads || availableParallelism(), 4);
const kernelThreads = new KernelThreads(kernelCount);
const loading = loadRuntime({ wanted, threads });
loading.then(() => removeTelemetryLog()).catch(() => {}); // a failure to load is told to the first one who needs it

function stored(name: string): HostTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`internal: no tensor "${name}" in the compute thread`);
  return tensor;
}

/**
 * Weights are inputs, not initializers: onnxruntime-node reads the JavaScript buffer in place, so that all sessions
 * (step, scoring, generation, the reference) share one copy. Initializers in external files would be mapped once per
 * session, and count twice in the resident memory as soon as two sessions are open. WebAssembly copies every input
 * into its memory for the time of a run: 0.1 s for GPT-2 in a step of 9 s.
 */
async function open({ model, arena, profile }: Extract<Request, { method: "open" }>): Promise<number> {
  const { ort, kind } = await loading;
  const creating = ort.InferenceSession.create(model, {
    ...(providers.length > 0 ? { executionProviders: providers } : {}),
    // we emit what we mean; common-subexpression elimination would undo recomputation
    graphOptimizationLevel: "disabled",
    executionMode: "sequential",
    interOpNumThreads: 1,
    ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
    enableProfiling: profile,
    // would plan one block per new set of shapes: with pairs of all lengths 0.4 GB of waste on GPT-2
    enableMemPattern: false,
    // An arena is the session's own and gives nothing back: steps of up to 1,864 tokens of SmolLM2 took 3.0 GB with it
    // instead of 2.7, at no gain of time. Graphs of tight memory do better with one (see LoweringOptions). In
    // WebAssembly a feed that finds no room behind it would be written to address 0.
    enableCpuMemArena: arena && kind === "native",
    logSeverityLevel: 3,
    extra: { session: { disable_prepacking: "1" } },
  });
  const session = await creating.catch(explainProviders);
  sessions.set(nextSession, session);
  return nextSession++;
}

/** @throws what went wrong, as the setting's fault where a person has asked for other providers than the CPU. */
function explainProviders(cause: Error): never {
  if (providers.length === 0) throw cause;
  throw new PrefineError(
    "config",
    `PREFINE_EXECUTION_PROVIDERS=${providers.join(",")}: ${cause.message.split("\n")[0]}`,
    "Without it the CPU computes. For cuda, install onnxruntime-node beside prefine with its install script.",
    { cause },
  );
}

function toOrt(ort: Ort, { dtype, shape, data }: HostTensor): OrtTensor {
  // the JavaScript side has no bfloat16: the graph takes its bits
  const type = dtype === "bfloat16" ? "uint16" : dtype;
  const tensor = new ort.Tensor(type as "float32", data as Float32Array, shape);
  // Where JavaScript has a Float16Array (Node 24, Bun, Deno), the tensor shows the bits of float16 as one; the native
  // binding, which knows none, takes its length for 0.
  return tensor.data === data ? tensor : Object.defineProperty(tensor, "data", { value: data });
}

/** The value of a feed; rows of a stored tensor are a view of it. */
function feedValue(feed: Feed): HostTensor {
  if (!("stored" in feed)) return feed;
  return rowsOf(stored(feed.stored), feed.rows);
}

function rowsOf(tensor: HostTensor, rows: [number, number] | undefined): HostTensor {
  if (!rows) return tensor;
  const [start, end] = rows;
  const rowSize = tensor.data.length / tensor.shape[0];
  const data = tensor.data.subarray(start * rowSize, end * rowSize) as ConstantData;
  return { dtype: tensor.dtype, shape: [end - start, ...tensor.shape.slice(1)], data };
}

/** WebAssembly does not write into given tensors: there, what goes `into` one is copied. */
async function run({ session, feeds, fetches }: Extract<Request, { method: "run" }>): Promise<[string, HostTensor][]> {
  const { ort, kind } = await loading;
  const values = feeds.map(([name, feed]): [string, HostTensor] => [name, feedValue(feed)]);
  if (kind === "wasm") checkWasmMemory(values.map(([, { data }]) => data));
  const inputs = Object.fromEntries(values.map(([name, value]) => [name, toOrt(ort, value)]));
  const wanted: Record<string, OrtTensor | null> = {};
  for (const [name, fetch] of fetches) {
    const isGiven = kind === "native" && typeof fetch === "object" && "into" in fetch;
    wanted[name] = isGiven ? toOrt(ort, rowsOf(stored(fetch.into), fetch.rows)) : null;
  }
  const found = sessions.get(session);
  if (!found) throw new Error(`internal: session ${session} is closed`);
  const running = found.run(inputs, wanted as Record<string, OrtTensor>);
  const outputs = await (kind === "wasm" ? running.catch(explainWasmFailure) : running);
  return fetches.flatMap((each) => collect(kind, each, outputs[each[0]]));
}

function collect(kind: RuntimeInfo["kind"], [name, fetch]: [string, Fetch], value: OrtTensor): [string, HostTensor][] {
  const tensor: HostTensor = { dtype: value.type as Dtype, shape: [...value.dims], data: value.data as ConstantData };
  if (fetch === "return") return [[name, tensor]];
  if ("store" in fetch) {
    tensors.set(fetch.store, tensor);
    return [];
  }
  // the native runtime has written into the stored tensor, and hands out a copy of it besides
  if (kind === "wasm") (rowsOf(stored(fetch.into), fetch.rows).data as Float32Array).set(tensor.data as Float32Array);
  return [];
}

/** What computes; where that is WebAssembly and the weights are large, the line for people says what it costs. */
async function runtimeInfo(): Promise<RuntimeInfo> {
  const { kind, version, notice } = await loading;
  const copies = kind === "wasm" ? wasmCopies([...tensors.values()].map(({ data }) => data)) : "";
  return { kind, version, notice: notice && notice + copies };
}

async function load(ranges: [string, FileRange][]): Promise<void> {
  const { kind } = await loading;
  if (kind === "wasm") checkWasmMemory(ranges.map(([, range]) => ({ byteLength: storedBytes(range) })));
  const files = new Map<string, number>();
  const open = (file: string) => {
    const fd = files.get(file) ?? openSync(file, "r");
    files.set(file, fd);
    return fd;
  };
  try {
    for (const [name, range] of ranges) {
      for (const [key, tensor] of readStored(open, name, range)) tensors.set(key, tensor);
    }
  } finally {
    for (const fd of files.values()) closeSync(fd);
  }
}

function duplicate(name: string): HostTensor {
  const { dtype, shape, data } = stored(name);
  return { dtype, shape, data: data.slice() as ConstantData };
}

function makeZeros([name, dtype, shape]: Extract<Request, { method: "zeros" }>["tensors"][number]): void {
  const size = shape.reduce((a, b) => a * b, 1);
  tensors.set(name, { dtype, shape, data: dtype === "uint8" ? new Uint8Array(size) : new Float32Array(size) });
}

/** Runs a kernel over lists of stored tensors. */
function apply({ tensors: names, args, ...kernel }: Extract<Request, { method: "apply" }>): Promise<unknown> {
  const lists = Object.entries(names).map(([key, list]) => [key, list.map((name) => stored(name).data)] as const);
  return callKernel(kernel, Object.fromEntries(lists), args);
}

/** Runs a kernel once for each item; several threads share what is worth it. */
async function applyEach({ items, ...kernel }: Extract<Request, { method: "applyEach" }>): Promise<unknown[]> {
  const calls = items.map(({ tensors: names, args }) => {
    const found = Object.entries(names).map(([key, name]) => [key, stored(name)] as const);
    return { tensors: Object.fromEntries(found), args };
  });
  const numbers = calls.reduce((sum, call) => sum + numbersOf(call), 0);
  const isShared = kernelCount > 1 && calls.length > 1 && numbers >= sharedFrom && canMove(calls, tensors.values());
  if (isShared) return kernelThreads.run(kernel, calls);
  const results: unknown[] = [];
  for (const { tensors: found, args } of calls) {
    const data = Object.fromEntries(Object.entries(found).map(([key, tensor]) => [key, tensor.data]));
    results.push(await callKernel(kernel, data, args));
  }
  return results;
}

async function stop(): Promise<void> {
  await kernelThreads.end();
  for (const session of sessions.values()) await session.release();
  sessions.clear();
  tensors.clear();
}

async function answer(request: Request): Promise<unknown> {
  switch (request.method) {
    case "runtime":
      return runtimeInfo();
    case "open":
      return open(request);
    case "close": {
      const session = sessions.get(request.session);
      sessions.delete(request.session);
      return session?.release();
    }
    case "run":
      return run(request);
    case "load":
      return load(request.tensors);
    case "put":
      for (const [name, tensor] of request.tensors) tensors.set(name, tensor);
      return undefined;
    case "zeros":
      for (const tensor of request.tensors) makeZeros(tensor);
      return undefined;
    case "read":
      return request.names.map(duplicate); // handed over below, so that there is one copy and not two
    case "copy":
      for (const [from, to] of request.pairs) tensors.set(to, duplicate(from));
      return undefined;
    case "free":
      for (const name of request.names) tensors.delete(name);
      return undefined;
    case "apply":
      return apply(request);
    case "applyEach":
      return applyEach(request);
    case "stop":
      return stop();
  }
}

const port = parentPort;
if (!port) throw new Error("internal: computeThread.js is started by device.js");
let queue = Promise.resolve();
port.on("message", ({ id, request }: { id: number; request: Request }) => {
  queue = queue.then(async () => {
    try {
      const result = await answer(request);
      const copies = request.method === "read" ? (result as HostTensor[]).map(({ data }) => data.buffer) : [];
      port.postMessage({ id, result }, copies as ArrayBuffer[]);
    } catch (error) {
      port.postMessage({ id, error: partsOf(error) });
    }
  });
});
