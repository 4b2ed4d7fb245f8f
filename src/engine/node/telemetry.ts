/**
 * @file ONNX Runtime's telemetry, off. From 1.29 on, its builds for Linux and macOS send what they are used for to
 * Microsoft and keep an identifier of the machine under ~/.cache/Microsoft, unless a variable says otherwise when they
 * are loaded. Nobody who trains with prefine has agreed to that, nor is told.
 */
import { lstatSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

const VARIABLE = "ORT_DISABLE_TELEMETRY";

/**
 * To be called before the compute thread starts; a person's own setting, `0` included, stays. Only the main thread can
 * change what native code sees of the environment.
 * @returns what to tell a person where telemetry stays on, else null
 */
export function disableTelemetry(env: NodeJS.ProcessEnv = process.env, canSet = isMainThread): string | null {
  if (env[VARIABLE] !== undefined) return null;
  if (!canSet) {
    return `ONNX Runtime may send usage data to Microsoft: set ${VARIABLE}=1 where the process starts`;
  }
  env[VARIABLE] = "1";
  return null;
}

/** Removes the empty file that the telemetry leaves in the temporary folder as soon as it is loaded, even if off. */
export function removeTelemetryLog(folder: string = tmpdir()): void {
  const file = join(folder, `mat-debug-${process.pid}.log`);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found?.isFile() && found.size === 0) rmSync(file, { force: true });
}
