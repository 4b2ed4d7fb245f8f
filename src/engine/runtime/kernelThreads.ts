/**
 * @file Runs one kernel over many tensors on several threads: AdamW over 124 M numbers takes one thread 1/5 of a step.
 *
 * onnxruntime-node takes no SharedArrayBuffer, so no two threads can see a tensor at the same time. But a plain buffer
 * can be transferred with a message, in microseconds whatever its size, and transferred back: no copy, no peak of
 * memory. A kernel sees only whole tensors, so the choice of thread changes no bit of the result. One cost: in a thread
 * that has transferred memory, V8 checks at every access that an array is not detached (see adamwStep).
 *
 * Alternatives. An optimizer as an ONNX graph rounds every operation to float32, where the kernels compute in float64,
 * and needs room for all its outputs. WebAssembly with SIMD sees only its own memory, at most 4 GiB and not
 * transferable: the weights would have to live there, or be copied there and back.
 */

import { largest } from "../../lists.ts";
import type { HostTensor, KernelReply, KernelRequest } from "./protocol.ts";

/** Minimum numbers per message to a thread: some 4 ms of AdamW; sending takes far less. */
const BATCH = 2 ** 20;

/** One call of a kernel. */
export interface KernelCall {
  /** By the kernel's own names; each tensor in one call only. */
  tensors: Record<string, HostTensor>;
  args: unknown;
}

/** One thread, one request at a time. If it dies, its tensors are lost, and the thread that started it must end too. */
export interface KernelThread {
  run(request: KernelRequest): Promise<KernelReply>;
  end(): Promise<void>;
}

/** Threads that start when first needed. */
export class KernelThreads {
  count: number;
  private readonly start: () => KernelThread;
  private readonly threads: KernelThread[] = [];

  constructor(count: number, start: () => KernelThread) {
    this.count = count;
    this.start = start;
  }

  /**
   * Each thread takes the next batch when it finishes one: cores may be busy, and are not always equally fast. While a
   * thread has a tensor, its `data` is empty.
   * @returns the kernel's result of each call.
   * @throws the kernel's error, once all tensors are back.
   */
  async run(kernel: string, calls: readonly KernelCall[]): Promise<unknown[]> {
    while (this.threads.length < this.count) this.threads.push(this.start());
    const results = new Array<unknown>(calls.length);
    const batches = batchesOf(calls);
    const work = async (thread: KernelThread): Promise<void> => {
      for (let batch = batches.shift(); batch; batch = batches.shift()) {
        const lent = batch.map((i) => calls[i]);
        const ofBatch = await lend(thread, kernel, lent);
        for (const [k, i] of batch.entries()) results[i] = ofBatch[k];
      }
    };
    const ended = await Promise.allSettled(this.threads.map(work));
    for (const each of ended) if (each.status === "rejected") throw each.reason;
    return results;
  }

  async end(): Promise<void> {
    for (const thread of this.threads.splice(0)) await thread.end();
  }
}

/** False if tensors share memory or are views of a larger buffer, which others would lose. @param all tensors held */
export function canMove(calls: readonly KernelCall[], all: Iterable<HostTensor>): boolean {
  const users = new Map<ArrayBufferLike, number>();
  for (const { data } of all) users.set(data.buffer, (users.get(data.buffer) ?? 0) + 1);
  return calls.every(({ tensors }) =>
    Object.values(tensors).every(({ data: { buffer, byteLength } }) => {
      return byteLength === buffer.byteLength && users.get(buffer) === 1;
    }),
  );
}

/** Numbers in the largest tensor, which decides how long a call takes. */
export function numbersOf({ tensors }: KernelCall): number {
  return largest(
    Object.values(tensors).map(({ data }) => data.length),
    0,
  );
}

/** The largest first, alone; small ones together. @returns indices */
function batchesOf(calls: readonly KernelCall[]): number[][] {
  const sizes = calls.map(numbersOf);
  const order = [...calls.keys()].sort((a, b) => sizes[b] - sizes[a]);
  const batches: number[][] = [];
  let numbers = BATCH;
  for (const i of order) {
    if (numbers >= BATCH) {
      batches.push([]);
      numbers = 0;
    }
    batches[batches.length - 1].push(i);
    numbers += sizes[i];
  }
  return batches;
}

async function lend(thread: KernelThread, kernel: string, calls: readonly KernelCall[]): Promise<unknown[]> {
  const items = calls.map(({ tensors, args }) => {
    return { tensors: Object.fromEntries(Object.entries(tensors).map(([key, { data }]) => [key, data])), args };
  });
  const reply = await thread.run({ kernel, items });
  for (const [i, { tensors }] of calls.entries()) {
    for (const [key, tensor] of Object.entries(tensors)) tensor.data = reply.tensors[i][key];
  }
  if (reply.error) throw Object.assign(new Error(reply.error.message), reply.error);
  return reply.results;
}
