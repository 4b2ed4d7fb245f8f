/** @file A kernel thread of Node: tensors are transferred to it, run through a kernel, and transferred back. */
import { type MessagePort, Worker } from "node:worker_threads";
import { answerKernels, type KernelTable } from "../runtime/kernels.ts";
import type { KernelThread } from "../runtime/kernelThreads.ts";
import { buffersOf, type KernelReply, type KernelRequest } from "../runtime/protocol.ts";

/** The thread's side. */
export function serveKernels(port: MessagePort, kernels: KernelTable): void {
  port.on("message", (request: KernelRequest) => {
    const reply = answerKernels(kernels, request);
    port.postMessage(reply, buffersOf(reply.tensors));
  });
}

/** The compute thread's side. If a kernel thread dies, its error or the throw below ends the compute thread too. */
export function startKernelThread(program: URL): KernelThread {
  const worker = new Worker(program, { workerData: null });
  let take: (reply: KernelReply) => void = () => {};
  worker.on("message", (reply: KernelReply) => take(reply));
  worker.on("exit", () => {
    throw new Error("internal: a kernel thread has ended"); // and its tensors are lost
  });
  worker.unref(); // it must not keep the process alive
  return {
    run: (request) =>
      new Promise((resolve) => {
        take = resolve;
        worker.postMessage(request, buffersOf(request.items.map(({ tensors }) => tensors)));
      }),
    end: async () => {
      worker.removeAllListeners("exit");
      await worker.terminate();
    },
  };
}
