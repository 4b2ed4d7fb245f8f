/** @file Processes that a launcher has started together: none of them trains alone, and one of them says why. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { furnish } from "./support/furnish.ts";
import { ranksByHand } from "./support/startRanks.ts";

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

describe.concurrent("a run is trained by none of the processes, and one line says why", () => {
  test.each(Object.entries(LAUNCHERS))("without koffi, under %s", async (_name, variables) => {
    const env = (rank: number) => ({ ...variables(rank), NODE_OPTIONS: `--require ${hidesKoffi}` });
    expect(await messageOf(env)).toMatch(
      /^error: (mpirun|mpiexec|srun) started (2|several) processes, but koffi, .* npm install koffi --ignore-scripts\n$/,
    );
  });

  test("without the library", async () => {
    const env = (rank: number) => ({ ...LAUNCHERS["Open MPI"](rank), PREFINE_MPI: "./libnone.so" });
    expect(await messageOf(env)).toMatch(
      /^error: mpirun started 2 processes, but PREFINE_MPI \.\/libnone\.so does not .*\n$/,
    );
  });

  test("with a wrong run file: only that is reported", async () => {
    expect(await messageOf(LAUNCHERS.MPICH, "--beta=nonsense")).toMatch(
      /^error: run\.yaml: --beta: expected .*\n.*\n$/,
    );
  });
});
