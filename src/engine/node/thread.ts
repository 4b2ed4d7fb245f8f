/**
 * @file Node's compute threads: the compute thread, which keeps the main thread's event loop free (a run of
 * onnxruntime-node blocks the calling thread, 0.8 s for GPT-2), and the kernel threads that it starts. One program
 * serves both, so its entry, which knows the kernels, is one file.
 */
import { availableParallelism } from "node:os";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { PrefineError } from "../../errors.ts";
import { type ComputeHost, serve } from "../runtime/computeServer.ts";
import type { KernelTable } from "../runtime/kernels.ts";
import { KernelThreads } from "../runtime/kernelThreads.ts";
import type { Numbered } from "../runtime/protocol.ts";
import { openFiles } from "./files.ts";
import { serveKernels, startKernelThread } from "./kernelThread.ts";
import { joinWorld } from "./mpiWorld.ts";
import { loadRuntime } from "./ortRuntime.ts";
import { removeTelemetryLog } from "./telemetry.ts";

/** Options of the compute thread; a kernel thread is started with null. */
export interface ThreadOptions {
  /** "native" or "wasm"; undefined: the fastest available. */
  runtime?: string;
  /** Threads per MatMul; 0: the runtime's choice. */
  threads: number;
  /** ONNX Runtime's execution providers in order of preference: `cuda`; empty: the CPU. */
  providers: string[];
  /** Total numbers in the tensors of an `applyEach` from which it is split among threads. */
  sharedFrom: number;
  /** Shared with the thread that started it: requests that are being answered, and answers so far. */
  activity: Int32Array;
}

/** Kernels read and write 28 bytes per number: beyond four threads they wait for memory and the largest tensor. */
const MOST_KERNEL_THREADS = 4;

/** The whole program of a thread. @param program its URL, to start kernel threads from. */
export function runThread(kernels: KernelTable, program: URL): void {
  const port = parentPort;
  if (!port) throw new Error("internal: this program is started as a thread");
  const options = workerData as ThreadOptions | null;
  if (options) serveRequests(port, hostOf(options, kernels, program), options.activity);
  else serveKernels(port, kernels);
}

function serveRequests(port: MessagePort, host: ComputeHost, activity: Int32Array): void {
  const answer = serve(host, (reply, transfer) => {
    port.postMessage(reply, transfer);
    Atomics.sub(activity, 0, 1);
    Atomics.add(activity, 1, 1);
    Atomics.notify(activity, 1);
  });
  port.on("message", (request: Numbered) => {
    Atomics.add(activity, 0, 1);
    answer(request);
  });
}

function hostOf(options: ThreadOptions, kernels: KernelTable, program: URL): ComputeHost {
  const { runtime: only, threads, providers, sharedFrom } = options;
  const loading = loadRuntime({ only, threads });
  loading.then(() => removeTelemetryLog()).catch(() => {}); // the first request that needs it reports a failure
  const count = Math.min(threads || availableParallelism(), MOST_KERNEL_THREADS);
  const kernelThreads = new KernelThreads(count, () => startKernelThread(program));
  let share = threads;
  return {
    loading,
    get threads() {
      return share;
    },
    join(launched) {
      const collectives = joinWorld(launched);
      const { localSize, processors } = collectives.world;
      if (threads === 0 && localSize > 1) {
        share = processors;
        kernelThreads.count = Math.min(processors, MOST_KERNEL_THREADS);
      }
      return collectives;
    },
    providers,
    explainFailure: (cause) => explainProviders(providers, cause),
    openFiles,
    kernels,
    kernelThreads,
    sharedFrom,
  };
}

/** Blames the setting if the user chose execution providers other than the CPU, and memory is not the reason. */
function explainProviders(providers: readonly string[], cause: Error): Error {
  if (providers.length === 0 || /allocate memory|bad_alloc/.test(cause.message)) return cause;
  return new PrefineError(
    "config",
    `PREFINE_EXECUTION_PROVIDERS=${providers.join(",")}: ${cause.message.split("\n")[0]}`,
    "Unset it to use the CPU. For cuda, install onnxruntime-node next to prefine with its install script. " +
      "Where the GPU has no 16-bit floats, a model in float32 may work.",
    { cause },
  );
}
