/** @file Messages between the threads: main and compute thread, compute and kernel threads. */
import type { PackedMatrix } from "../../formats/bitsandbytes.ts";
import type { BlockDtype } from "../../formats/ggufBlocks.ts";
import type { IntegerBlocks } from "../../formats/integerBlocks.ts";
import type { Quantization } from "../../formats/quantizedBlocks.ts";
import type { ConstantData, Dtype, NarrowDtype } from "../graph/tensor.ts";

/** A tensor in JavaScript memory. */
export interface HostTensor {
  /** Narrow floats are Uint16Arrays. */
  dtype: Dtype | NarrowDtype;
  shape: readonly number[];
  data: ConstantData;
}

/** Location of a tensor in a file: little-endian, dense or in ggml's blocks; `as` says how to read the bytes. */
export interface FileRange {
  file: string;
  start: number;
  end: number;
  as: "F32" | "F16" | "BF16" | "F64" | BlockDtype;
  /** Of the tensor in memory. */
  shape: readonly number[];
  /**
   * How the file's order differs: a transposed matrix; heads whose rotary pairs are neighbors; the queries of all
   * heads, then all keys, then all values, where memory has each head's three together.
   */
  rows?: "transposed" | { interleavedHeads: number } | { headsByKind: number };
  /** Added to each value: a file may have 1 + weight of a norm. */
  plus?: number;
  /** Its name in the file, where that is not the parameter's. */
  source?: string;
  /** Keep its 16 bits; for graph inputs stored that way. */
  keep?: NarrowDtype;
  /** Stored in 8 or 4 bits in the file: start to end are the codes [out, in]; `as` is the dtype before quantization. */
  packed?: PackedMatrix & { layout: "out,in" | "in,out" };
  /** Keep in 8 or 4 bits, as [out, in], under the names of its parts; `layout` is that of `shape`. */
  quantize?: Quantization & { layout: "out,in" | "in,out" };
  /** Keep [out, in] as integers for products of generation, under the names of their parts. */
  integers?: IntegerBlocks & { layout: "out,in" | "in,out"; areFiles: boolean };
}

/** An input of a run: a stored tensor by name (optionally some of its rows), or a value sent along. */
export type Feed = { stored: string; rows?: [number, number] } | HostTensor;

/** An output of a run: returned, written into a stored tensor of that size or some of its rows, or stored. */
export type Fetch = "return" | { into: string; rows?: [number, number] } | { store: string };

export type RuntimeKind = "native" | "wasm";

/** The kind of runtime. */
export interface RuntimeInfo {
  kind: RuntimeKind;
  /** Of ONNX Runtime. */
  version: string;
  /** One line on how to make it faster, if possible. */
  notice: string | null;
  /** Execution providers that compute graphs, if not the CPU alone, which is what graphs are verified on. */
  otherProviders?: readonly string[];
}

/** A process of a job, as its launcher's variables describe it. */
export interface LaunchedRank {
  /** The launcher, which decides where its library is looked for. */
  by: "mpirun" | "mpiexec" | "srun";
  /** Number of processes; undefined: the launcher does not say. */
  size: number | undefined;
}

/** One call of a kernel: stored tensors by the kernel's own names, each in only one item of a request. */
interface NamedItem {
  tensors: Readonly<Record<string, string>>;
  args: unknown;
}

export type Request =
  | { method: "runtime" }
  | { method: "open"; model: Uint8Array; arena: boolean; onCpu: readonly string[]; held: readonly string[] }
  | { method: "close"; session: number }
  | { method: "run"; session: number; feeds: [string, Feed][]; fetches: [string, Fetch][] }
  | { method: "load"; tensors: [string, FileRange][] }
  | { method: "put"; tensors: [string, HostTensor][] }
  | { method: "zeros"; tensors: [name: string, dtype: "float32" | "uint8", shape: readonly number[]][] }
  | { method: "read"; names: string[] }
  | { method: "copy"; pairs: [from: string, to: string][] }
  | { method: "free"; names: string[] }
  | { method: "apply"; kernel: string; tensors: Readonly<Record<string, readonly string[]>>; args: unknown }
  | { method: "applyEach"; kernel: string; items: readonly NamedItem[] }
  | { method: "join"; launched: LaunchedRank }
  | { method: "allReduce"; names: readonly string[]; scale: number }
  | { method: "gather"; own: Float64Array }
  | { method: "broadcast"; names: readonly string[] }
  | { method: "share"; bytes: Uint8Array | null }
  | { method: "fail"; error: ThreadError }
  | { method: "leave" }
  | { method: "abort"; code: number }
  | { method: "clear" }
  | { method: "stop" };

/** The parts of an error: classes do not survive the way between threads. */
export interface ThreadError {
  name: string;
  message: string;
  code?: string;
  hint?: string;
}

export function partsOf(error: unknown): ThreadError {
  const { name, message, code, hint } = error as ThreadError;
  return { name, message, code, hint };
}

/** Tensors of an item whose memory is transferred with the message: the sender no longer has them. */
export type MovedTensors = Record<string, ConstantData>;

export interface KernelRequest {
  kernel: string;
  items: { tensors: MovedTensors; args: unknown }[];
}

export interface KernelReply {
  /** The kernel's result per item; fewer if it threw. */
  results: unknown[];
  error: ThreadError | null;
  /** The tensors of the request, whether or not it threw. */
  tensors: MovedTensors[];
}

export function buffersOf(items: readonly MovedTensors[]): ArrayBuffer[] {
  return items.flatMap((tensors) => Object.values(tensors).map(({ buffer }) => buffer as ArrayBuffer));
}

/** A numbered request; its answer has the same number. */
export type Numbered = { id: number; request: Request };
export type Reply = { id: number; result: unknown } | { id: number; error: ThreadError };
