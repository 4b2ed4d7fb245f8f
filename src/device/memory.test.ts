/** @file How free memory is counted. */
import { expect, test } from "vitest";
import { availableMemory } from "./memory.ts";

const GIB = 2 ** 30;
const meminfo = "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\nSwapFree:              0 kB\n";

test("MemAvailable and free swap count", () => {
  const files: Record<string, string> = {
    "/proc/meminfo": meminfo.replace("SwapFree:              0", "SwapFree: 1048576"),
  };
  expect(availableMemory((path) => files[path])).toBe(9 * GIB);
});

test("counts a container's limit less its use if that is lower; file caches are free", () => {
  const files: Record<string, string> = {
    "/proc/meminfo": meminfo,
    "/proc/self/cgroup": "0::/box\n",
    "/sys/fs/cgroup/box/memory.max": `${4 * GIB}\n`,
    "/sys/fs/cgroup/box/memory.current": `${3 * GIB}\n`,
    "/sys/fs/cgroup/box/memory.stat": `anon 5\ninactive_file ${GIB / 2}\n`,
  };
  expect(availableMemory((path) => files[path])).toBe(1.5 * GIB);
  files["/sys/fs/cgroup/box/memory.max"] = "max\n";
  expect(availableMemory((path) => files[path])).toBe(8 * GIB);
});
