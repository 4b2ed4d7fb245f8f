/** @file Color and UTF-8, from the stream and the environment. */
import { expect, it } from "vitest";
import { type Environment, showsUtf8, usesColor } from "./capabilities.ts";

it.each<[boolean, Environment, boolean]>([
  [true, {}, true],
  [false, {}, false],
  [false, { FORCE_COLOR: "1" }, true],
  [false, { FORCE_COLOR: "0" }, false],
  [true, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
  [true, { TERM: "dumb", FORCE_COLOR: "1" }, false],
])("color: terminal %s with %j: %s", (isTTY, env, expected) => {
  expect(usesColor(isTTY, env)).toBe(expected);
});

it.runIf(process.platform !== "win32").each<[Environment, boolean]>([
  [{ LANG: "de_DE.UTF-8" }, true],
  [{ LC_ALL: "C", LANG: "de_DE.UTF-8" }, false],
  [{ LC_CTYPE: "C.utf8" }, true],
  [{}, false],
])("UTF-8 with %j: %s", (env, expected) => {
  expect(showsUtf8(env)).toBe(expected);
});
