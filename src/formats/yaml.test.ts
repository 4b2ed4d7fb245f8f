/** @file YAML that takes time or memory elsewhere: values, or one message, in bounded time. */
import { expect, it } from "vitest";
import { parseRun } from "../config/run.ts";
import { parseYaml } from "./yaml.ts";

const keys = (count: number) => Array.from({ length: count }, (_, i) => `key_${i}: ${i}`).join("\n");

it("reads values, merge keys and names of objects", () => {
  const text = "a: &a {x: 1, toString: 2}\nb: {<<: *a, y: [yes, 1e-5, ~]}\n__proto__: 3\n";
  const value = parseYaml(text) as Record<string, unknown>;
  expect(value.b).toEqual({ x: 1, toString: 2, y: ["yes", 1e-5, null] });
  expect(Object.entries(value).at(-1)).toEqual(["__proto__", 3]);
});

it("reads 5,000 keys", () => {
  const value = parseYaml(keys(5_000)) as object;
  expect(Object.keys(value)).toHaveLength(5_000);
}, 30_000);

it("reports 3,000 unknown keys of a run with the first fifty", () => {
  const file = { name: "run.yaml", text: keys(3000) };
  expect(() => parseRun({ file })).toThrow(/key_0: unknown key[\s\S]*\n {2}\.\.\. and 29\d\d more problems$/);
}, 15_000);

it.each([
  ["a: 1\nb: 2\na: 3", "Map keys must be unique at line 3, column 1"],
  [`a: ${"[".repeat(300)}${"]".repeat(300)}`, "it nests too deeply"],
  [`${"? ".repeat(20)}a`, "Map keys must be texts or numbers at line 1, column 3"],
  [aliases(), "Excessive alias count indicates a resource exhaustion attack"],
  [`a: ${"[".repeat(20_000)}`, "it nests too deeply"],
  [`a: &a x\nb: [${"*a, ".repeat(1001)}]`, "1001 aliases, at most 1000 are read"],
  ["#".repeat(4_000_001), "4000001 characters, at most 4000000 are read"],
])("refuses %.12s", (text, message) => {
  expect(() => parseYaml(text)).toThrow(new SyntaxError(message));
});

function aliases(): string {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]`);
  return ["l0: &l0 [x]", ...levels].join("\n");
}
