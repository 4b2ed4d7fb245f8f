/** @file Connects this process to the others that the launcher has started, over MPI. */
import { fstatSync, readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { PrefineError } from "../../errors.ts";
import type { Collectives, World } from "../runtime/collectives.ts";
import type { LaunchedRank } from "../runtime/protocol.ts";
import { type MpiLibrary, openMpiLibrary } from "./mpiLibrary.ts";

/** Bytes of a broadcast's or gather's piece: MPI counts in 32 bits, and a piece stays in the processor's cache. */
const PIECE = 2 ** 22;

/**
 * The whole job calls this; it returns once every rank does. From then on only this thread may call MPI.
 * @throws PrefineError("config") in one line if there is no library, or it belongs to another launcher.
 */
export function joinWorld(launched: LaunchedRank, only = process.env.PREFINE_MPI ?? ""): Collectives {
  refuseClosed(launched);
  const mpi = openMpiLibrary({ by: launched.by, only: only.trim() });
  mpi.init();
  const [rank, size] = [mpi.rank(), mpi.size()];
  if (size !== (launched.size ?? size) || (launched.size === undefined && size === 1)) {
    mpi.finalize();
    throw otherLauncher(launched, mpi, size);
  }
  const places = gatherText(mpi, size, `${hostname()}\n${allowedProcessors()}`).map((text) => text.split("\n"));
  const [host, processors] = places[rank];
  const ranksHere = places.flatMap(([other], at) => (other === host ? [at] : []));
  const sharing = ranksHere.filter((at) => places[at][1] === processors).length;
  const world: World = {
    rank,
    size,
    localRank: ranksHere.indexOf(rank),
    localSize: ranksHere.length,
    machines: new Set(places.map(([name]) => name)).size,
    processors: Math.max(1, Math.floor(availableParallelism() / sharing)),
    library: mpi.version,
  };
  return collectivesOf(mpi, world);
}

/** MPICH's launcher and Slurm's PMI-2 talk to each process over an open file, which npx does not pass on. */
function refuseClosed({ by, size }: LaunchedRank, env = process.env): void {
  if (!env.PMI_FD) return;
  try {
    if (fstatSync(Number(env.PMI_FD)).isSocket()) return;
  } catch {} // closed
  const found = "their connection to it (PMI_FD) is closed, as npx does";
  const advice = "start node_modules/.bin/prefine without npx";
  throw new PrefineError("config", `${by} started ${size ?? "several"} processes, but ${found}: ${advice}`);
}

/** A library of another launcher makes a world of one: each process would train alone, into the same folder. */
function otherLauncher({ by, size }: LaunchedRank, { path, version }: MpiLibrary, seen: number): PrefineError {
  const started = size === undefined ? `several processes` : `${size} processes`;
  const found = `${path} (${version}) connects ${seen}`;
  const advice = by === "srun" ? "start them with srun --mpi=pmix, or " : "";
  const message = `${by} started ${started}, but ${found}: ${advice}set PREFINE_MPI to the launcher's libmpi`;
  return new PrefineError("config", message);
}

/** The processors that this process may use: ranks bound to different ones share none. */
function allowedProcessors(): string {
  try {
    return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "all";
  } catch {
    return "all"; // no Linux: no binding
  }
}

const PLACE = 1024; // bytes

function gatherText(mpi: MpiLibrary, size: number, own: string): string[] {
  const bytes = new Uint8Array(PLACE);
  new TextEncoder().encodeInto(own, bytes);
  const all = new Uint8Array(size * PLACE);
  mpi.allGather(bytes, all);
  const decoder = new TextDecoder();
  return Array.from({ length: size }, (_, i) => {
    return decoder.decode(all.subarray(i * PLACE, (i + 1) * PLACE)).split("\0")[0];
  });
}

function collectivesOf(mpi: MpiLibrary, world: World): Collectives {
  return {
    world,
    sum: (numbers) => mpi.allReduce(numbers),
    gather(own) {
      const all = new Uint8Array(own.length * world.size);
      mpi.allGather(own, all);
      return all;
    },
    broadcast(bytes) {
      for (let at = 0; at < bytes.length; at += PIECE) mpi.broadcast(bytes.subarray(at, at + PIECE));
    },
    end: () => mpi.finalize(),
    abort: (code) => mpi.abort(code),
  };
}
