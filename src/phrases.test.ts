/** @file Plurals, and words that a shell reads as they were meant. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { counted, shellWord } from "./phrases.ts";

it("counts have their plural", () => {
  expect([0, 1, 2].map((n) => counted(n, "step"))).toEqual(["0 steps", "1 step", "2 steps"]);
  expect(counted(2, "entry", "entries")).toBe("2 entries");
});

const ODD = [
  "dpo",
  "a b",
  "it's",
  'say "hi"',
  "$HOME",
  "`id`",
  "a;b",
  "a&b",
  "(x)",
  "*",
  "~",
  "a\\b",
  "#1",
  "!!",
  "",
  "ä\nö",
  "a=b",
  "{a,b}",
];

it("a POSIX shell reads every word as it is", () => {
  const script = `printf '%s\\0' ${ODD.map(shellWord).join(" ")}`;
  expect(execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(ODD);
  expect(shellWord("runs/dpo-1.0")).toBe("runs/dpo-1.0");
  expect(shellWord("--run")).toBe("./--run");
});
