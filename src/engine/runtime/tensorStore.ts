/** @file The tensors that a compute server holds, by name. */
import type { ConstantData } from "../graph/tensor.ts";
import type { Feed, FileRange, HostTensor, Request } from "./protocol.ts";
import { type ReadBytes, readStored } from "./readTensor.ts";

export class TensorStore {
  private readonly tensors = new Map<string, HostTensor>();

  get(name: string): HostTensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new Error(`internal: no tensor "${name}" in the compute thread`);
    return tensor;
  }

  set(name: string, tensor: HostTensor): void {
    this.tensors.set(name, tensor);
  }

  all(): Iterable<HostTensor> {
    return this.tensors.values();
  }

  /** A tensor, or rows of it as a view. */
  rows(name: string, rows: [number, number] | undefined): HostTensor {
    const tensor = this.get(name);
    if (!rows) return tensor;
    const [start, end] = rows;
    const rowSize = tensor.data.length / tensor.shape[0];
    const data = tensor.data.subarray(start * rowSize, end * rowSize) as ConstantData;
    return { dtype: tensor.dtype, shape: [end - start, ...tensor.shape.slice(1)], data };
  }

  /** The tensor to feed to a run. */
  feed(feed: Feed): HostTensor {
    return "stored" in feed ? this.rows(feed.stored, feed.rows) : feed;
  }

  async load(ranges: readonly [string, FileRange][], read: ReadBytes): Promise<void> {
    for (const [name, range] of ranges) {
      for (const [key, tensor] of await readStored(read, name, range)) this.tensors.set(key, tensor);
    }
  }

  duplicate(name: string): HostTensor {
    const { dtype, shape, data } = this.get(name);
    return { dtype, shape, data: data.slice() as ConstantData };
  }

  makeZeros([name, dtype, shape]: Extract<Request, { method: "zeros" }>["tensors"][number]): void {
    const size = shape.reduce((a, b) => a * b, 1);
    this.tensors.set(name, { dtype, shape, data: dtype === "uint8" ? new Uint8Array(size) : new Float32Array(size) });
  }

  free(names: readonly string[]): void {
    for (const name of names) this.tensors.delete(name);
  }

  clear(): void {
    this.tensors.clear();
  }
}
