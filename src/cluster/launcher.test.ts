/** @file Which process of which launcher this is, by the variables that each of them sets. */
import { expect, test } from "vitest";
import { recognizeLauncher } from "./launcher.ts";

const OPEN_MPI = {
  OMPI_COMM_WORLD_SIZE: "4",
  OMPI_COMM_WORLD_RANK: "3",
  OMPI_COMM_WORLD_LOCAL_RANK: "1",
  OMPI_COMM_WORLD_LOCAL_SIZE: "2",
  PMIX_RANK: "3",
};
const SLURM_STEP = {
  SLURM_JOB_ID: "77",
  SLURM_STEP_ID: "0",
  SLURM_STEP_NUM_TASKS: "7",
  SLURM_PROCID: "5",
  SLURM_LOCALID: "1",
  SLURM_NODEID: "1",
  SLURM_STEP_TASKS_PER_NODE: "4,3",
};

test.each([
  ["Open MPI's mpirun", OPEN_MPI, { by: "mpirun", rank: 3, size: 4, localRank: 1, localSize: 2 }],
  [
    "MPICH's mpiexec",
    { PMI_SIZE: "6", PMI_RANK: "4", MPI_LOCALRANKID: "1", MPI_LOCALNRANKS: "3" },
    { by: "mpiexec", rank: 4, size: 6, localRank: 1, localSize: 3 },
  ],
  [
    "an mpiexec over PMIx",
    { MPI_LOCALNRANKS: "2", MPI_LOCALRANKID: "1", PMIX_RANK: "3" },
    { by: "mpiexec", rank: 3, size: undefined, localRank: 1, localSize: 2 },
  ],
  ["prterun", { PMIX_RANK: "2" }, { by: "mpirun", rank: 2, size: undefined, localRank: 2, localSize: undefined }],
  ["srun", SLURM_STEP, { by: "srun", rank: 5, size: 7, localRank: 1, localSize: 3 }],
  ["srun --mpi=pmix", { ...SLURM_STEP, PMIX_RANK: "5" }, { by: "srun", rank: 5, size: 7, localRank: 1, localSize: 3 }],
  [
    "srun --mpi=pmi2",
    { ...SLURM_STEP, PMI_RANK: "5", PMI_SIZE: "7" },
    { by: "mpiexec", rank: 5, size: 7, localRank: 1, localSize: 3 },
  ],
  [
    "srun on many equal machines",
    { ...SLURM_STEP, SLURM_NODEID: "2", SLURM_STEP_TASKS_PER_NODE: "2(x3),1" },
    { by: "srun", rank: 5, size: 7, localRank: 1, localSize: 2 },
  ],
  [
    "mpirun, whose helper srun started, one per machine",
    { ...SLURM_STEP, SLURM_STEP_NUM_TASKS: "2", SLURM_PROCID: "1", ...OPEN_MPI },
    { by: "mpirun", rank: 3, size: 4, localRank: 1, localSize: 2 },
  ],
])("%s", (_name, env, launched) => expect(recognizeLauncher(env)).toEqual(launched));

test.each([
  ["no launcher", {}],
  ["a library named, but no launcher", { PREFINE_MPI: "libmpi.so.40" }],
  ["a batch script of many tasks", { SLURM_JOB_ID: "77", SLURM_NTASKS: "8", SLURM_PROCID: "0" }],
  ["a step of one task", { ...SLURM_STEP, SLURM_STEP_NUM_TASKS: "1", SLURM_PROCID: "0" }],
  ["a shell in a step of one task", { ...SLURM_STEP, SLURM_NTASKS: "8", SLURM_STEP_NUM_TASKS: "1" }],
  ["mpirun -n 1", { ...OPEN_MPI, OMPI_COMM_WORLD_SIZE: "1", OMPI_COMM_WORLD_RANK: "0" }],
  ["mpiexec -n 1", { PMI_SIZE: "1", PMI_RANK: "0", MPI_LOCALNRANKS: "1", MPI_LOCALRANKID: "0" }],
  ["torchrun, which has no MPI", { WORLD_SIZE: "2", RANK: "1", LOCAL_RANK: "1" }],
])("started alone: %s", (_name, env) => expect(recognizeLauncher(env)).toBeUndefined());

test.each([
  [{ ...OPEN_MPI, OMPI_COMM_WORLD_RANK: "4" }, "mpirun: expected a rank below 4, the number of its processes, found 4"],
  [{ ...OPEN_MPI, OMPI_COMM_WORLD_SIZE: "two" }, 'OMPI_COMM_WORLD_SIZE: expected a number, found "two"'],
])("contradictions of %j", (env, message) => {
  expect(() => recognizeLauncher(env)).toThrow(expect.objectContaining({ code: "config", message }));
});
