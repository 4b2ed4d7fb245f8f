/** @file All tests: beside their sources and in test/. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    globalSetup: ["test/support/scratch.ts"],
    env: { PREFINE_NUM_THREADS: "1" }, // models are tiny: threads that wait for each other take more time than they save
  },
});
