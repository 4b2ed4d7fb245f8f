/** @file Processes of a job: started by mpirun, or by hand with the variables that a launcher sets. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { builtPackage } from "./builtPackage.ts";

const prefine = await builtPackage();

export interface RankEnd {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Started {
  cwd: string;
  /** Added to PATH and HOME. */
  env?: Record<string, string>;
  /** A signal to send once stderr has this. */
  stop?: { when: RegExp; signal: NodeJS.Signals };
}

/** Runs a program to its end. */
export function finished(
  program: string,
  words: readonly string[],
  { cwd, env = {}, stop }: Started,
): Promise<RankEnd> {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(program, words, { cwd, env: { PATH, HOME, NO_COLOR: "1", ...env } });
  let hasStopped = false;
  const end: RankEnd = { code: null, stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      end[name] += chunk;
      if (hasStopped || !stop?.when.test(end.stderr)) return;
      hasStopped = true;
      child.kill(stop.signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...end, code }));
  });
}

/** The command line of `npx prefine WORDS`, without the name of Node. */
export const prefineWords = (...words: string[]): string[] => [join(prefine, "bin/prefine.js"), ...words];

/** `npx prefine WORDS` once per rank, without a launcher. @param variables those that one would set for a rank. */
export function ranksByHand(
  words: string[],
  { size, cwd, variables }: { size: number; cwd: string; variables: (rank: number) => Record<string, string> },
): Promise<RankEnd[]> {
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  return Promise.all(
    ranks.map((rank) => finished(process.execPath, prefineWords(...words), { cwd, env: variables(rank) })),
  );
}

/** Launchers on this computer: those of Open MPI and of MPICH take other flags. */
export const LAUNCHERS = {
  mpirun: (size: number) => ["--oversubscribe", "--bind-to", "none", "-n", `${size}`],
  "mpiexec.mpich": (size: number) => ["-n", `${size}`],
} as const;

/** Whether a launcher is installed. */
export const hasLauncher = (name: keyof typeof LAUNCHERS) =>
  spawnSync(name, ["--version"], { encoding: "utf8" }).stdout?.includes(name === "mpirun" ? "Open MPI" : "HYDRA") ===
  true;

/** The launcher of the tests that take either: PREFINE_LAUNCHER=mpiexec.mpich. */
export const launcherFromEnv: keyof typeof LAUNCHERS =
  process.env.PREFINE_LAUNCHER === "mpiexec.mpich" ? "mpiexec.mpich" : "mpirun";

/** For the names of tests that are skipped without mpirun. */
export const needsMpirun = hasLauncher("mpirun") ? "" : " (SKIPPED: Open MPI's mpirun is not installed)";

/**
 * As root, mpirun wants to be asked twice; one thread per rank: the same bits in every run. A rank that waits lets the
 * others compute, as tests run at the same time.
 */
const JOB = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_mpi_yield_when_idle: "1",
  PREFINE_NUM_THREADS: "1",
};

interface OnRanks {
  size: number;
  cwd: string;
  /** Folder of all ranks but the first, as on a computer that does not see the first one's. Default: the same. */
  elsewhere?: string;
  by?: keyof typeof LAUNCHERS;
  env?: Record<string, string>;
}

/** `mpirun -n SIZE node WORDS`. */
export function runCommandOnRanks(
  words: string[],
  { size, cwd, elsewhere, by = "mpirun", env }: OnRanks,
): Promise<RankEnd> {
  const command = [process.execPath, ...words];
  const flags = LAUNCHERS[by](elsewhere === undefined ? size : 1);
  const others = elsewhere === undefined ? [] : [":", "-n", `${size - 1}`, "-wdir", elsewhere, ...command];
  return finished(by, [...flags, ...command, ...others], { cwd, env: { ...JOB, ...env } });
}

/** `mpirun -n SIZE npx prefine WORDS`. */
export const runRanks = (words: string[], options: OnRanks): Promise<RankEnd> =>
  runCommandOnRanks(prefineWords(...words), options);
