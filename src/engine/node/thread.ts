/**
 * @file Node's threads that compute: the compute thread, which keeps the main thread's event loop free (a run of
 * onnxruntime-node blocks the thread that calls it, 0.8 s for GPT-2), and the kernel threads that it starts. One
 * program serves both, so that its entry, which knows the kernels, is one file.
 */
import { availableParallelism } from "node:os";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { PrefineError } from "../../errors.ts";
import { type ComputeHost, serve } from "../runtime/computeServer.ts";
import type { KernelTable } from "../runtime/kernels.ts";
import { KernelThreads } from "../runtime/kernelThreads.ts";
import { openFiles } from "./files.ts";
import { serveKernels, startKernelThread } from "./kernelThread.ts";
import { loadRuntime } from "./ortRuntime.ts";
import { removeTelemetryLog } from "./telemetry.ts";

/** What the compute thread is started with; a kernel thread is started with null. */
export interface ThreadOptions {
  /** "native" or "wasm"; undefined: the fastest there is. */
  runtime?: string;
  /** Of one MatMul; 0: the runtime's choice. */
  threads: number;
  /** ONNX Runtime's names of what computes, the first that can: `cuda`; empty: the CPU. */
  providers: string[];
  /** Numbers in all tensors of an `applyEach` from which several threads share them. */
  sharedFrom: number;
}

/** Kernels read and write 28 bytes a number: more threads than four wait for the memory, and for the largest tensor. */
const MOST_KERNEL_THREADS = 4;

/** The whole of a thread's program. @param program its URL, to start kernel threads from. */
export function runThread(kernels: KernelTable, program: URL): void {
  const port = parentPort;
  if (!port) throw new Error("internal: this program is started as a thread");
  const options = workerData as ThreadOptions | null;
  if (options) serveRequests(port, hostOf(options, kernels, program));
  else serveKernels(port, kernels);
}

function serveRequests(port: MessagePort, host: ComputeHost): void {
  port.on(
    "message",
    serve(host, (answer, transfer) => port.postMessage(answer, transfer)),
  );
}

function hostOf(options: ThreadOptions, kernels: KernelTable, program: URL): ComputeHost {
  const { runtime: wanted, threads, providers, sharedFrom } = options;
  const loading = loadRuntime({ wanted, threads });
  loading.then(() => removeTelemetryLog()).catch(() => {}); // a failure to load is told to the first one who needs it
  const count = Math.min(threads || availableParallelism(), MOST_KERNEL_THREADS);
  return {
    loading,
    threads,
    providers,
    explainOpening: (cause) => explainProviders(providers, cause),
    openFiles,
    kernels,
    kernelThreads: new KernelThreads(count, () => startKernelThread(program)),
    sharedFrom,
  };
}

/** What went wrong, as the setting's fault where a person has asked for other providers than the CPU. */
function explainProviders(providers: readonly string[], cause: Error): Error {
  if (providers.length === 0) return cause;
  return new PrefineError(
    "config",
    `PREFINE_EXECUTION_PROVIDERS=${providers.join(",")}: ${cause.message.split("\n")[0]}`,
    "Without it the CPU computes. For cuda, install onnxruntime-node beside prefine with its install script.",
    { cause },
  );
}
