/**
 * @file The job that this process is part of: its ranks train one run together. The process joins once, on its compute
 * thread, and leaves when it has nothing left to do. A process that was started alone has no job, and loads no MPI.
 */
import { awaitThreads, openDevice } from "../device/openDevice.ts";
import type { Device, DeviceRanks } from "../engine/runtime/device.ts";
import type { RemoteDevice } from "../engine/runtime/remoteDevice.ts";
import { PrefineError } from "../errors.ts";
import { recognizeLauncher } from "./launcher.ts";

interface Job {
  device: RemoteDevice;
  ranks: DeviceRanks;
  isLent: boolean;
}

let joining: Promise<Job> | undefined;
let joined: Job | undefined;

/**
 * Connects to the other processes that the launcher has started, once they all ask for it.
 * @param options.ddp_timeout seconds that a rank waits for the others before it ends the job.
 * @returns undefined if this process was started alone.
 * @throws PrefineError("config") in one line if they can't be connected: they must not train the same run each.
 */
export async function joinJob({ ddp_timeout }: { ddp_timeout: number }): Promise<DeviceRanks | undefined> {
  longestWait = ddp_timeout;
  const launched = recognizeLauncher(process.env);
  if (launched === undefined) return undefined;
  joining ??= openJob();
  return (await joining).ranks;

  async function openJob(): Promise<Job> {
    // MPICH's memory hooks crashed 6 of 338 runs in V8's allocations, and none of 228 without them
    process.env.UCX_MEM_EVENTS ??= "n"; // before the thread starts: native code sees the environment of the main thread
    const device = await openDevice();
    try {
      joined = { device, ranks: await device.join(launched!, watch), isLent: false };
    } catch (error) {
      await device.dispose();
      throw error instanceof PrefineError ? connectionError(launched!, error) : error;
    }
    process.once("beforeExit", () => void leaveJob());
    return joined;
  }
}

/** A line of its own: what was started, and what is missing. */
function connectionError(
  { by, size }: { by: string; size: number | undefined },
  { code, message, hint }: PrefineError,
) {
  if (message.startsWith(by)) return new PrefineError(code, message, hint);
  return new PrefineError(code, `${by} started ${size ?? "several"} processes, but ${message}`, hint);
}

/** A device to train on: that of the job for one training at a time, else a new one. The caller must dispose of it. */
export async function openJobDevice(options: Parameters<typeof openDevice>[0] = {}): Promise<Device> {
  const job = joined;
  if (!job || options.providers) return openDevice(options);
  if (job.isLent) {
    const message = "two trainings at a time: expected one in a job of several processes";
    throw new PrefineError("config", message, "Dispose of the first trainer before the second one prepares.");
  }
  job.isLent = true;
  const dispose = async () => {
    if (job.isLent) await job.device.clear();
    job.isLent = false;
  };
  return Object.create(job.device, { dispose: { value: dispose } }) as Device;
}

/** Whether this process has joined its job. */
export function isConnected(): boolean {
  return joined !== undefined;
}

/** Leaves the job once all ranks do; the process can't join another one. */
async function leaveJob(): Promise<void> {
  await joined?.device.leave();
}

/** Ends all processes of the job after an error of this one; without a job, it returns. */
export async function abortJob(code: number): Promise<void> {
  if (!joined) return;
  if (awaitThreads(ABORT_PATIENCE)) await joined.device.abort(code);
  else die(code); // its thread waits for the other ranks
}

const ABORT_PATIENCE = 200; // ms

/** Native code that waits for other ranks can't be stopped, and Node's exit waits for its threads. */
function die(code: number): never {
  process.emit("exit", code); // its listeners release the lock of output_dir
  process.kill(process.pid, "SIGKILL");
  throw new Error("internal: unreachable");
}

/** Of setTimeout, ms: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

let longestWait = Number.POSITIVE_INFINITY; // seconds

/**
 * Ends the job if the other ranks don't make a call that this one waits in.
 * @param failure why this rank ends, which the others are to know.
 */
async function watch<T>(waiting: Promise<T>, failure?: string): Promise<T> {
  const seconds = longestWait;
  if (seconds * 1000 > LONGEST_TIMER) return waiting; // 180000000 is in many run files
  const timer = setTimeout(() => {
    const rank = joined?.ranks.world.rank ?? recognizeLauncher(process.env)?.rank ?? 0;
    const waited = `rank ${rank} has waited ${seconds} s for the other ranks (ddp_timeout)`;
    const reason = failure === undefined ? "" : `${failure}; `;
    process.stderr.write(`error: ${reason}${waited}: one of them is stuck, or far slower\n`);
    die(1);
  }, seconds * 1000);
  try {
    return await waiting;
  } finally {
    clearTimeout(timer);
  }
}
