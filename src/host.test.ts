/** @file What is there without Node's globals does the same. */
import { homedir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { emitWarning, giveTurn, homeFolder } from "./host.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("giveTurn", () => {
  /** Turns until a timer of 0 ms has fired; a promise that resolves without a turn never lets it. */
  async function turnsUntilTimer(): Promise<number> {
    let fired = false;
    setTimeout(() => {
      fired = true;
    }, 0);
    const start = performance.now();
    let turns = 0;
    for (; !fired && performance.now() - start < 5000; turns++) await giveTurn();
    return fired ? turns : Number.POSITIVE_INFINITY;
  }

  test("serves timers in Node", async () => {
    expect(await turnsUntilTimer()).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test("serves timers where there is no setImmediate", async () => {
    vi.stubGlobal("setImmediate", undefined);
    expect(await turnsUntilTimer()).toBeLessThan(Number.POSITIVE_INFINITY);
  });
});

describe("emitWarning", () => {
  test("is a warning of the process, or of the console", async () => {
    const emitted: Error[] = [];
    const listen = (warning: Error) => void emitted.push(warning);
    process.on("warning", listen);
    const printed = vi.spyOn(console, "warn").mockImplementation(() => {});
    emitWarning("first");
    await sleep(1);
    process.off("warning", listen);
    expect(emitted.map(({ name, message }) => `${name}: ${message}`)).toEqual(["PrefineWarning: first"]);
    expect(printed).not.toHaveBeenCalled();
    vi.stubGlobal("process", undefined);
    emitWarning("second");
    vi.unstubAllGlobals();
    expect(printed.mock.calls).toEqual([["second"]]);
  });
});

describe("homeFolder", () => {
  test("is Node's, also where a module can't be asked for by name", () => {
    vi.stubEnv("HOME", "/home/me");
    vi.stubEnv("USERPROFILE", "/home/me");
    const { env, platform } = process;
    const expected = homedir();
    expect(homeFolder()).toBe(expected);
    vi.stubGlobal("process", { env, platform });
    expect(homeFolder()).toBe(expected);
    vi.stubGlobal("process", { env: { HOME: "/c/me", USERPROFILE: "C:\\Users\\me" }, platform: "win32" });
    expect(homeFolder()).toBe("C:\\Users\\me");
  });

  test("is unknown in a browser", () => {
    vi.stubGlobal("process", undefined);
    expect(homeFolder()).toBeUndefined();
  });
});
