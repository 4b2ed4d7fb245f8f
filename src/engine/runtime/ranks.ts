/** @file The part of a compute server that works together with those of other processes. */
import { allReduce, type Collectives, type World } from "./collectives.ts";
import type { LaunchedRank, Request } from "./protocol.ts";
import type { TensorStore } from "./tensorStore.ts";

type RanksRequest = Extract<
  Request,
  { method: "join" | "allReduce" | "gather" | "broadcast" | "share" | "leave" | "abort" }
>;

export class Ranks {
  private readonly tensors: TensorStore;
  private readonly connect: ((launched: LaunchedRank) => Collectives) | undefined;
  private joined: Collectives | undefined;

  constructor(tensors: TensorStore, connect: ((launched: LaunchedRank) => Collectives) | undefined) {
    this.tensors = tensors;
    this.connect = connect;
  }

  answer(request: RanksRequest): unknown {
    switch (request.method) {
      case "join":
        return this.join(request.launched);
      case "allReduce":
        return this.allReduce(request.names, request.scale);
      case "gather":
        return this.gather(request.own);
      case "broadcast":
        for (const name of request.names) this.collectives.broadcast(bytesOf(this.tensors.get(name).data));
        return undefined;
      case "share":
        return this.share(request.bytes);
      case "leave":
        return this.leave();
      case "abort":
        return this.joined?.abort(request.code);
    }
  }

  leave(): void {
    this.joined?.end();
    this.joined = undefined;
  }

  private get collectives(): Collectives {
    if (!this.joined) throw new Error("internal: this compute thread is not connected to others");
    return this.joined;
  }

  private join(launched: LaunchedRank): World {
    if (!this.connect) throw new Error("internal: this device cannot be connected to others");
    this.joined ??= this.connect(launched);
    return this.joined.world;
  }

  private allReduce(names: readonly string[], scale: number): void {
    const { collectives } = this;
    const tensors = names.map((name) => this.tensors.get(name).data as Float32Array);
    allReduce(tensors, { sum: (numbers) => collectives.sum(numbers), scale });
  }

  private gather(own: Float64Array): Float64Array {
    return new Float64Array(this.collectives.gather(bytesOf(own)).buffer);
  }

  /** Rank 0's bytes, of any length. */
  private share(bytes: Uint8Array | null): Uint8Array {
    const { collectives } = this;
    const length = Float64Array.of(bytes?.length ?? 0);
    collectives.broadcast(bytesOf(length));
    const shared = collectives.world.rank === 0 && bytes ? bytes : new Uint8Array(length[0]);
    collectives.broadcast(shared);
    return shared;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
