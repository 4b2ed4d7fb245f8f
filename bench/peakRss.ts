/** @file The largest resident set of this process. */
import { readFileSync } from "node:fs";

/**
 * Bytes. VmHWM of Linux belongs to this program alone; getrusage's figure may be that of the process that started it.
 */
export function peakRss(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS * 1024;
}
