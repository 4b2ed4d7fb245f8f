/** @file num_processes: starts a job on this computer, by the mpirun that is installed. */
import { spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { refuseBeyondMemory } from "../device/memory.ts";
import { ownUrl } from "../disk/ownPlace.ts";
import { PrefineError } from "../errors.ts";
import { counted } from "../phrases.ts";

interface Family {
  /** In what `mpirun --version` prints. */
  name: RegExp;
  /** For processes that share the processors as they like. */
  flags: readonly string[];
  /** A signal that it only passes on: after SIGTERM, Open MPI's kills the ranks within a second, saved or not. */
  stop: "SIGUSR2" | "SIGTERM";
}

const FAMILIES: readonly Family[] = [
  { name: /Open MPI|OpenRTE|PRRTE/i, flags: ["--oversubscribe", "--bind-to", "none"], stop: "SIGUSR2" },
  { name: /HYDRA|MPICH|Intel/i, flags: [], stop: "SIGTERM" },
];

/** That Open MPI would take nodes from. */
const BATCH_SYSTEMS = "^slurm,tm,lsf,gridengine,alps";

interface Found extends Family {
  program: string;
}

/** @throws PrefineError("config") if none is installed. */
function findLauncher(count: number): Found {
  for (const program of ["mpirun", "mpiexec"]) {
    const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
    const family = FAMILIES.find(({ name }) => name.test(stdout ?? ""));
    if (family) return { ...family, program };
  }
  const message = `num_processes ${count}: expected mpirun or mpiexec on this computer, found neither`;
  throw new PrefineError("config", message, "Install Open MPI (Debian: apt-get install openmpi-bin) or MPICH.");
}

/**
 * The ranks say why they end; Open MPI's own pages about that would follow. A batch system's nodes are left alone: the
 * processes are started on this computer.
 */
const SETTINGS = {
  OMPI_MCA_orte_execute_quiet: "1",
  ...{ OMPI_MCA_ras: BATCH_SYSTEMS, OMPI_MCA_plm: BATCH_SYSTEMS, HYDRA_RMK: "user", HYDRA_LAUNCHER: "fork" },
};

/** What an outer launcher of one process has set for it: an inner one takes itself for a part of that job. */
const OUTER =
  /^(OMPI_(?!MCA_|ALLOW)|OMPI_MCA_(orte|ess|pmix|plm|ras|initial)|PMIX_|PMI_|OPAL_|PRTE_(?!ALLOW)|MPI_LOCAL)/;

function withoutOuter(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OUTER.test(name)));
}

/** As root, as in most containers, Open MPI 4 and 5 refuse to start without these. */
const AS_ROOT = ["OMPI_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT"].flatMap((name) => [name, `${name}_CONFIRM`]);

interface LaunchCommand extends Pick<Family, "stop"> {
  program: string;
  /** Those before the words of the program to start. */
  words: string[];
  /** What the launcher needs in the environment. */
  env: Record<string, string>;
}

/** How to start `count` processes on this computer. @throws PrefineError("config") if no launcher is installed. */
export function launchCommand(count: number): LaunchCommand {
  const { program, flags, stop } = findLauncher(count);
  const asRoot = process.getuid?.() === 0 ? Object.fromEntries(AS_ROOT.map((name) => [name, "1"])) : {};
  return { program, words: [...flags, "-n", `${count}`], env: { ...SETTINGS, ...asRoot }, stop };
}

/** Bytes that a process takes until it is connected to the others. */
const LEAST = 130e6;

/**
 * @returns a warning where the processes are more than the processors.
 * @throws PrefineError("training") where they don't even start in the memory that is free.
 */
export function checkCount(count: number): string | undefined {
  const total = count * LEAST;
  const what = `num_processes ${count}`;
  refuseBeyondMemory({ what, parts: { processes: total }, total, advice: "Take fewer processes." });
  const processors = availableParallelism();
  if (count <= processors) return undefined;
  return `${what}: this computer has ${counted(processors, "processor")}, which they share`;
}

/**
 * Runs `prefine WORDS` in `count` processes that train together. The first signal asks them to save and end; a second
 * one ends them at once.
 * @returns the exit code: 130 after a signal.
 */
export async function startJob(words: readonly string[], count: number): Promise<number> {
  const { program, words: flags, env, stop: request } = launchCommand(count);
  const prefine = fileURLToPath(ownUrl("../../bin/prefine.js", import.meta.url));
  const command = [...flags, process.execPath, ...process.execArgv, prefine, ...words];
  // a group of its own: the terminal's Ctrl-C would reach mpirun twice, which then ends the ranks at once
  const stdio = ["ignore", "inherit", "inherit"] as const;
  const job = spawn(program, command, {
    env: { ...withoutOuter(process.env), ...env },
    stdio: [...stdio],
    detached: true,
  });
  let signals = 0;
  const stop = () => {
    signals++;
    job.kill(signals === 1 ? request : "SIGTERM");
  };
  const endWithThis = () => void job.kill("SIGTERM");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  process.once("exit", endWithThis);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      job.once("error", reject);
      job.once("exit", resolve);
    });
    return signals > 0 ? 130 : (code ?? 1);
  } finally {
    process.off("exit", endWithThis);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, stop);
  }
}
