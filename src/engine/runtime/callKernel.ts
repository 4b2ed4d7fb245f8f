/** @file Kernels: plain loops over tensors, named exports of this package's modules, loaded where they run. */
import type { ConstantData } from "../graph/tensor.ts";
import type { KernelName } from "./protocol.ts";

type Kernel<T> = (tensors: Record<string, T>, args: unknown) => unknown;
const loaded = new Map<string, Kernel<never>>();

/** @param tensors one, or a list of them, by each of the kernel's own names. */
export async function callKernel<T extends ConstantData | ConstantData[]>(
  { module, kernel }: KernelName,
  tensors: Record<string, T>,
  args: unknown,
): Promise<unknown> {
  const key = `${module}#${kernel}`;
  const found = loaded.get(key) ?? ((await import(module)) as Record<string, Kernel<never>>)[kernel];
  loaded.set(key, found);
  return (found as Kernel<T>)(tensors, args);
}
