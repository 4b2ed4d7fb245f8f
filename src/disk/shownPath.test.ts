/** @file Paths for people: from here or from the root, whichever is shorter. */
import { join, parse, resolve } from "node:path";
import { expect, test } from "vitest";
import { shownPath } from "./shownPath.ts";

test("below the current folder from there, elsewhere the shorter way", () => {
  expect(shownPath(resolve("runs", "dpo"))).toBe(join("runs", "dpo"));
  expect(shownPath(resolve("."))).toBe(".");
  const far = resolve(parse(resolve(".")).root, "x");
  expect(shownPath(far)).toBe(far);
});
