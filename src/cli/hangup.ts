/**
 * @file Whether the process was started to ignore SIGHUP, as by nohup. Node sets all ignored signals back to their
 * defaults before any JavaScript runs, so what it inherited can't be read: this looks for what nohup leaves behind.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Replaced by tests. */
export interface Traces {
  env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; undefined if it can't be read, as outside Linux. */
  read(path: string): string | undefined;
  /** Target of a link. */
  link(path: string): string | undefined;
  ppid: number;
}

const ofThisProcess: Traces = {
  env: process.env,
  read: (path) => orUndefined(() => readFileSync(path, "utf8")),
  link: (path) => orUndefined(() => readlinkSync(path)),
  get ppid() {
    return process.ppid;
  },
};

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Bit of SIGHUP in the masks of /proc/PID/status. */
const HANGUP = 1;
/** Access mode in the flags of /proc/PID/fdinfo: O_ACCMODE and O_WRONLY. */
const ACCESS = 0o3;
const WRITE_ONLY = 0o1;

/**
 * True if any of these holds:
 * - the shell's variable `_`, the command that it started, is nohup (bash, zsh, ksh);
 * - the output goes to nohup.out;
 * - the input is /dev/null opened for writing only, which is how nohup replaces a terminal;
 * - the parent ignores SIGHUP, and its children inherit that: a script that nohup runs, or `trap "" HUP`.
 * Without a trace (no terminal, another shell), setsid does the same for certain.
 */
export function ignoresHangup({ env, read, link, ppid }: Traces = ofThisProcess): boolean {
  if (basename(env._ ?? "") === "nohup") return true;
  if ([1, 2].some((output) => basename(link(`/proc/self/fd/${output}`) ?? "") === "nohup.out")) return true;
  const flags = /^flags:\s*([0-7]+)/m.exec(read("/proc/self/fdinfo/0") ?? "")?.[1] ?? "0";
  if (link("/proc/self/fd/0") === "/dev/null" && (Number.parseInt(flags, 8) & ACCESS) === WRITE_ONLY) return true;
  const ignored = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(read(`/proc/${ppid}/status`) ?? "")?.[1] ?? "0";
  return (Number.parseInt(ignored, 16) & HANGUP) === HANGUP;
}
