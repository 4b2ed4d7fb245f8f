/** @file Which setting of ONNX Runtime's telemetry wins. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { disableTelemetry, removeTelemetryLog } from "./telemetry.ts";

test("it is off by default", () => {
  const env: NodeJS.ProcessEnv = {};
  expect(disableTelemetry(env, true)).toBeNull();
  expect(env).toEqual({ ORT_DISABLE_TELEMETRY: "1" });
});

test.each(["0", "1", ""])("keeps the user's own setting: %j", (own) => {
  const env: NodeJS.ProcessEnv = { ORT_DISABLE_TELEMETRY: own };
  expect(disableTelemetry(env, true)).toBeNull();
  expect(disableTelemetry(env, false)).toBeNull();
  expect(env).toEqual({ ORT_DISABLE_TELEMETRY: own });
});

test("warns in a worker thread, where it can't be changed", () => {
  const env: NodeJS.ProcessEnv = {};
  expect(disableTelemetry(env, false)).toMatch(/ORT_DISABLE_TELEMETRY=1/);
  expect(env).toEqual({});
});

test("deletes this process's log only while it is empty", () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-telemetry-"));
  const log = join(folder, `mat-debug-${process.pid}.log`);
  writeFileSync(log, "");
  removeTelemetryLog(folder);
  expect(existsSync(log)).toBe(false);
  removeTelemetryLog(folder);
  writeFileSync(log, "something");
  removeTelemetryLog(folder);
  expect(existsSync(log)).toBe(true);
  rmSync(folder, { recursive: true });
});
