/**
 * @file The device that computes, as the rest of prefine sees it: named tensors, compiled graphs and kernels, which
 * live elsewhere (in a thread; later in a browser worker, on a GPU, in a cluster). Every call is asynchronous.
 */
import type { ConstantData } from "../graph/tensor.ts";
import type { LoweredGraph } from "../onnx/lower.ts";
import type { World } from "./collectives.ts";
import type { Kernel, KernelItem } from "./kernels.ts";
import type { Fetch, FileRange, HostTensor, RuntimeInfo } from "./protocol.ts";

export type { Fetch, FileRange, HostTensor, RuntimeInfo } from "./protocol.ts";

export interface Device {
  /** The other processes of the job, if it is connected to them; every rank's device then gets the same requests. */
  readonly ranks?: DeviceRanks | undefined;

  /** The ONNX Runtime in use. Ask after loading weights: the notice counts them and is given once per process. */
  runtime(): Promise<RuntimeInfo>;

  /** Whether sessions may hold weights (`heldInput`) and multiply integers fast: in the native runtime, on the CPU. */
  holdsWeights(): Promise<boolean>;

  /** Compiles a graph. @param name short description of what it computes, shown in dumps. */
  open(graph: LoweredGraph, name: string): Promise<Session>;

  /** Loads tensors from files into the device, widened to float32 unless the range says `keep`. */
  load(tensors: [string, FileRange][]): Promise<void>;

  /** Copies tensors into the device. */
  put(tensors: [string, HostTensor][]): Promise<void>;

  /** Creates tensors of zeros in the device. */
  zeros(tensors: { name: string; dtype: "float32" | "uint8"; shape: readonly number[] }[]): Promise<void>;

  /** Copies of stored tensors, in the order of `names`. */
  read(names: string[]): Promise<HostTensor[]>;

  /** Duplicates stored tensors under new names. */
  copy(pairs: [from: string, to: string][]): Promise<void>;

  free(names: string[]): Promise<void>;

  /** Runs a kernel over lists of stored tensors. */
  apply<T extends Record<string, ConstantData[]>, A, R>(
    kernel: Kernel<T, A, R>,
    tensors: { readonly [K in keyof T]: readonly string[] },
    args: A,
  ): Promise<R>;

  /**
   * Runs a kernel once per item, over that item's tensors only, in any order; on several threads if they are large.
   * For tensors that were loaded, put, copied or created as zeros: one stored by a run may be the runtime's own memory.
   * @returns the results, in the order of the items
   */
  applyEach<T extends Record<string, ConstantData>, A, R>(
    kernel: Kernel<T, A, R>,
    items: readonly KernelItem<T, A>[],
  ): Promise<R[]>;

  /** Frees all memory of the runtime and ends its threads; may be called repeatedly. */
  dispose(): Promise<void>;
}

/** What the devices of a job do together: a call is answered once every rank has made the same one. */
export interface DeviceRanks {
  readonly world: World;
  /** Replaces stored float32 tensors by their sums over the ranks, times `scale`: the same bits in every rank. */
  allReduce(names: readonly string[], scale: number): Promise<void>;
  /** Replaces stored tensors by rank 0's. */
  broadcast(names: readonly string[]): Promise<void>;
  /** The numbers of all ranks, in order of the ranks; each gives the same number of them. */
  gather(own: Float64Array): Promise<Float64Array>;
  /** Rank 0's bytes. The other ranks give null. */
  share(bytes: Uint8Array | null): Promise<Uint8Array>;
  /**
   * Ends the common work after an error: that of this rank alone, which the others throw at their next call, or one
   * that a call has thrown. All ranks call it before they make other calls.
   * @returns the error that all ranks end with: that of the first rank that has one of its own.
   */
  fail(error: unknown): Promise<unknown>;
}

/** One compiled graph. */
export interface Session {
  /**
   * One run. @param feeds by input name: the name of a stored tensor, or a value.
   * @param fetches by output name, or a function of it; omitted outputs are returned.
   */
  run(
    feeds: Record<string, string | HostTensor>,
    fetches?: Record<string, Fetch> | ((output: string) => Fetch | undefined),
  ): Promise<Map<string, HostTensor>>;

  release(): Promise<void>;
}
