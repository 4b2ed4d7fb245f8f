/**
 * @file MPI from Node: koffi calls the C functions of the library that the launcher belongs to. Libraries differ in
 * what a handle is: Open MPI's are addresses of its variables, those of MPICH and its relatives (Intel MPI, MVAPICH,
 * Cray, Microsoft) 32-bit numbers from mpi.h, those of the MPI 5 ABI small numbers in a pointer (mpi_abi.h).
 */
import { ownRequire } from "../../disk/ownPlace.ts";
import { PrefineError } from "../../errors.ts";

/** The part of koffi that is used; it is an optional peer, whose types need not be installed. */
interface Koffi {
  load(path: string, options?: { global?: boolean }): KoffiLibrary;
}

interface KoffiLibrary {
  func(prototype: string): (...args: unknown[]) => unknown;
  symbol(name: string, type: string): unknown;
}

/** Handles and constants of one family of libraries. */
interface Family {
  handle: "void *" | "int" | "intptr_t";
  world: unknown;
  float: unknown;
  byte: unknown;
  sum: unknown;
  inPlace: bigint;
  /** MPI_THREAD_FUNNELED: only the thread that connects makes calls. */
  funneled: number;
}

/** MPI's functions, which throw if MPI returns an error. */
export interface MpiFunctions {
  init(): void;
  rank(): number;
  size(): number;
  allReduce(numbers: Float32Array): void;
  allGather(own: Uint8Array, all: Uint8Array): void;
  broadcast(bytes: Uint8Array): void;
  finalize(): void;
  /** Ends all processes of the job, this one included; never returns. */
  abort(code: number): void;
}

export interface MpiLibrary extends MpiFunctions {
  /** The name under which it was loaded, and its version. */
  path: string;
  version: string;
}

/** Where libraries are looked for, by the launcher. Open MPI first where the launcher may be anybody's. */
const LIBRARIES = {
  mpirun: ["libmpi.so.40", "libmpi.40.dylib", "libmpi.dylib", "libmpi.so"],
  mpiexec: [
    "libmpi_abi.so.1",
    "libmpi_abi.so.0",
    "libmpich.so.12",
    "libmpi.so.12",
    "libmpich.dylib",
    "libmpi.12.dylib",
  ],
  srun: ["libmpi.so.40", "libmpi_abi.so.1", "libmpi_abi.so.0", "libmpich.so.12", "libmpi.so.12"],
} as const;

export interface LibraryChoice {
  by: keyof typeof LIBRARIES;
  /** The library's path or name ($PREFINE_MPI); empty: the launcher's usual ones. */
  only: string;
  platform?: string;
  loadKoffi?: () => Koffi;
}

const FIRST_LINE = /^[^\n\0]*/;

/** @throws PrefineError in one line: koffi or the library is missing, or of an unknown kind. */
export function openMpiLibrary({ by, only, platform = process.platform, loadKoffi = requireKoffi }: LibraryChoice) {
  const koffi = loadKoffi();
  const usual = [...LIBRARIES[by], ...(platform === "win32" ? ["msmpi.dll"] : [])];
  const { library, path } = loadFirst(koffi, only ? [only] : usual, only);
  const text = versionOf(library, path);
  return { ...functionsOf(library, familyOf(library, path, text)), path, version: FIRST_LINE.exec(text)![0] };
}

function requireKoffi(): Koffi {
  try {
    return ownRequire(import.meta.url)("koffi") as Koffi;
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    const reason = isAbsent ? "is not installed" : `does not load (${firstLine(error)})`;
    throw new PrefineError(
      "config",
      `koffi, which connects them to MPI, ${reason}: npm install koffi --ignore-scripts`,
    );
  }
}

function loadFirst(koffi: Koffi, names: readonly string[], only: string): { library: KoffiLibrary; path: string } {
  const reasons: string[] = [];
  for (const path of names) {
    try {
      return { library: koffi.load(path, { global: true }), path }; // global: Open MPI's plugins need its symbols
    } catch (error) {
      reasons.push(firstLine(error));
    }
  }
  const found = only ? `PREFINE_MPI ${only} does not load (${reasons[0]})` : `no MPI library loads (${reasons[0]})`;
  throw new PrefineError("config", `${found}: set PREFINE_MPI to the path of the launcher's libmpi`);
}

function versionOf(library: KoffiLibrary, path: string): string {
  const text = Buffer.alloc(8192); // MPI_MAX_LIBRARY_VERSION_STRING of all
  try {
    library.func("int MPI_Get_library_version(_Out_ char *version, _Out_ int *length)")(text, [0]);
  } catch (error) {
    const message = `${path} is no library of MPI 3 or later (${firstLine(error)})`;
    throw new PrefineError("config", `${message}: set PREFINE_MPI to the path of the launcher's libmpi`);
  }
  return text.toString("latin1").split("\0")[0];
}

const MPICH_RELATIVES = /MPICH|MVAPICH|Intel\(R\) MPI|Microsoft MPI|ParaStation/i;

function familyOf(library: KoffiLibrary, path: string, version: string): Family {
  if (/mpi_abi/.test(path)) {
    const [world, float, byte, sum] = [0x101, 0x210, 0x247, 0x21];
    return { handle: "intptr_t", world, float, byte, sum, inPlace: 1n, funneled: 1024 };
  }
  if (/Open MPI/.test(version)) {
    const at = (name: string) => library.symbol(`ompi_mpi_${name}`, "uint8_t");
    const [world, float, byte, sum] = ["comm_world", "float", "byte", "op_sum"].map(at);
    return { handle: "void *", world, float, byte, sum, inPlace: 1n, funneled: 1 };
  }
  if (MPICH_RELATIVES.test(version)) {
    const [world, float, byte, sum] = [0x44000000, 0x4c00040a, 0x4c00010d, 0x58000003];
    return { handle: "int", world, float, byte, sum, inPlace: -1n, funneled: 1 };
  }
  const kinds = "expected Open MPI, a relative of MPICH, or libmpi_abi";
  throw new PrefineError("config", `${path}: ${kinds}, found ${FIRST_LINE.exec(version)?.[0]}: set PREFINE_MPI`);
}

function functionsOf(library: KoffiLibrary, family: Family): MpiFunctions {
  const { world, float, byte, sum, inPlace, funneled } = family;
  const define = (name: string, parameters: string) => {
    const call = library.func(`int MPI_${name}(${parameters.replaceAll("HANDLE", family.handle)})`);
    return (...args: unknown[]) => {
      const code = call(...args);
      if (code !== 0) throw new Error(`internal: MPI_${name} returned ${code}`);
    };
  };
  const init = define("Init_thread", "void *argc, void *argv, int required, _Out_ int *provided");
  const rank = define("Comm_rank", "HANDLE comm, _Out_ int *rank");
  const size = define("Comm_size", "HANDLE comm, _Out_ int *size");
  const reduce = define(
    "Allreduce",
    "void *send, _Inout_ void *receive, int count, HANDLE type, HANDLE op, HANDLE comm",
  );
  const gather = define(
    "Allgather",
    "void *send, int sends, HANDLE sent, void *receive, int receives, HANDLE received, HANDLE comm",
  );
  const broadcast = define("Bcast", "void *bytes, int count, HANDLE type, int root, HANDLE comm");
  const finalize = define("Finalize", "");
  const abort = define("Abort", "HANDLE comm, int code");
  const numberFrom = (call: (...args: unknown[]) => void) => {
    const out = [0];
    call(world, out);
    return out[0];
  };
  return {
    init: () => init(null, null, funneled, [0]),
    rank: () => numberFrom(rank),
    size: () => numberFrom(size),
    allReduce: (numbers) => reduce(inPlace, numbers, numbers.length, float, sum, world),
    allGather: (own, all) => gather(own, own.length, byte, all, own.length, byte, world),
    broadcast: (bytes) => broadcast(bytes, bytes.length, byte, 0, world),
    finalize: () => finalize(),
    abort: (code) => abort(world, code),
  };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}
