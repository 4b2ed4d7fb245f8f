/** @file All tests: beside their sources and in test/. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    env: { PREFINE_CACHE: join(tmpdir(), `prefine-cache-${process.pid}`) },
  },
});
