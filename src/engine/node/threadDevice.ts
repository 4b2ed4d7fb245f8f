/** @file A device in a thread of Node. */
import { Worker } from "node:worker_threads";
import { folderSetting } from "../../disk/folderSetting.ts";
import { PrefineError, show } from "../../errors.ts";
import { type Channel, RemoteDevice } from "../runtime/remoteDevice.ts";
import { graphSaver } from "./dumpGraphs.ts";
import { disableTelemetry } from "./telemetry.ts";
import type { ThreadOptions } from "./thread.ts";

export interface DeviceOptions {
  /** Threads per MatMul and per large kernel; default: $PREFINE_NUM_THREADS, else depends on the processor. */
  threads?: number;
  /** "native" or "wasm"; default: $PREFINE_RUNTIME, else native if it loads. */
  runtime?: string;
  /** Total numbers in the tensors of an `applyEach` from which it is split among threads. */
  sharedFrom?: number;
  /** ONNX Runtime's execution providers in order of preference; default: $PREFINE_EXECUTION_PROVIDERS, else the CPU. */
  providers?: readonly string[];
}

/** Sixteen million numbers: 70 ms of AdamW. Adapters are smaller and need no extra threads. */
const SHARED_FROM = 2 ** 24;

/**
 * $PREFINE_DUMP names a folder in which to save the graphs it opens (dumpGraphs.ts).
 * @param program of the thread and of the threads it starts: see runThread in thread.ts.
 */
export function openThreadDevice(program: URL, options: DeviceOptions = {}): RemoteDevice {
  const nativeNotice = disableTelemetry(); // before the thread starts
  const folder = folderSetting(process.env.PREFINE_DUMP);
  const onOpen = folder ? graphSaver(folder) : undefined;
  const activity = new Int32Array(new SharedArrayBuffer(8));
  const settings = threadOptions(options);
  const worker = new Worker(program, { workerData: { ...settings, activity } satisfies ThreadOptions });
  activities.add(activity);
  worker.once("exit", () => activities.delete(activity));
  return new RemoteDevice(channelTo(worker), { nativeNotice, onOpen, providers: settings.providers });
}

/** Of each compute thread of this process, see ThreadOptions. */
const activities = new Set<Int32Array>();

/**
 * Blocks until every compute thread has answered the request it is at: from then on, a thread can be ended.
 * @param milliseconds at most. @returns whether all have.
 */
export function awaitThreads(milliseconds: number): boolean {
  const end = performance.now() + milliseconds;
  return [...activities].every((activity) => {
    const answers = Atomics.load(activity, 1);
    if (Atomics.load(activity, 0) === 0) return true;
    return Atomics.wait(activity, 1, answers, Math.max(0, end - performance.now())) !== "timed-out";
  });
}

function threadOptions({
  threads,
  runtime,
  sharedFrom = SHARED_FROM,
  providers,
}: DeviceOptions): Omit<ThreadOptions, "activity"> {
  const { PREFINE_NUM_THREADS, PREFINE_RUNTIME, PREFINE_EXECUTION_PROVIDERS = "" } = process.env;
  return {
    threads: threads ?? threadsFrom(PREFINE_NUM_THREADS),
    runtime: runtime ?? (PREFINE_RUNTIME || undefined),
    providers: [...(providers ?? PREFINE_EXECUTION_PROVIDERS.split(",").flatMap((name) => name.trim() || []))],
    sharedFrom,
  };
}

/** @returns 0, the runtime's choice, if unset. */
function threadsFrom(text = ""): number {
  if (text.trim() === "") return 0;
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 0) return threads;
  const message = `PREFINE_NUM_THREADS: expected a number of threads, found ${show(text)}`;
  throw new PrefineError("config", message, "Set it to 1 or more; 0 or unset: as many as suit the processor.");
}

function channelTo(worker: Worker): Channel {
  worker.unref();
  return {
    listen: (onReply, onEnd) => {
      worker.on("message", onReply);
      worker.on("error", onEnd);
      worker.on("exit", () => onEnd(new Error("internal: the compute thread has ended")));
    },
    send: (message) => worker.postMessage(message),
    keepAlive: (isAwaiting) => (isAwaiting ? worker.ref() : worker.unref()),
    // not every runtime lets a thread end itself: Deno's parentPort has no close()
    end: async () => {
      await worker.terminate();
    },
  };
}
