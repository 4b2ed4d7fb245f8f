/** @file The part of a compute server that works together with those of other processes. */
import { allReduce, type Collectives, type World } from "./collectives.ts";
import { Meeting } from "./meeting.ts";
import type { LaunchedRank, Request } from "./protocol.ts";
import type { TensorStore } from "./tensorStore.ts";

type RanksRequest = Extract<
  Request,
  { method: "join" | "allReduce" | "gather" | "broadcast" | "share" | "fail" | "leave" | "abort" }
>;

export class Ranks {
  private readonly tensors: TensorStore;
  private readonly connect: ((launched: LaunchedRank) => Collectives) | undefined;
  private joined: { collectives: Collectives; meeting: Meeting } | undefined;

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
        return this.broadcast(request.names);
      case "share":
        return this.share(request.bytes);
      case "fail":
        return this.job.meeting.fail(request.error);
      case "leave":
        return this.leave();
      case "abort":
        return this.joined?.collectives.abort(request.code);
    }
  }

  leave(): void {
    if (!this.joined) return;
    const { collectives, meeting } = this.joined;
    meeting.end();
    this.joined = undefined;
    collectives.end();
  }

  private get job() {
    if (!this.joined) throw new Error("internal: this compute thread is not connected to others");
    return this.joined;
  }

  private join(launched: LaunchedRank): World {
    if (!this.connect) throw new Error("internal: this device cannot be connected to others");
    if (!this.joined) {
      const collectives = this.connect(launched);
      this.joined = { collectives, meeting: new Meeting(collectives) };
    }
    return this.joined.collectives.world;
  }

  private allReduce(names: readonly string[], scale: number): void {
    const { collectives, meeting } = this.job;
    const tensors = names.map((name) => this.tensors.get(name).data as Float32Array);
    meeting.before("allReduce", names.length);
    allReduce(tensors, { sum: (numbers) => collectives.sum(numbers), scale });
  }

  private gather(own: Float64Array): Float64Array {
    const { collectives, meeting } = this.job;
    meeting.before("gather", own.length);
    return new Float64Array(collectives.gather(bytesOf(own)).buffer);
  }

  private broadcast(names: readonly string[]): void {
    const { collectives, meeting } = this.job;
    meeting.before("broadcast", names.length);
    for (const name of names) collectives.broadcast(bytesOf(this.tensors.get(name).data));
  }

  /** Rank 0's bytes, of any length. */
  private share(bytes: Uint8Array | null): Uint8Array {
    const { collectives, meeting } = this.job;
    meeting.before("share");
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
