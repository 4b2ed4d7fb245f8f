/** @file A process whose launcher can't be reached any more does not train alone. */
import { expect, test, vi } from "vitest";
import { joinWorld } from "./mpiWorld.ts";

test("without the open file of MPICH's launcher, as under npx", () => {
  vi.stubEnv("PMI_FD", "999");
  const launched = { by: "mpiexec", rank: 0, size: 2, localRank: 0, localSize: 2 } as const;
  expect(() => joinWorld(launched)).toThrow(
    /^mpiexec started 2 processes, but their .* is closed, as npx does: start node_modules\/\.bin\/prefine without npx$/,
  );
  vi.unstubAllEnvs();
});
