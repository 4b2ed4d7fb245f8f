/** @file A device at the other end of a channel: sends requests to its server and matches the answers. */
import { PrefineError, type PrefineErrorCode } from "../../errors.ts";
import type { ConstantData } from "../graph/tensor.ts";
import type { LoweredGraph } from "../onnx/lower.ts";
import type { World } from "./collectives.ts";
import type { Device, DeviceRanks, Session } from "./device.ts";
import type { Kernel, KernelItem } from "./kernels.ts";
import { errorOf, type Failure } from "./meeting.ts";
import {
  type Feed,
  type Fetch,
  type FileRange,
  type HostTensor,
  type LaunchedRank,
  type Numbered,
  partsOf,
  type Reply,
  type Request,
  type RuntimeInfo,
  type ThreadError,
} from "./protocol.ts";

/** Channel to the server of requests (computeServer.ts). */
export interface Channel {
  /** Call it before sending anything. @param onEnd called with the reason when the other side is gone. */
  listen(onReply: (reply: Reply) => void, onEnd: (error: Error) => void): void;
  send(message: Numbered): void;
  /** Whether answers are pending, for which the process must stay alive. */
  keepAlive(isAwaiting: boolean): void;
  /** Ends the other side, after it has freed everything. */
  end(): Promise<void>;
}

export interface RemoteDeviceOptions {
  /** Notice to add to the runtime's own if it is the native one. */
  nativeNotice?: string | null;
  /** Called with every graph before it is opened. */
  onOpen?: (name: string, graph: LoweredGraph) => void;
  /** ONNX Runtime's execution providers in order of preference; empty: the CPU. */
  providers?: readonly string[];
}

/**
 * Ops that only the CPU computes to float32's precision: WGSL promises 2^-11 for sines, and rotary angles that coarse
 * cost 3e-4 of every gradient.
 */
const CPU_OPS = new Set(["Cos", "Sin"]);

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Once per process is enough. */
let isNoticeGiven = false;

export class RemoteDevice implements Device {
  private readonly channel: Channel;
  private readonly nativeNotice: string | null;
  private readonly onOpen: (name: string, graph: LoweredGraph) => void;
  /** Those besides the CPU. */
  private readonly otherProviders: readonly string[];
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private ended: Error | null = null;
  private disposed: Promise<void> | null = null;
  ranks: DeviceRanks | undefined;

  constructor(channel: Channel, { nativeNotice = null, onOpen = () => {}, providers = [] }: RemoteDeviceOptions = {}) {
    this.channel = channel;
    this.nativeNotice = nativeNotice;
    this.onOpen = onOpen;
    this.otherProviders = providers.filter((name) => name !== "cpu");
    channel.listen(
      (reply) => this.settle(reply),
      (error) => this.end(error),
    );
  }

  private settle(reply: Reply): void {
    const call = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (this.waiting.size === 0) this.channel.keepAlive(false);
    if ("error" in reply) call?.reject(explain(reply.error));
    else call?.resolve(reply.result);
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const call of this.waiting.values()) call.reject(error);
    this.waiting.clear();
  }

  private call<T>(request: Request): Promise<T> {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    this.channel.keepAlive(true);
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.channel.send({ id, request });
    });
  }

  async runtime(): Promise<RuntimeInfo> {
    const info = await this.call<RuntimeInfo>({ method: "runtime" });
    const notices = [info.notice, info.kind === "native" ? this.nativeNotice : null].filter((line) => line !== null);
    const notice = isNoticeGiven || notices.length === 0 ? null : notices.join("\n");
    isNoticeGiven ||= notice !== null;
    return { ...info, notice, otherProviders: this.otherProviders };
  }

  async holdsWeights(): Promise<boolean> {
    const { kind } = await this.call<RuntimeInfo>({ method: "runtime" });
    return kind === "native" && this.otherProviders.length === 0;
  }

  async open(requested: LoweredGraph, name: string): Promise<Session> {
    const graph = this.otherProviders.length > 0 ? requested.forOthers() : requested;
    this.onOpen(name, graph);
    const { bytes: model, tightMemory: arena, inputs, outputs, held } = graph;
    const onCpu = graph.model.nodes.flatMap(({ type, outputs: [node] }) => (CPU_OPS.has(type) ? [node] : []));
    const session = await this.call<number>({ method: "open", model, arena, onCpu, held });
    return {
      run: async (feeds, fetches = {}) => {
        const request = { session, feeds: feedsOf(inputs, feeds), fetches: fetchesOf(outputs, fetches) };
        return new Map(await this.call<[string, HostTensor][]>({ method: "run", ...request }));
      },
      release: () => this.call({ method: "close", session }),
    };
  }

  load(tensors: [string, FileRange][]): Promise<void> {
    return this.call({ method: "load", tensors });
  }

  put(tensors: [string, HostTensor][]): Promise<void> {
    return this.call({ method: "put", tensors });
  }

  zeros(tensors: { name: string; dtype: "float32" | "uint8"; shape: readonly number[] }[]): Promise<void> {
    return this.call({ method: "zeros", tensors: tensors.map(({ name, dtype, shape }) => [name, dtype, shape]) });
  }

  read(names: string[]): Promise<HostTensor[]> {
    return this.call({ method: "read", names });
  }

  copy(pairs: [from: string, to: string][]): Promise<void> {
    return this.call({ method: "copy", pairs });
  }

  free(names: string[]): Promise<void> {
    return this.call({ method: "free", names });
  }

  apply<T extends Record<string, ConstantData[]>, A, R>(
    { name: kernel }: Kernel<T, A, R>,
    tensors: { readonly [K in keyof T]: readonly string[] },
    args: A,
  ): Promise<R> {
    return this.call({ method: "apply", kernel, tensors, args });
  }

  applyEach<T extends Record<string, ConstantData>, A, R>(
    { name: kernel }: Kernel<T, A, R>,
    items: readonly KernelItem<T, A>[],
  ): Promise<R[]> {
    return this.call({ method: "applyEach", kernel, items });
  }

  /**
   * Connects it to the devices of the job's other processes; answered once all are.
   * @param watch is given every request that waits for the others: its answer, and why this rank has failed.
   */
  async join(
    launched: LaunchedRank,
    watch: <T>(waiting: Promise<T>, failure?: string) => Promise<T> = (waiting) => waiting,
  ): Promise<DeviceRanks> {
    const together = <T>(request: Request, failure?: string) => watch(this.call<T>(request), failure);
    const world = await together<World>({ method: "join", launched });
    this.ranks = {
      world,
      allReduce: (names, scale) => together({ method: "allReduce", names, scale }),
      broadcast: (names) => together({ method: "broadcast", names }),
      gather: (own) => together({ method: "gather", own }),
      share: (bytes) => together({ method: "share", bytes }),
      fail: async (error) => {
        const own = partsOf(error instanceof Error ? error : new Error(String(error)));
        const first = await together<Failure>({ method: "fail", error: own }, own.message);
        return first.rank === world.rank || first.error.message === own.message ? error : errorOf(first);
      },
    };
    return this.ranks;
  }

  /** Leaves the job, once every rank does. */
  async leave(): Promise<void> {
    if (!this.ended) await this.call({ method: "leave" });
  }

  /** Ends all processes of the job, this one included. */
  async abort(code: number): Promise<void> {
    if (!this.ended) await this.call({ method: "abort", code });
  }

  /** Frees all tensors and graphs; more may follow. */
  clear(): Promise<void> {
    return this.call({ method: "clear" });
  }

  dispose(): Promise<void> {
    this.disposed ??= this.endAll();
    return this.disposed;
  }

  private async endAll(): Promise<void> {
    if (this.ended) return;
    await this.call({ method: "stop" });
    await this.channel.end();
  }
}

/** @throws if an input has no feed. */
function feedsOf(inputs: LoweredGraph["inputs"], feeds: Record<string, string | HostTensor>): [string, Feed][] {
  return inputs.map(({ name, of, rows }) => {
    const feed = feeds[of];
    if (feed === undefined) throw new Error(`internal: no feed for the graph input "${of}"`);
    return [name, typeof feed === "string" ? { stored: feed, rows } : feed];
  });
}

function fetchesOf(
  outputs: LoweredGraph["outputs"],
  fetches: NonNullable<Parameters<Session["run"]>[1]>,
): [string, Fetch][] {
  const fetchOf = typeof fetches === "function" ? fetches : (name: string) => fetches[name];
  return outputs.map(({ name }) => [name, fetchOf(name) ?? "return"]);
}

/** Explains the two failures that a user can do something about. */
function explain({ name, message, code, hint }: ThreadError): Error {
  if (name === "PrefineError") return new PrefineError(code as PrefineErrorCode, message, hint);
  if (/Failed to allocate memory|bad_alloc|Array buffer allocation failed/.test(message)) {
    const size = /size (\d+)/.exec(message)?.[1];
    const request = size ? ` (${(Number(size) / 2 ** 20).toFixed(0)} MiB more were requested)` : "";
    return new PrefineError(
      "training",
      `out of memory in the compute thread${request}`,
      "Lower max_length, or free memory.",
    );
  }
  if (code) return new PrefineError("io", message);
  return new Error(message.startsWith("internal:") ? message : `internal: ONNX Runtime: ${message}`);
}
