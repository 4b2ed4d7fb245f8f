/**
 * @file Kernels: plain loops over tensors, by name, that run where the tensors are. A kernel is a record; the compute
 * server's entry gives it a table of all kernels (src/device), so the engine knows no optimizer and no model, and
 * nothing is loaded by a path that a bundler or a browser could not follow.
 */
import type { ConstantData } from "../graph/tensor.ts";
import { type KernelReply, type KernelRequest, partsOf } from "./protocol.ts";

/**
 * @template T tensors by the kernel's own names: one each for `applyEach`, a list each for `apply`.
 * @template A plain data, sent with the message.
 */
export interface Kernel<T, A, R> {
  /** Unlike `run.name` it survives a bundler that shortens names: both ends must know it. */
  readonly name: string;
  readonly run: (tensors: T, args: A) => R;
}

/** One call of a kernel by `applyEach`; a tensor may be in only one item of a request. */
export interface KernelItem<T, A> {
  /** Names of stored tensors. */
  tensors: { readonly [K in keyof T]: string };
  args: A;
}

type AnyKernel = Kernel<never, never, unknown>;
export type KernelTable = ReadonlyMap<string, AnyKernel>;

export function kernelTable(kernels: readonly AnyKernel[]): KernelTable {
  const table = new Map(kernels.map((kernel) => [kernel.name, kernel]));
  if (table.size !== kernels.length) throw new Error("internal: two kernels have one name");
  return table;
}

/** @param tensors one, or a list of them, by each of the kernel's own names. */
export function callKernel(
  table: KernelTable,
  name: string,
  tensors: Record<string, ConstantData | ConstantData[]>,
  args: unknown,
): unknown {
  const kernel = table.get(name) as Kernel<typeof tensors, unknown, unknown> | undefined;
  if (!kernel) throw new Error(`internal: no kernel "${name}" in the table`);
  return kernel.run(tensors, args);
}

/** Serves a request in a kernel thread: the tensors go back whether or not the kernel threw. */
export function answerKernels(table: KernelTable, { kernel, items }: KernelRequest): KernelReply {
  const reply: KernelReply = { results: [], error: null, tensors: items.map(({ tensors }) => tensors) };
  try {
    for (const { tensors, args } of items) reply.results.push(callKernel(table, kernel, tensors, args));
  } catch (error) {
    reply.error = partsOf(error);
  }
  return reply;
}
