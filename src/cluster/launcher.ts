/**
 * @file Recognizes the launcher of a parallel job (mpirun, mpiexec, srun) by the variables that it sets for each of the
 * processes it starts. Only these tell: SLURM_NTASKS, for one, is set in every batch script, for its single shell too.
 */
import { PrefineError, show } from "../errors.ts";

/** A process among those that a launcher has started; ranks count from 0. */
export interface Launched {
  /** The launcher, for messages. */
  by: "mpirun" | "mpiexec" | "srun";
  rank: number;
  /** Number of processes; undefined: the launcher does not say. */
  size: number | undefined;
  /** Rank among the processes on this machine, and their number if the launcher says it. */
  localRank: number;
  localSize: number | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * @returns undefined if this process was started alone: by no launcher, or as the only process of one.
 * @throws PrefineError("config") if the variables contradict each other.
 */
export function recognizeLauncher(env: Env): Launched | undefined {
  const launched = launchedBy(env);
  if (launched === undefined || launched.size === 1) return undefined;
  const { rank, size, by } = launched;
  if (size === undefined || rank < size) return launched;
  const message = `${by}: expected a rank below ${size}, the number of its processes, found ${rank}`;
  throw new PrefineError("config", message, "Variables of an outer launcher may be left over: unset them.");
}

/** What tells a launcher from none. */
const TELLING = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "PMIX_RANK", "SLURM_STEP_ID"];

/** From now on, this process is one that was started alone. */
export function forgetLauncher(env: Record<string, string | undefined>): void {
  for (const name of TELLING) delete env[name];
}

/**
 * The inner launcher comes first: mpirun and mpiexec start their helpers on other machines with srun, whose variables
 * the processes inherit.
 */
function launchedBy(env: Env): Launched | undefined {
  const number = (name: string) => numberIn(env, name);
  if (env.OMPI_COMM_WORLD_SIZE) {
    const rank = number("OMPI_COMM_WORLD_RANK") ?? number("PMIX_RANK") ?? 0;
    const localRank = number("OMPI_COMM_WORLD_LOCAL_RANK") ?? rank;
    const localSize = number("OMPI_COMM_WORLD_LOCAL_SIZE");
    return { by: "mpirun", rank, size: number("OMPI_COMM_WORLD_SIZE"), localRank, localSize };
  }
  if (env.PMI_SIZE || env.MPI_LOCALNRANKS) {
    const localSize = number("MPI_LOCALNRANKS") ?? tasksOnNode(env);
    const local = number("MPI_LOCALRANKID");
    const rank = number("PMI_RANK") ?? number("PMIX_RANK") ?? local ?? 0;
    const localRank = local ?? number("SLURM_LOCALID") ?? rank;
    return { by: "mpiexec", rank, size: number("PMI_SIZE"), localRank, localSize };
  }
  const tasks = env.SLURM_STEP_ID ? number("SLURM_STEP_NUM_TASKS") : undefined;
  const pmix = number("PMIX_RANK");
  if (pmix === undefined && (tasks ?? 1) === 1) return undefined;
  const rank = pmix ?? number("SLURM_PROCID") ?? 0;
  const localRank = (tasks === undefined ? undefined : number("SLURM_LOCALID")) ?? rank;
  return { by: tasks === undefined ? "mpirun" : "srun", rank, size: tasks, localRank, localSize: tasksOnNode(env) };
}

/** @throws PrefineError("config") if the variable is no whole number. */
function numberIn(env: Env, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new PrefineError(
    "config",
    `${name}: expected a number, found ${show(text)}`,
    "The launcher sets it: unset it.",
  );
}

/** Tasks of the Slurm step on this machine: the third machine of `4(x2),3` has 3. */
function tasksOnNode(env: Env): number | undefined {
  const counts = (env.SLURM_STEP_TASKS_PER_NODE ?? "").split(",").flatMap((part) => {
    const [, tasks, times = "1"] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return tasks === undefined ? [] : [{ tasks: Number(tasks), times: Number(times) }];
  });
  let node = env.SLURM_STEP_ID ? (numberIn(env, "SLURM_NODEID") ?? 0) : Number.POSITIVE_INFINITY;
  for (const { tasks, times } of counts) {
    if (node < times) return tasks;
    node -= times;
  }
  return undefined;
}
