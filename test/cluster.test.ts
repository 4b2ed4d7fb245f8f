/** @file Processes that a launcher has started together: none of them trains alone, and one of them says why. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TrainerState } from "../src/checkpoints/trainerState.ts";
import { furnish } from "./support/furnish.ts";
import { type Fault, rankFault } from "./support/rankFaults.ts";
import { casesOf, takesAll } from "./support/samples.ts";
import { finished, hasLauncher, needsMpirun, prefineWords, ranksByHand, runRanks } from "./support/startRanks.ts";
import { withoutTimings } from "./support/toyTrainer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-cluster-"));
beforeAll(() => furnish(folder));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes `require("koffi")` fail as where it is not installed, in every thread. */
const hidesKoffi = join(folder, "hidesKoffi.cjs");
writeFileSync(
  hidesKoffi,
  `const Module = require("node:module");
const { _resolveFilename } = Module;
Module._resolveFilename = function (name, ...rest) {
  if (name === "koffi") throw Object.assign(new Error("Cannot find module 'koffi'"), { code: "MODULE_NOT_FOUND" });
  return _resolveFilename.call(this, name, ...rest);
};`,
);

const LAUNCHERS: Record<string, (rank: number) => Record<string, string>> = {
  "Open MPI": (rank) => ({ OMPI_COMM_WORLD_SIZE: "2", OMPI_COMM_WORLD_RANK: `${rank}` }),
  MPICH: (rank) => ({ PMI_SIZE: "2", PMI_RANK: `${rank}`, MPI_LOCALNRANKS: "2", MPI_LOCALRANKID: `${rank}` }),
  Slurm: (rank) => ({
    SLURM_STEP_ID: "0",
    SLURM_STEP_NUM_TASKS: "2",
    SLURM_PROCID: `${rank}`,
    SLURM_LOCALID: `${rank}`,
  }),
  PMIx: (rank) => ({ PMIX_RANK: `${rank}` }),
};

/** Both ranks fail, and one of them prints one message. */
async function messageOf(variables: (rank: number) => Record<string, string>, ...words: string[]): Promise<string> {
  const ends = await ranksByHand(["train", "--config", "run.yaml", ...words], { size: 2, cwd: folder, variables });
  expect(ends.map(({ code }) => code)).toEqual([1, 1]);
  expect(ends.map(({ stdout }) => stdout).join("")).toBe("");
  expect(existsSync(join(folder, "dpo"))).toBe(false);
  return ends.map(({ stderr }) => stderr).join("");
}

describe.concurrent("a run is trained by none of the processes, and one line says why", { timeout: 120_000 }, () => {
  const launchers = casesOf(Object.entries(LAUNCHERS), ([name]) => name === "PMIx");
  test.each(launchers)("without koffi, under %s", async (_name, variables) => {
    const env = (rank: number) => ({ ...variables(rank), NODE_OPTIONS: `--require ${hidesKoffi}` });
    expect(await messageOf(env)).toMatch(
      /^error: (mpirun|mpiexec|srun) started (2|several) processes, but koffi, .* npm install koffi --ignore-scripts\n$/,
    );
  });

  test("with a wrong run file: only that is reported", async () => {
    expect(await messageOf(LAUNCHERS.MPICH, "--beta=nonsense")).toMatch(
      /^error: run\.yaml: --beta: expected .*\n.*\n$/,
    );
  });
});

/** A training with checkpoints, evaluations, dropout, and all else that a resume reads again. */
const FLAGS = (
  "--max_steps 16 --learning_rate 1e-3 --per_device_train_batch_size 2 --lora_dropout 0.1 --disable_dropout false " +
  "--save_strategy steps --save_steps 4 --eval_strategy steps --eval_steps 4 --load_best_model_at_end " +
  "--save_total_limit 2 --sync_ref_model --ref_model_sync_steps 5"
).split(" ");

const started = (output_dir: string, ...flags: string[]) => [
  ...["train", "--config", "run.yaml", ...FLAGS, "--output_dir", output_dir],
  ...flags,
];

const AS_ROOT = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
/** Of the shell of a job on two nodes. */
const SLURM_JOB = {
  ...{ SLURM_JOB_ID: "77", SLURM_JOBID: "77", SLURM_NNODES: "2", SLURM_TASKS_PER_NODE: "1(x2)" },
  ...{ SLURM_NODELIST: "nodea,nodeb", SLURM_JOB_NODELIST: "nodea,nodeb" },
};

/** A folder of another computer, which has the same model, data and run file. */
function elsewhereIn(name: string): string {
  const elsewhere = join(folder, name);
  mkdirSync(elsewhere);
  for (const file of ["model", "run.yaml", "train.jsonl", "eval.jsonl"])
    symlinkSync(join(folder, file), join(elsewhere, file));
  return elsewhere;
}

/** What must not depend on how often a run was stopped. */
function results(name: string) {
  const place = join(folder, name);
  const state = JSON.parse(readFileSync(join(place, "trainer_state.json"), "utf8")) as TrainerState;
  const files = ["adapter_model.safetensors", "eval_margins.csv"].map((file) => readFileSync(join(place, file)));
  return { log: withoutTimings(state.log_history), flos: state.total_flos, files };
}

describe.skipIf(!hasLauncher("mpirun"))(`two processes started by mpirun${needsMpirun}`, { timeout: 120_000 }, () => {
  const job = { size: 2, cwd: folder, elsewhere: "" };
  /** Goes on with the run. @param fault what happens to one of them meanwhile. */
  const resume = (fault?: Omit<Fault, "rank"> & { rank?: number }, ...flags: string[]) => {
    const env = fault && rankFault(folder, { rank: 1, ...fault });
    return runRanks(started("broken", "--resume_from_checkpoint", ...flags), { ...job, env });
  };
  const hasEnded = () => existsSync(join(folder, "broken", "adapter_model.safetensors"));
  let whole: ReturnType<typeof results>;

  beforeAll(async () => {
    job.elsewhere = elsewhereIn("elsewhere");
    const end = await runRanks(started("whole"), job);
    expect(end.code, end.stderr).toBe(0);
    whole = results("whole");
  }, 120_000);

  describe("a run that is broken off", () => {
    test("one that dies ends the job", async () => {
      const end = await resume({ at: 6, signal: "SIGKILL" });
      expect(end.code, end.stderr).not.toBe(0);
      expect(hasEnded()).toBe(false);
    });

    test("one that hangs ends it after ddp_timeout", async () => {
      const end = await resume({ at: 3, signal: "SIGSTOP" }, "--ddp_timeout", "2");
      expect(end.code).not.toBe(0);
      expect(end.stderr).toContain("error: rank 0 has waited 2 s for the other ranks (ddp_timeout)");
      expect(hasEnded()).toBe(false);
    });

    test("a signal to one of them saves a checkpoint of both, and is reported once", async () => {
      const end = await resume({ at: 3, signal: "SIGTERM" });
      expect(end.code, end.stderr).toBe(130);
      const [, step] = /stopped after step (\d+) of 16; saved broken\/checkpoint-\1\n/.exec(end.stderr) ?? [];
      expect(Number(step), end.stderr).toBeGreaterThanOrEqual(6);
      expect(end.stderr.match(/stopped after step/g)).toHaveLength(1);
      expect(existsSync(join(folder, "broken", `checkpoint-${step}`))).toBe(true);
    });

    test("ends as without, bit for bit; only the first one sees output_dir", async () => {
      const end = await resume();
      expect(end.code, end.stderr).toBe(0);
      expect(end.stderr).toMatch(/checkpoint-\d+: resuming after step \d+ of 16/);
      expect(results("broken")).toEqual(whole);
      expect(readdirSync(job.elsewhere).sort()).toEqual(["eval.jsonl", "model", "run.yaml", "train.jsonl"]);
    });

    test("resumed by three, it continues with a warning", async () => {
      const words = started("broken", "--resume_from_checkpoint", "--max_steps", "18");
      const end = await runRanks(words, { size: 3, cwd: folder });
      expect(end.code, end.stderr).toBe(0);
      expect(end.stderr).toMatch(/was saved by 2 processes, and 3 train now: the order of the rows changes/);
    });
  });

  test("num_processes starts them, and passes a signal on", async () => {
    const words = prefineWords(...started("started", "--nproc_per_node", "2", "--max_steps", "5000"));
    const end = await finished(process.execPath, words, {
      cwd: folder,
      env: { PREFINE_NUM_THREADS: "1" },
      stop: { when: /^step +2 /m, signal: "SIGINT" },
    });
    expect(end.code, end.stderr).toBe(130);
    expect(end.stderr.match(/stopped after step \d+ of 5000; saved started\/checkpoint-\d+\n/g)).toHaveLength(1);
  });

  test.skipIf(!takesAll).each([
    ["a job of one", "mpirun", ["--oversubscribe", "-n", "1"], {}],
    ["a job of a batch system, by its variables", "env", [], SLURM_JOB],
  ])("num_processes starts them inside %s", async (_name, program, before, more) => {
    const words = prefineWords(...started(`inside-${program}`, "--num_processes", "2", "--max_steps", "2"));
    const env = { ...AS_ROOT, PREFINE_NUM_THREADS: "1", ...more };
    const end = await finished(program, [...before, process.execPath, ...words], { cwd: folder, env });
    expect(end.code, end.stderr).toBe(0);
    expect(end.stdout.match(/trained for 2 steps/g)).toHaveLength(1);
  });

  test("a rank with another run file is refused, and told once", async () => {
    const elsewhere = elsewhereIn("another");
    const run = readFileSync(join(folder, "run.yaml"), "utf8");
    writeFileSync(join(folder, "own.yaml"), run);
    writeFileSync(join(elsewhere, "own.yaml"), `${run}beta: 0.2\n`);
    const end = await runRanks(started("none", "--config", "own.yaml"), { size: 2, cwd: folder, elsewhere });
    expect(end.code, end.stderr).toBe(1);
    expect(end.stderr).toMatch(/beta: 0\.1 -> 0\.2/);
    expect(end.stderr.match(/^error: expected the same run on all ranks/gm)).toHaveLength(1);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  test.skipIf(!takesAll)("the library of another launcher is refused", async () => {
    const env = { PREFINE_MPI: "libmpich.so.12" };
    const end = await runRanks(started("other"), { size: 2, cwd: folder, env });
    expect(end.code).toBe(1);
    const reason =
      /^error: mpirun started 2 processes, but (libmpich.so.12 \(.*\) connects 1|PREFINE_MPI .* does not load)/m;
    expect(end.stderr).toMatch(reason);
    expect(end.stderr.match(/^error: /gm)).toHaveLength(1);
  });
});
