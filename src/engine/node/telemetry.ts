/**
 * @file Turns ONNX Runtime's telemetry off. From 1.29 on, its builds for Linux and macOS send usage data to Microsoft
 * and keep an identifier of the machine under ~/.cache/Microsoft, unless a variable is set before they are loaded.
 * Users of prefine have not agreed to that, nor are they asked.
 */
import { lstatSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

const VARIABLE = "ORT_DISABLE_TELEMETRY";

/**
 * Call it before the compute thread starts; a setting of the user's, `0` included, is kept. Only the main thread can
 * change the environment that native code sees.
 * @returns a warning for the user if telemetry stays on, else null
 */
export function disableTelemetry(env: NodeJS.ProcessEnv = process.env, canSet = isMainThread): string | null {
  if (env[VARIABLE] !== undefined) return null;
  if (!canSet) {
    return `ONNX Runtime may send usage data to Microsoft: set ${VARIABLE}=1 where the process starts`;
  }
  env[VARIABLE] = "1";
  return null;
}

/** Removes the empty file that the telemetry creates in the temporary folder on loading, even when it is off. */
export function removeTelemetryLog(folder: string = tmpdir()): void {
  const file = join(folder, `mat-debug-${process.pid}.log`);
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() && stats.size === 0) rmSync(file, { force: true });
}
