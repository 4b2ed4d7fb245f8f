/** @file How many processes num_processes may start. */
import { availableParallelism } from "node:os";
import { expect, test, vi } from "vitest";
import { PrefineError } from "../errors.ts";
import { checkCount } from "./startJob.ts";

test("more processes than processors get a warning, more than fit into the memory an error", () => {
  const processors = availableParallelism();
  expect(checkCount(processors)).toBeUndefined();
  expect(checkCount(processors + 1)).toMatch(
    /^num_processes \d+: this computer has \d+ processors?, which they share$/,
  );
  expect(() => checkCount(1e6)).toThrow(PrefineError);
  expect(() => checkCount(1e6)).toThrow(/^num_processes 1000000 needs about .* of memory, .* are free: processes /);
  vi.stubEnv("PREFINE_MEMORY_CHECK", "off");
  expect(checkCount(1e6)).toMatch(/^num_processes 1000000: /);
  vi.unstubAllEnvs();
});
