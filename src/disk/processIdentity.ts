/**
 * @file Which process this is, and whether another one still runs. A number is not enough: in containers every process
 * may be number 1, and numbers come back.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

export interface ProcessIdentity {
  host: string;
  pid: number;
  /** Clock ticks from the computer's start to the process's; null where only Linux could tell. */
  started: string | null;
  /** Names one run of the computer, from its start on; null where only Linux could tell. */
  boot: string | null;
  /** The namespace that the number belongs to: containers of one computer count for themselves. */
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

/** When the process of this number started; "gone": there is none; null: there is one, and more can't be told. */
export function processStart(pid: number): string | "gone" | null {
  if (!isAlive(pid)) return "gone";
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (stat === null) return null;
  // the name, in parentheses, may hold anything; behind it are the state (field 3) and, as field 22, the start
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? "gone" : fields[19]; // killed, and nobody has asked how it ended
}

/** Whether there is a process of this number. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0); // signal 0 only asks
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // somebody else's process
  }
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
