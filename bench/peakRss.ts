/** @file The peak resident set size of this process. */
import { readFileSync } from "node:fs";

/**
 * In bytes. Linux's VmHWM is for this program alone; getrusage's value may be that of the parent process.
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
