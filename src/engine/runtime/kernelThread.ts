/** @file A kernel thread: runs kernels over tensors whose memory is moved to it, and moves it back. */
import { parentPort } from "node:worker_threads";
import { callKernel } from "./callKernel.ts";
import { buffersOf, type KernelReply, type KernelRequest, partsOf } from "./protocol.ts";

async function answer({ items, ...name }: KernelRequest): Promise<KernelReply> {
  const reply: KernelReply = { results: [], error: null, tensors: items.map(({ tensors }) => tensors) };
  try {
    for (const { tensors, args } of items) reply.results.push(await callKernel(name, tensors, args));
  } catch (error) {
    reply.error = partsOf(error);
  }
  return reply;
}

const port = parentPort;
if (!port) throw new Error("internal: kernelThread.js is started by kernelThreads.js");
port.on("message", async (request: KernelRequest) => {
  const reply = await answer(request);
  port.postMessage(reply, buffersOf(reply.tensors));
});
