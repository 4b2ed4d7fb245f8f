/** @file How much memory is free, and an early error for work that needs more: better than being killed an hour in. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { formatBytes } from "../engine/runtime/formatBytes.ts";
import { PrefineError } from "../errors.ts";
import { smallest } from "../lists.ts";

type ReadText = (path: string) => string | undefined;

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // another system, or a container that hides it
  }
};

/**
 * Bytes that this process may still take: MemAvailable and free swap, or less if a cgroup (a container, a batch system)
 * allows less. Systems other than Linux don't say how much of their caches they would release: all memory counts.
 */
export function availableMemory(read: ReadText = readText): number {
  const meminfo = read("/proc/meminfo");
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo ?? "")?.[1]);
  const available = (kilobytes("MemAvailable") + (kilobytes("SwapFree") || 0)) * 1024;
  const system = Number.isFinite(available) ? available : totalmem();
  return Math.max(
    0,
    smallest(
      cgroupFolders(read).map((folder) => leftInCgroup(folder, read)),
      system,
    ),
  );
}

/** The control groups of this process and their ancestors, versions 2 and 1. */
function cgroupFolders(read: ReadText): string[] {
  const folders = new Set(["/sys/fs/cgroup", "/sys/fs/cgroup/memory"]);
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || (controllers !== "" && !controllers.split(",").includes("memory"))) continue;
    const root = controllers === "" ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const names = path.split("/").filter(Boolean);
    for (let depth = names.length; depth > 0; depth--) folders.add(`${root}/${names.slice(0, depth).join("/")}`);
  }
  return [...folders];
}

/** Limit less use; pages of files that were read count as free: the kernel drops them first. */
function leftInCgroup(folder: string, read: ReadText): number {
  const number = (...names: string[]) => {
    const text = names.map((name) => read(`${folder}/${name}`)).find((content) => content !== undefined);
    return text === undefined ? Number.NaN : Number(text.trim()); // "max" becomes NaN
  };
  const limit = number("memory.max", "memory.limit_in_bytes");
  const used = number("memory.current", "memory.usage_in_bytes");
  const caches = Number(/^(?:total_)?inactive_file (\d+)$/m.exec(read(`${folder}/memory.stat`) ?? "")?.[1] ?? 0);
  const left = limit - used + caches;
  return Number.isFinite(left) ? left : Number.POSITIVE_INFINITY;
}

/**
 * @param need.what names the work: "this training".
 * @param need.parts bytes by purpose.
 * @param need.advice what to lower.
 * @throws PrefineError("training") if more is needed than is free, unless PREFINE_MEMORY_CHECK is "off".
 */
export function refuseBeyondMemory(
  need: { what: string; parts: Record<string, number>; total: number; advice: string },
  available = availableMemory(),
): void {
  if (need.total <= available || process.env.PREFINE_MEMORY_CHECK === "off") return;
  const parts = Object.entries(need.parts).map(([name, bytes]) => `${name} ${formatBytes(bytes)}`);
  throw new PrefineError(
    "training",
    `${need.what} needs about ${formatBytes(need.total)} of memory, ${formatBytes(available)} are free: ` +
      parts.join(", "),
    `${need.advice} PREFINE_MEMORY_CHECK=off tries it anyway.`,
  );
}
