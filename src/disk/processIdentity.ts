/**
 * @file Identifies this process, and checks whether another one still runs. A process id is not enough: in containers
 * every process may have id 1, and ids are reused.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

export interface ProcessIdentity {
  host: string;
  pid: number;
  /** Clock ticks from the computer's start to the process's; null unless on Linux. */
  started: string | null;
  /** Identifies one boot of the computer; null unless on Linux. */
  boot: string | null;
  /** The namespace of the process id: each container of a computer has its own. */
  numbering: string | null;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  const { pid } = process;
  const boot = orNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const numbering = orNull(() => readlinkSync("/proc/self/ns/pid"));
  const started = processStart(pid);
  return { host: hostname(), pid, started: started === "gone" ? null : started, boot, numbering };
}

/** Start time of the process with this id; "gone": there is none; null: there is one, with unknown start. */
export function processStart(pid: number): string | "gone" | null {
  if (!isAlive(pid)) return "gone";
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (stat === null) return null;
  // the name, in parentheses, may contain anything; after it come the state (field 3) and, as field 22, the start
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? "gone" : fields[19]; // dead, but not yet reaped
}

/** Whether there is a process with this id. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0); // signal 0 only checks
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // another user's process
  }
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
