/** @file Whose word counts on ONNX Runtime's telemetry. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { disableTelemetry, removeTelemetryLog } from "./telemetry.ts";

test("it is off where nothing is said", () => {
  const env: NodeJS.ProcessEnv = {};
  expect(disableTelemetry(env, true)).toBeNull();
  expect(env).toEqual({ ORT_DISABLE_TELEMETRY: "1" });
});

test.each(["0", "1", ""])("a person's own setting stays: %j", (own) => {
  const env: NodeJS.ProcessEnv = { ORT_DISABLE_TELEMETRY: own };
  expect(disableTelemetry(env, true)).toBeNull();
  expect(disableTelemetry(env, false)).toBeNull();
  expect(env).toEqual({ ORT_DISABLE_TELEMETRY: own });
});

test("in a worker thread, where it can't be changed, it is told", () => {
  const env: NodeJS.ProcessEnv = {};
  expect(disableTelemetry(env, false)).toMatch(/ORT_DISABLE_TELEMETRY=1/);
  expect(env).toEqual({});
});

test("this process's empty log goes, what is written stays", () => {
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
