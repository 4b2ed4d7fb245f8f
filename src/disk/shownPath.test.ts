/** @file Displayed paths: relative or absolute, whichever is shorter. */
import { join, parse, resolve } from "node:path";
import { expect, test } from "vitest";
import { shownPath } from "./shownPath.ts";

test("relative below the current folder, elsewhere the shorter form", () => {
  expect(shownPath(resolve("runs", "dpo"))).toBe(join("runs", "dpo"));
  expect(shownPath(resolve("."))).toBe(".");
  const far = resolve(parse(resolve(".")).root, "x");
  expect(shownPath(far)).toBe(far);
});
